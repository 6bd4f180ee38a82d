"""The API against its own OpenAPI document: whatever is sent, it answers as it says, and with no fault of its own."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select

from cloud_service.accounts.permissions import PERMISSIONS, Role
from cloud_service.accounts.tokens import add_token
from cloud_service.app import create_app
from cloud_service.database import snapshot, transaction
from cloud_service.models import Case as CaseRow
from cloud_service.training.keeping import save_recipe
from cloud_service.training.starting import start_training
from cloud_service.web.description import openapi_document
from tests.support.accounts import TESTER, a_user
from tests.support.recipes import add_images, labelled, small_draft
from tests.support.waiting import PATIENCE
from tests.support.web import MODEL_DIGEST, ApiServer, add_analysed

EXAMPLES = 6
"""Of good and of bad requests each, for every operation."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NOT_ASKED = "^stream_events$|^remove_device$"
"""The stream has no end, and there is no broker here that a device could be removed from."""

FUZZ = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def known(server_on_both: ApiServer) -> dict[str, str]:
    """What stands in paths, of things that are there: by the name of the path's parameter."""
    captures = [add_analysed(server_on_both, number, 0.1 * number) for number in range(3)]
    with transaction(server_on_both.engine) as session:
        a_user(session, Role.CLINICIAN, name="h.meier")
        token, _ = add_token(session, TESTER, user="h.meier", name="x")
        dataset = add_images(session, server_on_both.blobs, labelled(8))
        recipe = save_recipe(session, TESTER, name="cells", draft=small_draft(dataset.id))
        job = start_training(session, TESTER, recipe.id)
    with snapshot(server_on_both.engine) as session:
        case_id: UUID = session.scalars(select(CaseRow.id)).first() or UUID(int=0)
    return {
        "capture_id": str(captures[0]),
        "case_id": str(case_id),
        "dataset_id": str(dataset.id),
        "device_id": "scope-1",
        "digest": MODEL_DIGEST,
        "job_id": str(job.id),
        "name": "h.meier",
        "recipe_id": str(recipe.id),
        "recipe_name": "cells",
        "token_id": str(token.id),
    }


def document_of(server: ApiServer) -> dict[str, Any]:
    return openapi_document(create_app(server.settings))


def callers(server: ApiServer) -> Iterator[tuple[Role, str]]:
    for role in (Role.ADMINISTRATOR, Role.CLINICIAN):
        yield role, server.token(role)


def who_may(permission: str | None, tokens: Mapping[Role, str]) -> dict[str, str]:
    """The headers of somebody who has this permission, so that not every answer is a refusal."""
    role = Role.ADMINISTRATOR if permission in {None, *PERMISSIONS[Role.ADMINISTRATOR]} else Role.CLINICIAN
    return {"Authorization": f"Bearer {tokens[role]}"}


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # the stricter of the two in what it takes
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_as_its_description_says(
    server_on_both: ApiServer, known: dict[str, str], mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(document_of(server_on_both)).exclude(operation_id_regex=NOT_ASKED)
    tokens = dict(callers(server_on_both))
    asked = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), f"the document is wrong: {found}"
        operation = found.ok()
        headers = who_may(operation.definition.raw.get("x-permission"), tokens)
        with suppress(Unsatisfiable):  # an operation without parameters can be asked for nothing wrong
            ask(operation, mode, server_on_both.url, headers, known)
            asked += 1
    assert asked > 30


def ask(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    url: str,
    headers: Mapping[str, str],
    known: Mapping[str, str],
) -> None:
    """Send the examples of one operation; half of them about things that are there."""

    @FUZZ
    @given(case=operation.as_strategy(generation_mode=mode), there=st.booleans())
    def send(case: Case[Any], *, there: bool) -> None:
        if there:
            case.path_parameters = {**case.path_parameters, **_those(known, case)}
        case.call_and_validate(base_url=url, headers=dict(headers), checks=CHECKS, timeout=PATIENCE)

    send()


@pytest.mark.parametrize(
    "address",
    [
        "/audit?actor=a%00b",
        "/audit?from=0001-01-01T00:00:00%2B14:00",
        "/captures?to=9999-12-31T23:59:59-14:00",
        "/cases?search=%00",
        "/users/%00/tokens",
        "/devices/%00/commands",
        "/devices/x/commands?limit=99999999999999999999",
    ],
)
def test_what_no_database_holds_is_the_askers_fault(server_on_both: ApiServer, address: str) -> None:
    with server_on_both.client() as client:
        assert client.get(f"/api/v1{address}").status_code in {200, 404, 422}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/users", rb'{"name": "a\u0000", "role": "clinician"}'),
        ("/users", rb'{"name": "ok", "role": "clinician", "password": "\ud800 and four words more"}'),
        ("/users/administrator/tokens", rb'{"name": "a\u0000"}'),
        ("/users/administrator/tokens", rb'{"name": "\ud800"}'),
        ("/enrolments", rb'{"code": "\u0000"}'),
        ("/session", rb'{"user": "\u0000", "password": "x"}'),
        ("/session", rb'{"user": "administrator", "password": "\ud800"}'),
    ],
)
def test_what_no_text_holds_is_the_askers_fault(server_on_both: ApiServer, path: str, body: bytes) -> None:
    with server_on_both.client() as client:
        answer = client.post(f"/api/v1{path}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code < 500, answer.text


def _those(known: Mapping[str, str], case: Case[Any]) -> dict[str, str]:
    return {name: known[name] for name in case.path_parameters if name in known}
