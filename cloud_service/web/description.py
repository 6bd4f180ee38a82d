"""The API's OpenAPI document: what FastAPI makes of the routes, and what it cannot know."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from cloud_service.accounts.dependencies import Requirement, cookie_name
from cloud_service.accounts.permissions import Permission
from cloud_service.web import problems
from shared.vocabulary import RESEARCH_USE_ONLY

_VERSION = "1"

_ABOUT = f"""Captures, cases, readings and reports of Smearflow. {RESEARCH_USE_ONLY}

Programs send a token as `Authorization: Bearer smf_…`; the page has a session cookie, with which every change also
needs the header `x-smearflow-page: 1`. Each operation needs one permission, named as `x-permission`; what belongs to a
site that the one who asks may not see is not found. Errors are problem details (RFC 9457). Lists come by pages: ask
for what lies behind the last one.
"""

_TAGS = {
    "session": "Log-in, log-out, and a user's own password.",
    "users": "Who may use Smearflow, as what, and the tokens of programs.",
    "audit": "Who did or saw what, and whether that was tampered with.",
    "captures": "Single images, with the model's answer and their custody trail.",
    "cases": "All images of one accession, read and signed by clinicians.",
    "reports": "Signed diagnoses.",
    "devices": "Microscope workstations: their state, orders to them, their enrolment.",
    "models": "The models that have answered captures.",
    "gate": "How models did beside the one in service, and who wants them to take its place.",
    "datasets": "What models are trained and tested on: imports, versions, and the labels of signed cases.",
    "training": "Recipes, the jobs of the training queue, and what is trained anew by itself.",
    "events": "Every change as it is committed, as a stream.",
    "system": "How each part is, for people.",
    "health": "Whether the service is alive and ready, for supervisors.",
}


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The document from which the page's types are generated, and from which programs may make clients."""
    document = get_openapi(
        title=app.title,
        version=_VERSION,
        summary="Blood-smear screening for acute lymphoblastic leukemia",
        description=_ABOUT,
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in _TAGS.items()],
    )
    problems.describe(document)
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A program's token."},
        "session": {"type": "apiKey", "in": "cookie", "name": cookie_name(secure=True), "description": "A log-in."},
    }
    for method, path, permission in _permissions(app):
        operation = document["paths"].get(path, {}).get(method.lower())
        if operation is not None:
            operation["x-permission"] = str(permission)
            operation["security"] = [{"token": []}, {"session": []}]
    return document


def operation_id(route: APIRoute) -> str:
    """The name of a route's function: stable, short, and unlike every other's, which a test holds."""
    return route.name


def _permissions(app: FastAPI) -> list[tuple[str, str, Permission]]:
    return [
        (method, str(context.path), dependency.call.permission)
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for dependency in context.original_route.dependant.dependencies
        if isinstance(dependency.call, Requirement)
        for method in context.methods or ()
    ]
