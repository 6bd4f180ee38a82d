"""Assessments that are interrupted or killed go on, and are kept once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_service.database import snapshot
from cloud_service.gate import assessing
from cloud_service.gate.assess_job import Assess
from cloud_service.models import (
    ModelActivation,
    ModelAssessment,
    TrainingJob,
)
from cloud_service.training.kinds import kind_of
from cloud_service.training.process import TrainingProcess
from cloud_service.training.schemas import TrainingProgress
from tests.support.gate import (
    Heard,
    ask,
    crops,
    finish,
    prepare,
)
from tests.support.gate_bench import Bench, a_bench
from tests.support.training_jobs import children, running
from tests.support.waiting import wait_until


@pytest.fixture
def bench(tmp_path: Path, sqlite_url: str) -> Iterator[Bench]:
    yield from a_bench(tmp_path, sqlite_url)


@pytest.fixture
def bench_on_both(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    yield from a_bench(tmp_path, database_url)


@pytest.fixture(scope="module")
def images() -> list[bytes]:
    return crops(8)


class Interruption(Exception):  # noqa: N818 - it is no error
    pass


class Interrupting(Heard):
    """Ends the work when it tells of a phase for the second time."""

    def progress(self, progress: TrainingProgress) -> None:
        super().progress(progress)
        if self.phases.count(progress.phase) == 2:
            raise Interruption


def test_what_was_measured_before_an_interruption_is_not_measured_again(
    bench: Bench, images: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessing, "CHUNK", 2)
    bench.lock(images)
    job_id, folder = ask(bench.engine, bench.variant(threshold=0.5)), bench.folder / "job"
    prepare(bench.engine, bench.blobs, job_id, folder)
    with pytest.raises(Interruption):
        Assess().work(folder, bench.blobs, Interrupting())
    lines = folder / "test-set-0-beside.jsonl"
    assert lines.read_bytes().count(b"\n") == 2
    with lines.open("ab") as file:
        file.write(b"[[0.25,")  # a line that a kill has torn

    prepare(bench.engine, bench.blobs, job_id, folder)
    heard = Heard()
    Assess().work(folder, bench.blobs, heard)

    assert lines.read_bytes().count(b"\n") == 4
    assert len([phase for phase in heard.phases if phase.startswith("Measuring")]) == 2
    again = finish(bench.engine, bench.blobs, job_id, folder)
    whole = bench.assess(bench.variant(name="other", threshold=0.5, version="9"))
    assert again.figures["test_sets"][0]["comparison"] == whole.figures["test_sets"][0]["comparison"]


def test_a_job_whose_process_is_killed_goes_on_and_is_kept_once(bench_on_both: Bench) -> None:
    bench = bench_on_both
    bench.lock(crops(assessing.CHUNK + 8))
    job_id = ask(bench.engine, bench.variant(threshold=0.5))
    lines = bench.cloud.folder(job_id) / "test-set-0-beside.jsonl"
    process = TrainingProcess(bench.engine, bench.blobs, bench.cloud.wake_ups, bench.cloud.settings, kind_of)

    with running(process):
        wait_until(lambda: lines.exists() and b"\n" in lines.read_bytes(), seconds=100)
        for child in children():
            child.kill()
        wait_until(lambda: bench.cloud.is_over(job_id), seconds=100)

    with snapshot(bench.engine) as session:
        job = session.get_one(TrainingJob, job_id)
        (assessment,) = session.scalars(select(ModelAssessment))
        open_rows = session.scalar(select(func.count()).where(ModelActivation.until_at.is_(None)))
    assert (job.state, job.attempts, job.reason) == ("done", 2, None)
    assert job.result == {"assessment_id": str(assessment.id), "passed": assessment.passed}
    assert assessment.figures["test_sets"][0]["images"] == assessing.CHUNK + 8
    assert open_rows == 1
