"""Small data sets as people send them, and a worker's part in taking them in, done in the test's own process."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import httpx
import numpy as np
from PIL import Image
from sqlalchemy import Engine, select

from cloud_service.blob_store import BlobStore
from cloud_service.database import snapshot, transaction
from cloud_service.models import TrainingJob, now
from cloud_service.training.kinds import kind_of
from cloud_service.training.schemas import EpochRecord, TrainingProgress
from cloud_service.vocabulary import TrainingJobState
from shared.errors import PermanentError

Files = Mapping[str, bytes]
"""What an archive holds, by name."""


def picture(seed: int, *, side: int = 64, turned: int = 0, form: str = "PNG") -> bytes:
    """An image that looks like no other: coarse coloured spots; turned by so many quarters."""
    spots = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    image = Image.fromarray(spots).resize((side, side), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.rotate(90 * turned).save(buffer, form)
    return buffer.getvalue()


def class_folders(first: int = 0, *, each: int = 1) -> dict[str, bytes]:
    """So many images of each class; `first` decides which, so that data sets far apart share none.

    With one of each, nothing can be held out: what betrays the class is then not looked for, which takes seconds.
    """
    files = {}
    for number in range(each):
        files[f"all/{number}.png"] = picture(first + 2 * number)
        files[f"hem/{number}.png"] = picture(first + 2 * number + 1)
    return files


def with_manifest(first: int = 0, *, groups: int = 1, prefix: str = "patient") -> dict[str, bytes]:
    """Two images of each group, one of them with ALL."""
    files, rows = {}, ["path,label,group,kind"]
    for number in range(groups):
        for offset, label in enumerate(("ALL", "not_all")):
            name = f"images/{number}-{label}.png"
            files[name] = picture(first + 2 * number + offset)
            rows.append(f"{name},{label},{prefix}-{number},field")
    return files | {"manifest.csv": "\n".join(rows).encode()}


def zipped(files: Files) -> bytes:
    """A ZIP file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: Files, *, mode: str = "w:gz") -> bytes:
    """A tar file, packed by gzip."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload] # a mode of several
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def send(client: httpx.Client, content: bytes, name: str = "fields", **query: Any) -> Any:
    """Send an archive to be checked; returns the import."""
    response = client.post("/api/v1/datasets/imports", params={"name": name} | query, content=content)
    assert response.status_code == 201, response.text
    return response.json()


class Quiet:
    """Hears how far a job is."""

    def __init__(self) -> None:
        self.phases: list[str] = []

    def progress(self, progress: TrainingProgress) -> None:
        """See `Tell.progress`."""
        if progress.phase not in self.phases:
            self.phases.append(progress.phase)

    def epoch(self, record: EpochRecord) -> None:
        """See `Tell.epoch`."""

    def log(self, text: str) -> None:
        """See `Tell.log`."""


def work_off(engine: Engine, blobs: BlobStore) -> None:
    """Do all jobs that wait, as a worker does but in this process."""
    while (job_id := _next_job(engine)) is not None:
        with TemporaryDirectory() as folder:
            do_job(engine, blobs, job_id, Path(folder))


def do_job(engine: Engine, blobs: BlobStore, job_id: UUID, folder: Path) -> None:
    """Do one job in a folder."""
    try:
        with transaction(engine) as session:
            job = session.get_one(TrainingJob, job_id)
            kind_of(job.kind).prepare(session, job, folder, blobs)
        kind_of(job.kind).work(folder, blobs, Quiet())
        with transaction(engine) as session:
            job = session.get_one(TrainingJob, job_id)
            job.result = kind_of(job.kind).finish(session, job, folder, blobs)
            job.state, job.ended_at = TrainingJobState.DONE, now()
    except PermanentError as error:
        with transaction(engine) as session:
            job = session.get_one(TrainingJob, job_id)
            job.state, job.ended_at, job.reason = TrainingJobState.FAILED, now(), str(error)
            kind_of(job.kind).fail(session, job, str(error))


def _next_job(engine: Engine) -> UUID | None:
    waiting = select(TrainingJob.id).where(TrainingJob.state == TrainingJobState.WAITING)
    with snapshot(engine) as session:
        return session.scalars(waiting.order_by(TrainingJob.created_at).limit(1)).one_or_none()
