"""Gathers what each part of the system says of itself."""

import shutil
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_service.config import Settings
from cloud_service.delivery.events import latest_position
from cloud_service.devices.queries import devices_online
from cloud_service.models import Delivery, Device, Heartbeat, InferenceJob, now
from cloud_service.system.heartbeats import ALIVE_FOR, heartbeats
from cloud_service.system.schemas import (
    DeliveryHealth,
    DeviceHealth,
    IngestHealth,
    QueueHealth,
    StorageHealth,
    SystemHealth,
    WorkerHealth,
)
from cloud_service.system.training import training_health
from shared.errors import TransientError
from shared.vocabulary import JobState


def system_health(session: Session, settings: Settings, *, redis: bool) -> SystemHealth:
    """The state of everything that the database and this machine know of.

    Args:
        session: a snapshot.
        settings: of this process.
        redis: whether it answers.

    Raises:
        TransientError: the blob store's folder cannot be looked at.
    """
    moment = now()
    return SystemHealth(
        version=version("smearflow"),
        at=moment,
        database=session.get_bind().dialect.name,
        redis=redis,
        queue=_queue(session, moment),
        workers=_workers(session, moment),
        training=training_health(session, moment),
        ingests=[_ingest(row, moment) for row in heartbeats(session, "ingest")],
        devices=_devices(session),
        deliveries=_deliveries(session, moment),
        event_position=latest_position(session),
        storage=_storage(settings.blob_url),
    )


def oldest_unclaimed_seconds(session: Session, moment: datetime) -> float | None:
    """Age of the analysis that has waited longest though it may be claimed."""
    oldest = session.scalar(
        select(func.min(InferenceJob.not_before)).where(
            InferenceJob.state == JobState.WAITING, InferenceJob.not_before <= moment
        )
    )
    return (moment - oldest).total_seconds() if oldest else None


def _queue(session: Session, moment: datetime) -> QueueHealth:
    def count(state: JobState) -> int:
        return session.scalar(select(func.count()).where(InferenceJob.state == state)) or 0

    return QueueHealth(
        waiting=count(JobState.WAITING),
        claimed=count(JobState.CLAIMED),
        failed=count(JobState.FAILED),
        oldest_unclaimed_seconds=oldest_unclaimed_seconds(session, moment),
    )


def _workers(session: Session, moment: datetime) -> list[WorkerHealth]:
    claims = select(InferenceJob.worker, func.count()).where(InferenceJob.state == JobState.CLAIMED)
    claimed = dict(session.execute(claims.group_by(InferenceJob.worker)).all())
    return [
        WorkerHealth(
            name=row.name,
            alive=_is_alive(row, moment),
            started_at=row.started_at,
            seen_at=row.seen_at,
            model=row.about.get("model"),
            model_digest=row.about.get("model_digest"),
            runtime=row.about.get("runtime"),
            models=row.about.get("models", []),
            model_faults=row.about.get("model_faults", []),
            engine_notes=row.about.get("engine_notes", []),
            claimed=claimed.get(row.name, 0),
            answered=row.about.get("answered", 0),
        )
        for row in heartbeats(session, "worker")
    ]


def _ingest(row: Heartbeat, moment: datetime) -> IngestHealth:
    return IngestHealth(
        name=row.name,
        alive=_is_alive(row, moment),
        started_at=row.started_at,
        seen_at=row.seen_at,
        shard=row.about.get("shard"),
        shard_count=row.about.get("shard_count"),
        serving=bool(row.about.get("serving")) and _is_alive(row, moment),
    )


def _is_alive(row: Heartbeat, moment: datetime) -> bool:
    return moment - row.seen_at <= ALIVE_FOR


def _devices(session: Session) -> DeviceHealth:
    enrolled = session.scalar(select(func.count()).select_from(Device).where(Device.disabled_at.is_(None)))
    return DeviceHealth(enrolled=enrolled or 0, online=devices_online(session))


def _deliveries(session: Session, moment: datetime) -> DeliveryHealth:
    waiting = select(func.count(), func.min(Delivery.created_at)).where(Delivery.acknowledged_at.is_(None))
    count, oldest = session.execute(waiting).one()
    return DeliveryHealth(waiting=count, oldest_seconds=(moment - oldest).total_seconds() if count else None)


def _storage(blob_url: str) -> StorageHealth:
    url = urlsplit(blob_url)
    if url.scheme == "s3":
        return StorageHealth(kind="s3", free_bytes=None, total_bytes=None)
    folder = Path(url.path if url.scheme == "file" else blob_url)
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        raise TransientError(f"The blob store's folder cannot be looked at: {error.strerror}.") from error
    return StorageHealth(kind="folder", free_bytes=usage.free, total_bytes=usage.total)
