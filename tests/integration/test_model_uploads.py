"""Model packages that are sent to the API: what is kept, and what is refused with which words."""

import io
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_service.audit.actions import Action
from cloud_service.database import snapshot
from cloud_service.ml.package import load_package
from cloud_service.models import AuditEntry, ModelVersion
from cloud_service.registry import endpoints
from cloud_service.registry.packages import archive_of, fetch_package
from tests.support.web import ApiServer, a_problem

DEMO = Path("cloud_service/ml/demo_model")


def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in DEMO.iterdir()}


def zipped(content: Mapping[str, bytes], *, folder: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(f"{folder}{name}", data)
    return buffer.getvalue()


def versions(server: ApiServer) -> int:
    with snapshot(server.engine) as session:
        return session.scalar(select(func.count()).select_from(ModelVersion)) or 0


def test_a_package_becomes_a_candidate_that_workers_can_fetch(server: ApiServer, tmp_path: Path) -> None:
    digest = load_package(DEMO).digest
    with server.client() as client:
        sent = client.post("/api/v1/models", content=zipped(files(), folder="demo-1/"))
        assert sent.status_code == 201, sent.text
        assert sent.json()["digest"] == digest
        assert sent.json()["state"] == "candidate"
        assert sent.json()["is_kept"]
        assert sent.json()["registered_by"] == "administrator"
        again = client.post("/api/v1/models", content=archive_of(load_package(DEMO)))
        assert again.status_code == 201, again.text
    with snapshot(server.engine) as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == Action.MODEL_REGISTERED)).all()
        assert [(entry.actor, entry.subject) for entry in entries] == [("administrator", digest)]
        version = session.get_one(ModelVersion, digest)
        assert fetch_package(server.blobs, version, tmp_path / "cache").digest == digest
    assert versions(server) == 1


def test_an_altered_file_is_named_and_nothing_is_kept(server: ApiServer) -> None:
    altered = files() | {"weights.safetensors": files()["weights.safetensors"] + b"\0"}
    with server.client() as client:
        told = a_problem(client.post("/api/v1/models", content=zipped(altered)), 422)
    assert told.startswith("weights.safetensors is not the file that the model's card names")
    assert versions(server) == 0


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        pytest.param(b"", 400, "holds no archive", id="empty"),
        pytest.param(b"PK\x03\x04 and no more", 422, "no ZIP file that can be read", id="no-zip"),
        pytest.param(zipped({"../../card.json": b"{}"}), 422, "card.json is no valid model card", id="outside"),
        pytest.param(zipped({"card.json": b"{}", "run.py": b""}), 422, "and nothing else", id="stranger"),
        pytest.param(zipped({"card.json": b"[]"}), 422, "card.json is no valid model card", id="no-card"),
    ],
)
def test_what_is_no_package_is_refused(server: ApiServer, sent: bytes, status: int, words: str) -> None:
    with server.client() as client:
        told = a_problem(client.post("/api/v1/models", content=sent), status)
    assert words in told
    assert tempfile.gettempdir() not in told
    assert versions(server) == 0


def test_more_than_a_package_can_have_is_not_taken(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MAX_PACKAGE_BYTES", 1000)
    with server.client() as client:
        told = a_problem(client.post("/api/v1/models", content=zipped(files())), 400)
    assert "more than 1,000 bytes" in told
    assert versions(server) == 0
