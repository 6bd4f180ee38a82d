"""A real API server in a thread of the test, and captures to show."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cloud_service.accounts.permissions import Role
from cloud_service.accounts.tokens import add_token
from cloud_service.app import DASHBOARD, create_app
from cloud_service.blob_store import BlobStore, open_blob_store
from cloud_service.captures.custody import stamp
from cloud_service.cases.aggregate import refresh_cases
from cloud_service.config import Settings
from cloud_service.database import make_engine, table_of, transaction
from cloud_service.delivery.events import record_capture_event, record_capture_events
from cloud_service.inference.jobs import add_jobs, mark_failed
from cloud_service.ml.attention import AttentionMap
from cloud_service.ml.network.map_grid import MapGrid
from cloud_service.models import Base, Capture, Device, Heartbeat, ModelVersion, Prediction, Site, now
from cloud_service.web.serve import Server
from shared.identifiers import new_capture_id, sha256_of_bytes
from shared.vocabulary import CaptureState, CustodyStage, Label, Presence
from tests.support.accounts import PASSWORD, TESTER, a_user, cheap_passwords
from tests.support.model_cards import a_card
from tests.support.photographs import good_quality
from tests.support.waiting import PATIENCE

NO_REDIS = "redis://127.0.0.1:1/0"
MODEL_DIGEST = "d" * 64
LOOKED_LEFT = bytes([127, 129, 64, 0])
"""A kept map: the left half speaks for ALL, its upper part most; the upper right part speaks against it."""
_QUARTERS = AttentionMap(positions=2, grid=MapGrid(start=0.0, stride=112.0))
CARD = a_card(name="se-cnn", version="demo-1", attention=_QUARTERS).model_dump(mode="json")
FIRST_ANNOUNCED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def web_settings(folder: Path, database_url: str, **changes: Any) -> Settings:
    """Settings of an API process on a free port, with its blobs in `folder`."""
    fields: dict[str, Any] = {
        "database_url": database_url,
        "blob_url": str(folder / "blobs"),
        "redis_url": SecretStr(NO_REDIS),
        "secure_cookies": False,
        "api_port": 0,
    }
    return Settings(**(fields | changes))


class _ThreadServer(Server):
    """The server as `smearflow serve` runs it, but for the signals, which belong to the test's main thread."""

    def __init__(self, settings: Settings, dashboard: Path) -> None:
        super().__init__(create_app(settings, dashboard=dashboard, passwords=cheap_passwords()), settings)
        self.up = threading.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @property
    def port(self) -> int:
        found: int = self.servers[0].sockets[0].getsockname()[1]
        return found


class ApiServer:
    """An API process's worth of server, with its database's tables made and its doors open to the test."""

    def __init__(self, settings: Settings, dashboard: Path = DASHBOARD) -> None:
        self.settings = settings
        self.dashboard = dashboard
        self.engine = make_engine(settings.database_url)
        Base.metadata.create_all(self.engine)
        self.blobs: BlobStore = open_blob_store(settings)
        self._tokens: dict[tuple[Role, str | None], str] = {}
        self.start()

    def start(self) -> None:
        """Serve; the second time on the port of the first."""
        self._server = _ThreadServer(self.settings, self.dashboard)
        self._thread = threading.Thread(target=self._server.run, name="api", daemon=True)
        self._thread.start()
        assert self._server.up.wait(PATIENCE), "the API did not start"
        self.settings = self.settings.model_copy(update={"api_port": self._server.port})

    def stop(self) -> None:
        """What SIGTERM does."""
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the API did not stop"

    def close(self) -> None:
        """Stop, and let go of the database."""
        if self._thread.is_alive():
            self.stop()
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.settings.api_port}"

    def client(self, role: Role | None = Role.ADMINISTRATOR, *, site: str | None = None) -> httpx.Client:
        """A program's client with a token of a user of this role, or with none."""
        headers = {"Authorization": f"Bearer {self.token(role, site=site)}"} if role else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE)

    def token(self, role: Role = Role.ADMINISTRATOR, *, site: str | None = None) -> str:
        """A token of a user of this role, who is made at its first use: "clinician", or "technician-north" say."""
        if (role, site) not in self._tokens:
            with transaction(self.engine) as session:
                user = a_user(session, role, name="-".join(filter(None, (role, site))), site=site)
                _, self._tokens[role, site] = add_token(session, TESTER, user=user.name, name="tests")
        return self._tokens[role, site]

    @contextmanager
    def browser(self, user: str) -> Iterator[httpx.Client]:
        """A client as the page is one, logged in as a user with PASSWORD, by cookie alone."""
        with httpx.Client(base_url=self.url, headers={"x-smearflow-page": "1"}, timeout=PATIENCE) as client:
            assert client.post("/api/v1/session", json={"user": user, "password": PASSWORD}).status_code == 200
            yield client


def a_problem(response: httpx.Response, status: int) -> str:
    """The detail of a problem, after a look at its form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    return str(body["detail"])


def jpeg(colour: tuple[int, int, int] = (200, 150, 180), size: tuple[int, int] = (640, 480)) -> bytes:
    """A plain image."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


def add_device(session: Session, *, site: str = "north", device: str = "scope-1") -> None:
    """An enrolled device that is online; a second time changes nothing."""
    if session.get(Site, site) is None:
        session.add(Site(id=site))
        session.flush()
    if session.get(Device, device) is None:
        session.add(
            Device(id=device, site_id=site, presence=Presence.ONLINE, outbox_depth=3, agent_version="0.1.0", parked=0)
        )
        session.flush()


def add_capture(session: Session, number: int, **changes: Any) -> Capture:
    """An announced capture, `number` seconds after the first, with its device and its event."""
    capture = new_capture(session, number, **changes)
    record_capture_event(session, capture)
    return capture


def new_capture(session: Session, number: int, **changes: Any) -> Capture:
    """The same without the event, so that the caller's other changes can come before it."""
    fields = capture_fields(number, **changes)
    add_device(session, site=fields["site_id"], device=fields["device_id"])
    capture = Capture(**fields)
    session.add(capture)
    session.flush()
    stamp(session, [capture.id], {CustodyStage.CAPTURED: capture.captured_at})
    return capture


def capture_fields(number: int, **changes: Any) -> dict[str, Any]:
    """The columns of an announced capture; those that may be missing are."""
    site, device = changes.get("site_id", "north"), changes.get("device_id", "scope-1")
    announced = FIRST_ANNOUNCED + timedelta(seconds=number)
    return {
        "id": new_capture_id(),
        "site_id": site,
        "device_id": device,
        "outbox_id": UUID(int=7),
        "sequence": number + 1,
        "state": CaptureState.ANNOUNCED,
        "sha256": sha256_of_bytes(str((device, number)).encode()),
        "original_sha256": "0" * 64,
        "byte_size": 1000,
        "media_type": "image/jpeg",
        "width": 640,
        "height": 480,
        "part_size": 65536,
        "part_count": 1,
        "case_pseudonym": f"{number // 10:032x}",
        "smear": f"smear {number}",
        "stain": "Wright-Giemsa",
        "quality": good_quality().model_dump(mode="json"),
        "captured_at": announced - timedelta(seconds=1),
        "announced_at": announced,
    } | changes


def store(session: Session, blobs: BlobStore, capture: Capture, data: bytes) -> None:
    """Let a capture's bytes arrive."""
    capture.sha256, capture.byte_size = sha256_of_bytes(data), len(data)
    blobs.put(capture.sha256, data)
    capture.state, capture.received_at = CaptureState.STORED, capture.announced_at + timedelta(milliseconds=80)
    stamp(session, [capture.id], {CustodyStage.RECEIVED: capture.received_at})
    add_jobs(session, [capture])
    record_capture_events(session, [capture], refresh_cases(session, [capture]))


def analyse(session: Session, capture: Capture, probability: float, *doubts: str) -> None:
    """Let a model answer for a capture, with these doubts."""
    add_answer(session, capture, probability, *doubts, attention=LOOKED_LEFT)
    stamp(session, [capture.id], {CustodyStage.ANALYSED: now()})
    record_capture_events(session, [capture], refresh_cases(session, [capture]))


def add_answer(session: Session, capture: Capture, probability: float, *doubts: str, **columns: Any) -> None:
    """The answer alone, that nobody is told of; with `columns` of the table that are younger than others."""
    # The digest alone: the table may be of an earlier migration, and its model put there by the test.
    if session.scalar(select(ModelVersion.digest).where(ModelVersion.digest == MODEL_DIGEST)) is None:
        session.add(ModelVersion(digest=MODEL_DIGEST, name="se-cnn", version="demo-1", card=CARD))
        session.flush()
    label = Label.SUSPICIOUS if probability >= 0.5 else Label.NO_BLAST_FEATURES
    answer = {
        "id": uuid4(),
        "capture_id": capture.id,
        "model_digest": MODEL_DIGEST,
        "probability": probability,
        "label": label,
        "doubts": list(doubts),
        "runtime": "test",
    }
    session.execute(insert(table_of(Prediction)).values(answer | columns))
    capture.state = CaptureState.ANALYSED
    session.flush()


def give_up(session: Session, capture: Capture, reason: str) -> None:
    """Let a capture's analysis fail for good."""
    mark_failed(session, capture, reason)
    record_capture_events(session, [capture], refresh_cases(session, [capture]))


def add_analysed(server: ApiServer, number: int, probability: float, *doubts: str, **changes: Any) -> UUID:
    """A capture that came, was stored and analysed, with these doubts, in one transaction; returns its id."""
    with transaction(server.engine) as session:
        capture = add_capture(session, number, **changes)
        # Bytes behind the end of the image make each capture another file.
        store(session, server.blobs, capture, jpeg() + number.to_bytes(4))
        analyse(session, capture, probability, *doubts)
        return capture.id


def add_heartbeat(session: Session, name: str) -> None:
    """A worker that is alive, with the model of the tests' answers."""
    about = {
        "model": "se-cnn demo-1",
        "model_digest": MODEL_DIGEST,
        "runtime": "onnxruntime",
        "claimed": 0,
        "answered": 1,
    }
    moment = now()
    session.add(
        Heartbeat(name=name, kind="worker", started_at=moment - timedelta(hours=1), seen_at=moment, about=about)
    )
    session.flush()
