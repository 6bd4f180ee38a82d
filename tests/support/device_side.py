"""What a device sends, made for tests: images, manifests, parts, status messages, all by the protocol's own code."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import UUID, uuid4

from PIL import Image
from sqlalchemy import Engine

from cloud_service.database import transaction
from cloud_service.ingest.batch import Incoming, Outgoing
from cloud_service.models import Base, Device, Site
from shared.identifiers import new_capture_id, sha256_of_bytes
from shared.imaging.quality import QualityMeasures, Verdict
from shared.messages import Announce, DeviceStatus, Receipt
from shared.parts import Part, PartPlan
from shared.topics import DeviceAddress, parse_down
from shared.vocabulary import Presence, RefusalKind

SITE = "north"
PART_SIZE = 1000
GOOD = QualityMeasures(
    focus=1.0,
    mean_luminance=150.0,
    clipped_dark=0.0,
    clipped_bright=0.1,
    foreground=0.3,
    width=64,
    height=48,
    verdict=Verdict.GOOD,
    reasons=(),
)


def noise_image(seed: int, size: tuple[int, int] = (64, 48), image_format: str = "PNG") -> bytes:
    """A small image that no other seed gives."""
    pixels = Random(seed).randbytes(size[0] * size[1] * 3)
    stream = io.BytesIO()
    Image.frombytes("RGB", size, pixels).save(stream, image_format)
    return stream.getvalue()


def enrol(engine: Engine, *addresses: DeviceAddress) -> None:
    """Put sites and devices into the database, past the broker."""
    with transaction(engine) as session:
        for address in addresses:
            session.merge(Site(id=address.site))
            session.flush()
            session.merge(Device(id=address.device, site_id=address.site))


def make_tables(engine: Engine) -> None:
    """All tables, without the time that migrations take."""
    Base.metadata.create_all(engine)


@dataclass
class TestDevice:
    """A device with an outbox that only counts."""

    __test__ = False  # no test class, whatever its name begins with

    address: DeviceAddress
    outbox_id: UUID = field(default_factory=uuid4)
    sequence: int = 0

    def capture(self, payload: bytes, *, part_size: int = PART_SIZE, **changes: object) -> "TestCapture":
        """The next capture of these bytes; `changes` go into its manifest."""
        self.sequence += 1
        plan = PartPlan(len(payload), part_size)
        moment = datetime.now(UTC)
        manifest = {
            "v": 1,
            "site": self.address.site,
            "device": self.address.device,
            "capture_id": new_capture_id(),
            "outbox_id": self.outbox_id,
            "sequence": self.sequence,
            "sha256": sha256_of_bytes(payload),
            "original_sha256": sha256_of_bytes(payload),
            "byte_size": len(payload),
            "media_type": "image/png",
            "width": 64,
            "height": 48,
            "part_size": part_size,
            "part_count": plan.count,
            "case": "ab" * 16,
            "captured_at": moment,
            "queued_at": moment,
            "quality": GOOD,
            "parts_follow": True,
        }
        return TestCapture(self.address, payload, Announce.model_validate(manifest | changes))

    def status(
        self,
        state: Presence,
        session: UUID,
        sent_at: datetime,
        *,
        retained: bool = False,
        depth: int = 0,
        refused: Mapping[RefusalKind, int] | None = None,
    ) -> Incoming:
        """A birth or a will."""
        status = DeviceStatus(
            v=1,
            site=self.address.site,
            device=self.address.device,
            state=state,
            session=session,
            agent_version="1.0",
            sent_at=sent_at,
            outbox_depth=depth,
            parked=0,
            refused_files=sum((refused or {}).values()),
            refused_by_kind=dict(refused or {}),
            free_disk_bytes=10**12,
        )
        return Incoming(self.address.status(), status.encode(), retained=retained)


@dataclass
class TestCapture:
    """A capture as its messages."""

    __test__ = False

    address: DeviceAddress
    payload: bytes
    manifest: Announce

    @property
    def id(self) -> UUID:
        return self.manifest.capture_id

    def announce(self, *, parts_follow: bool = True, **changes: object) -> Incoming:
        manifest = self.manifest.model_copy(update={"parts_follow": parts_follow, **changes})
        return Incoming(self.address.announce(), manifest.encode())

    def part(self, index: int) -> Incoming:
        part = Part.cut(self.payload, self.manifest.plan, index)
        return Incoming(self.address.part(self.id, index), part.data, tuple(part.properties))

    def parts(self, indexes: Iterable[int] | None = None) -> list[Incoming]:
        return [self.part(index) for index in (range(self.manifest.part_count) if indexes is None else indexes)]

    def messages(self) -> list[Incoming]:
        return [self.announce(), *self.parts()]


def receipts(replies: Sequence[Outgoing]) -> dict[UUID, Receipt]:
    """The receipts among what ingest wants to say, by capture; each on the topic of its own capture."""
    found = {}
    for reply in replies:
        topic, receipt = parse_down(reply.topic), Receipt.decode(reply.payload)
        assert topic.capture_id == receipt.capture_id
        found[receipt.capture_id] = receipt
    return found
