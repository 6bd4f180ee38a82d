"""Models, and what they were in service for, put into the database by a test; no package of theirs is kept."""

from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.models import EVERYWHERE, ModelActivation, ModelVersion, now
from cloud_service.registry.states import settle_states
from cloud_service.vocabulary import ActivationKind, ModelState
from shared.identifiers import sha256_of_bytes
from tests.support.model_cards import a_card


def digest_of(version: str) -> str:
    """The digest of the test's model of this version."""
    return sha256_of_bytes(version.encode())


def add_model(session: Session, version: str, **columns: Any) -> str:
    """A candidate that claims to have a package; returns its digest."""
    fields: dict[str, Any] = {
        "digest": digest_of(version),
        "name": "se-cnn",
        "version": version,
        "card": a_card(name="se-cnn", version=version).model_dump(mode="json"),
        "state": ModelState.CANDIDATE,
        "package_sha256": sha256_of_bytes(f"package of {version}".encode()),
        "registered_by": "a.lang",
    }
    session.add(ModelVersion(**(fields | columns)))
    session.flush()
    return digest_of(version)


def put_into_service(session: Session, digest: str, *, scope: str = EVERYWHERE, **columns: Any) -> ModelActivation:
    """What a promotion leaves behind, with no look at what speaks against it; what was in service there ends."""
    moment = columns.get("from_at", now())
    held = select(ModelActivation).where(ModelActivation.scope == scope, ModelActivation.until_at.is_(None))
    for former in session.scalars(held):
        former.until_at = moment
    session.flush()
    fields: dict[str, Any] = {
        "id": uuid4(),
        "scope": scope,
        "model_digest": digest,
        "kind": ActivationKind.PROMOTION,
        "from_at": moment,
        "by": "a.lang",
        "approved_by": "b.kern",
        "reason": "Finds more on the locked test set.",
    }
    activation = ModelActivation(**(fields | columns))
    session.add(activation)
    session.flush()
    settle_states(session)
    session.flush()
    return activation
