"""Scopes in words, for the registry and the gate."""

from cloud_service.models import EVERYWHERE


def named(scope: str) -> str:
    """A scope in a sentence."""
    return "all sites without a model of their own" if scope == EVERYWHERE else f"site {scope}"
