"""A registry with a model in service and candidates that are proposed for its place; their packages hold nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select

from cloud_service.audit.trail import Actor
from cloud_service.blob_store import BlobStore, open_blob_store
from cloud_service.config import Settings
from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.gate.proposals import approve, check_proposed_package, propose
from cloud_service.models import (
    EVERYWHERE,
    AuditEntry,
    Base,
    ModelProposal,
    Site,
)
from cloud_service.registry.versions import active_digest
from shared.identifiers import sha256_of_bytes
from tests.support.gate import ANNA, BERT, add_assessment
from tests.support.registry import add_model, put_into_service

CLARA = Actor("c.diaz", "administrator")


@dataclass(frozen=True)
class Gate:
    """A model in service everywhere, and candidates whose packages are kept."""

    engine: Engine
    blobs: BlobStore
    champion: str

    def candidate(self, version: str) -> str:
        self.blobs.put(package_sha256(version), package_of_version(version))
        with transaction(self.engine) as session:
            return add_model(session, version)

    def assess(self, digest: str, **fields: Any) -> UUID:
        with transaction(self.engine) as session:
            return add_assessment(session, digest, **({"champion": self.champion} | fields))

    def propose(self, digest: str, actor: Actor = ANNA, *, scope: str = EVERYWHERE, **fields: Any) -> UUID:
        assessment_id = fields.pop("assessment_id", None) or self.assess(digest, scope=scope)
        with transaction(self.engine) as session:
            wish = {"reason": "It finds more."} | fields
            return propose(session, actor, digest=digest, scope=scope, assessment_id=assessment_id, **wish).id

    def approve(self, proposal_id: UUID, actor: Actor = BERT) -> None:
        with snapshot(self.engine) as session:
            checked = check_proposed_package(session, self.blobs, proposal_id)
        with transaction(self.engine) as session:
            approve(session, actor, checked, reason="I have looked at the cases.")

    def proposal(self, proposal_id: UUID) -> ModelProposal:
        with snapshot(self.engine) as session:
            return session.get_one(ModelProposal, proposal_id)

    def in_service(self, scope: str = EVERYWHERE) -> str | None:
        with snapshot(self.engine) as session:
            return active_digest(session, scope)

    def audited(self) -> list[AuditEntry]:
        with snapshot(self.engine) as session:
            return list(session.scalars(select(AuditEntry).order_by(AuditEntry.position)))


def package_of_version(version: str) -> bytes:
    return f"package of {version}".encode()


def package_sha256(version: str) -> str:
    return sha256_of_bytes(package_of_version(version))


def a_gate(folder: Path, database_url: str) -> Iterator[Gate]:
    """A database with a site and a model in service everywhere."""
    engine = make_engine(database_url)
    Base.metadata.create_all(engine)
    with transaction(engine) as session:
        session.add(Site(id="north"))
        champion = add_model(session, "1")
        put_into_service(session, champion)
    yield Gate(engine, open_blob_store(Settings(blob_url=str(folder / "blobs"))), champion)
    engine.dispose()
