"""Clinicians who read cases over the API, as the page does it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Self
from uuid import UUID

import httpx
from sqlalchemy import select

from cloud_service.accounts.permissions import Role
from cloud_service.accounts.tokens import add_token
from cloud_service.database import snapshot, transaction
from cloud_service.models import Capture, Case
from tests.support.accounts import TESTER, a_user
from tests.support.web import ApiServer, add_analysed, add_capture, give_up, jpeg, store

PSEUDONYM = "1a2b3c4d" + "0" * 24
DOUBT = "The image is unlike those of the training."


class Clinician:
    """One person with a client, who remembers the version of the case that he has seen."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self.client, self.name = client, name

    def get(self, path: str) -> Any:
        """What an address of the API returns."""
        response = self.client.get(f"/api/v1{path}")
        assert response.status_code == 200, response.text
        return response.json()

    def case(self, case_id: UUID) -> Any:
        """The case's detail."""
        return self.get(f"/cases/{case_id}")

    def ask(self, method: str, case_id: UUID, path: str, **fields: Any) -> httpx.Response:
        """A change of a case; of the version that it has now, where none is named."""
        named = {"version": fields.get("version") or self.case(case_id)["version"]}
        return self.client.request(method, f"/api/v1/cases/{case_id}/{path}", json=fields | named)

    def do(self, method: str, case_id: UUID, path: str, **fields: Any) -> Any:
        """`ask`, and it works."""
        response = self.ask(method, case_id, path, **fields)
        assert response.status_code == 200, response.text
        return response.json()

    def claim(self, case_id: UUID) -> Self:
        """Take the case."""
        self.do("POST", case_id, "claim")
        return self

    def read(self, case_id: UUID, verdict: str, **words: str) -> Any:
        """Save the reading."""
        return self.do("PUT", case_id, "reading", verdict=verdict, **words)

    def judge(self, case_id: UUID, image: UUID | str, verdict: str | None, reason: str | None = None) -> Any:
        """Say something of an image."""
        return self.do("PUT", case_id, f"images/{image}/finding", verdict=verdict, reason=reason)

    def open(self, case_id: UUID, *images: UUID | str) -> Any:
        """Open images, the suspicious ones where none is named."""
        wanted = images or [image for image, label in labels(self, case_id).items() if label == "suspicious"]
        return [self.do("POST", case_id, f"images/{image}/opened") for image in wanted]

    def sign(self, case_id: UUID) -> Any:
        """Sign the case."""
        return self.do("POST", case_id, "signature", confirmed_pseudonym=self.case(case_id)["pseudonym"][:8])

    def asked_to_sign(self, case_id: UUID) -> httpx.Response:
        """What comes back from an attempt to sign."""
        return self.ask("POST", case_id, "signature", confirmed_pseudonym=self.case(case_id)["pseudonym"][:8])

    def asked_to_amend(self, case_id: UUID, verdict: str, **words: str) -> httpx.Response:
        """What comes back from an attempt to amend."""
        words = {"conclusion": "On second thoughts.", "amendment_reason": "A slide was confused."} | words
        confirmed = self.case(case_id)["pseudonym"][:8]
        return self.ask("POST", case_id, "amendment", confirmed_pseudonym=confirmed, verdict=verdict, **words)

    def missing(self, case_id: UUID) -> list[str]:
        """What still keeps this person from signing."""
        return [check["text"] for check in self.case(case_id)["checks"] if not check["passed"]]


def labels(reader: Clinician, case_id: UUID) -> Mapping[str, str | None]:
    """The model's label of each image, by capture id."""
    images = reader.get(f"/cases/{case_id}/images?limit=500")["images"]
    return {image["id"]: image["prediction"] and image["prediction"]["label"] for image in images}


@contextmanager
def clinicians(server: ApiServer, *names: str) -> Iterator[list[Clinician]]:
    """Clinicians with these names, each with a client."""
    with ExitStack() as stack:
        people = []
        for name in names:
            with transaction(server.engine) as session:
                a_user(session, Role.CLINICIAN, name=name)
                _, token = add_token(session, TESTER, user=name, name="tests")
            headers = {"Authorization": f"Bearer {token}"}
            client = httpx.Client(base_url=server.url, headers=headers, timeout=60)
            people.append(Clinician(stack.enter_context(client), name))
        yield people


def a_case(server: ApiServer, *probabilities: float, doubted: float | None = None, failed: bool = False) -> UUID:
    """A case with an image for each probability, perhaps a doubted one, perhaps a failed one; returns its id."""
    for number, probability in enumerate(probabilities):
        add_analysed(server, number, probability, case_pseudonym=PSEUDONYM)
    if doubted is not None:
        add_analysed(server, 1000, doubted, DOUBT, case_pseudonym=PSEUDONYM)
    if failed:
        with transaction(server.engine) as session:
            capture = add_capture(session, 2000, case_pseudonym=PSEUDONYM)
            store(session, server.blobs, capture, jpeg() + b"failed")
            give_up(session, capture, "The worker ended.")
    return case_id_of(server)


def case_id_of(server: ApiServer, pseudonym: str = PSEUDONYM) -> UUID:
    """The id of the case with this pseudonym."""
    with snapshot(server.engine) as session:
        return session.scalars(select(Case.id).where(Case.pseudonym == pseudonym)).one()


def capture_ids(server: ApiServer) -> list[UUID]:
    """The ids of all captures, in the order in which they were announced."""
    with snapshot(server.engine) as session:
        return list(session.scalars(select(Capture.id).order_by(Capture.announced_at)))
