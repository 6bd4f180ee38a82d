"""Workers that take data sets in are killed at each stage: no half data set is ever seen, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from cloud_service.database import snapshot, transaction
from cloud_service.datasets.service import begin_archive_import
from cloud_service.models import AuditEntry, Dataset, DatasetImage, DatasetImport, TrainingJob
from cloud_service.vocabulary import DatasetImportState, DatasetPurpose
from shared.identifiers import sha256_of_bytes
from tests.support.counting import ALICE
from tests.support.dataset_archives import class_folders, zipped
from tests.support.dying_imports import DyingWorker
from tests.support.training_jobs import TrainingCloud
from tests.support.waiting import wait_until

FILES = class_folders()
ENDS = {"checked", "imported", "refused", "dropped"}


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[TrainingCloud]:
    made = TrainingCloud(tmp_path, database_url, training_comes_last=False)
    yield made
    made.close()


@pytest.fixture
def worker(tmp_path: Path, cloud: TrainingCloud) -> Iterator[DyingWorker]:
    made = DyingWorker(tmp_path / "worker", cloud.settings, cloud.control)
    yield made
    made.stop()


def begin(cloud: TrainingCloud) -> UUID:
    content = zipped(FILES)
    cloud.blobs.put(sha256_of_bytes(content), content)
    with transaction(cloud.engine) as session:
        begun = begin_archive_import(
            session,
            ALICE,
            name="fields",
            purpose=DatasetPurpose.TRAINING,
            site=None,
            layout=None,
            file_name="fields.zip",
            archive_sha256=sha256_of_bytes(content),
            confirm=True,
        )
        return begun.id


def state(cloud: TrainingCloud, import_id: UUID) -> str:
    with snapshot(cloud.engine) as session:
        return session.get_one(DatasetImport, import_id).state


def count(cloud: TrainingCloud, table: type[Dataset | DatasetImage]) -> int:
    with snapshot(cloud.engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def work_until_the_end(cloud: TrainingCloud, worker: DyingWorker, import_id: UUID) -> int:
    """Start the worker, again where it dies, until the import has come to an end; returns how often it was started."""
    starts = 0
    while state(cloud, import_id) not in ENDS:
        worker.start()
        starts += 1
        wait_until(lambda: worker.has_ended() or state(cloud, import_id) in ENDS)
        if worker.has_ended() and state(cloud, import_id) not in ENDS:
            assert (count(cloud, Dataset), count(cloud, DatasetImage)) == (0, 0), "half a data set is there"
            worker.log.unlink()
    return starts


@pytest.mark.parametrize(
    ("check_stage", "import_stage"),
    [
        ("prepared", "finished"),
        ("taking-the-archive-apart", "reading-images"),
        ("reading-images", "keeping-images"),
        ("outcome", "outcome"),
        ("finished", "prepared"),
    ],
)
def test_a_kill_at_any_stage_is_made_good(
    cloud: TrainingCloud, worker: DyingWorker, check_stage: str, import_stage: str
) -> None:
    cloud.set("die", f"check-{check_stage}")
    cloud.set("die", f"import-{import_stage}")
    import_id = begin(cloud)

    starts = work_until_the_end(cloud, worker, import_id)

    assert starts == 1 + sum(stage in ("prepared", "finished") for stage in (check_stage, import_stage))
    assert not list(cloud.control.glob("die-*")), "somebody never came to a stage"
    with snapshot(cloud.engine) as session:
        wanted = session.get_one(DatasetImport, import_id)
        assert (wanted.state, wanted.reason) == (DatasetImportState.IMPORTED, None)
        (dataset,) = session.scalars(select(Dataset)).all()
        images = session.scalars(select(DatasetImage)).all()
        imported = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "dataset-imported")
        assert session.scalar(imported) == 1
        assert {job.state for job in session.scalars(select(TrainingJob))} == {"done"}
    assert (dataset.number, dataset.images) == (1, len(FILES))
    assert {image.name: cloud.blobs.get(image.sha256) for image in images} == FILES
    wait_until(lambda: not any((cloud.settings.training_dir / "jobs").iterdir()))


def test_a_full_disk_holds_an_import_up_and_loses_nothing(cloud: TrainingCloud, worker: DyingWorker) -> None:
    import_id = begin(cloud)
    fault = cloud.set("fault", "check-reading-images", "full")

    worker.start()
    wait_until(lambda: told(cloud) is not None)

    assert "disk is full" in str(told(cloud))
    assert state(cloud, import_id) == DatasetImportState.WAITING
    fault.unlink()
    wait_until(lambda: state(cloud, import_id) == DatasetImportState.IMPORTED)
    assert count(cloud, DatasetImage) == len(FILES)


def told(cloud: TrainingCloud) -> str | None:
    """Why the newest job waits."""
    with snapshot(cloud.engine) as session:
        newest = select(TrainingJob).order_by(TrainingJob.created_at.desc()).limit(1)
        return session.scalars(newest).one().reason
