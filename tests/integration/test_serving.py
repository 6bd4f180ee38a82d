"""Workers that switch between models: each capture answered once, by the model that was in service for its site."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from cloud_service.audit.trail import Actor
from cloud_service.database import snapshot, transaction
from cloud_service.inference.worker import InferenceWorker
from cloud_service.ml.package import ModelPackage
from cloud_service.ml.runtimes.contract import BrokenModelError, Pixels, Predictions
from cloud_service.ml.runtimes.fake_runtime import FakeRuntime
from cloud_service.models import Delivery, InferenceJob, ModelActivation, ShadowPrediction, now
from cloud_service.registry.served import ServedModel
from cloud_service.registry.shadow import end_shadow, shadow_summary, start_shadow
from shared.imaging.preprocess import PreprocessSpec
from shared.messages import Result
from shared.vocabulary import JobState, Label
from tests.support.inference import PACKAGE, InferenceCloud, png

LANG = Actor("a.lang")


def another(mark: str, size: int = 224) -> ModelPackage:
    """A package like PACKAGE with another digest, version and input size."""
    card = PACKAGE.card.model_copy(
        update={"version": mark, "preprocess": PreprocessSpec(size=size, draft_edge=max(448, size))}
    )
    return replace(PACKAGE, digest=mark * 64, card=card)


class Lightness(FakeRuntime):
    """Says the contrary of `FakeRuntime`, and notes what it was asked together."""

    def __init__(self, size: int = 224) -> None:
        super().__init__(size)
        self.batches: list[int] = []

    def predict(self, batch: Pixels) -> Predictions:
        self.batches.append(len(batch))
        found = super().predict(batch)
        return replace(found, probabilities=1.0 - found.probabilities)


B = another("b")


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[InferenceCloud]:
    made = InferenceCloud(tmp_path, database_url)
    yield made
    made.close()


def dark() -> ServedModel:
    return ServedModel.of(PACKAGE, FakeRuntime())


def settle(cloud: InferenceCloud, worker: InferenceWorker) -> None:
    """Let the worker learn of what was decided, and load it; it claims nothing meanwhile."""
    with snapshot(cloud.engine) as session:
        worker._serving.refresh(session)
    worker._serving.wait()


def test_captures_of_one_claim_go_each_to_the_model_of_their_site(cloud: InferenceCloud) -> None:
    cloud.put_into_service(B, "south")
    light = Lightness()
    worker = cloud.worker_of(dark(), ServedModel.of(B, light))
    north = cloud.store(*(png(shade) for shade in (10, 20, 30)))
    south = cloud.store(*(png(shade, 1) for shade in (10, 20)), site="south")

    assert worker.run_batch() == 5

    models = cloud.models_of_answers()
    assert [models[capture_id] for capture_id in north] == [[PACKAGE.digest]] * 3
    assert [models[capture_id] for capture_id in south] == [[B.digest]] * 2
    assert light.batches == [2]
    answers = cloud.answers()
    assert answers[south[0]] == pytest.approx([10 / 255], abs=2e-3)
    with snapshot(cloud.engine) as session:
        results = [Result.model_validate(row.payload) for row in session.scalars(select(Delivery))]
    assert {result.capture_id: result.model_digest for result in results} == {
        capture_id: digest for capture_id, (digest,) in models.items()
    }


def test_a_model_with_another_input_size_reads_its_captures_in_its_own_way(cloud: InferenceCloud) -> None:
    large = another("e", 320)
    worker = cloud.worker_of(dark(), ServedModel.of(large, Lightness(320)))
    cloud.put_into_service(large)
    settle(cloud, worker)
    (capture_id,) = cloud.store(png(51))

    assert worker.run_batch() == 1
    assert cloud.answers()[capture_id] == pytest.approx([0.2], abs=1e-3)


def test_a_switch_under_way_loses_no_capture_and_doubles_none(cloud: InferenceCloud) -> None:
    """Two workers under a stream of captures, while the model in service changes back and forth."""
    cloud.put_into_service(PACKAGE)
    workers = [cloud.worker_of(dark(), ServedModel.of(B, Lightness()), claim_batch=4) for _ in range(2)]
    ended = threading.Event()
    stored: list[UUID] = []

    def work(worker: InferenceWorker) -> None:
        while not (worker.run_batch() == 0 and ended.is_set()):
            pass

    with ThreadPoolExecutor(2) as threads:
        futures = [threads.submit(work, worker) for worker in workers]
        for turn in range(6):
            stored += cloud.store(*(png(100, turn * 100 + mark) for mark in range(8)))
            cloud.put_into_service(B if turn % 2 == 0 else PACKAGE)
        ended.set()
        for future in futures:
            future.result(60)

    models = cloud.models_of_answers()
    assert set(models) == set(stored)
    assert {len(found) for found in models.values()} == {1}
    assert cloud.count(Delivery) == len(stored)


def test_where_no_model_can_answer_captures_wait_and_cost_no_attempt(cloud: InferenceCloud) -> None:
    worker = cloud.worker_of(dark())
    cloud.put_into_service(B)  # which this worker cannot load, and it never had another one for the south
    with transaction(cloud.engine) as session:
        for activation in session.scalars(select(ModelActivation)):
            activation.until_at = now()
    (capture_id,) = cloud.store(png(10), site="south")

    worker.run_batch()

    job = cloud.job(capture_id)
    assert (job.state, job.attempts) == (JobState.WAITING, 0)
    assert "No model is in service for site south" in str(job.reason)
    cloud.put_into_service(PACKAGE)
    settle(cloud, worker)
    with transaction(cloud.engine) as session:
        session.get_one(InferenceJob, capture_id).not_before = now()
    assert worker.run_batch() == 1
    assert cloud.models_of_answers() == {capture_id: [PACKAGE.digest]}


def test_a_model_that_cannot_be_loaded_leaves_the_one_before(cloud: InferenceCloud) -> None:
    worker = cloud.worker_of(dark())
    cloud.put_into_service(B)  # which this worker cannot load
    settle(cloud, worker)
    (capture_id,) = cloud.store(png(10))

    assert worker.run_batch() == 1

    assert cloud.models_of_answers() == {capture_id: [PACKAGE.digest]}
    about = worker.about()
    assert (about["model_digest"], len(about["model_faults"])) == (PACKAGE.digest, 1)


class Shadowed:
    """A cloud in which B runs in the shadow of PACKAGE."""

    def __init__(self, cloud: InferenceCloud, runtime: FakeRuntime, share: float = 1.0) -> None:
        self.cloud = cloud
        cloud.introduce(B)
        with transaction(cloud.engine) as session:
            start_shadow(session, LANG, digest=B.digest, scope="*", share=share)
        self.worker = cloud.worker_of(dark(), ServedModel.of(B, runtime))

    def answers(self) -> dict[UUID, ShadowPrediction]:
        with snapshot(self.cloud.engine) as session:
            return {row.capture_id: row for row in session.scalars(select(ShadowPrediction))}

    def run(self) -> int:
        """What an idle worker does; how many captures it looked at in the shadow."""
        while self.worker.run_batch():
            pass
        count = 0
        while self.worker.run_shadow():
            count += 1
        return count


def test_a_candidate_answers_in_the_shadow_and_nobody_sees_it(cloud: InferenceCloud) -> None:
    shadowed = Shadowed(cloud, Lightness())
    stored = cloud.store(png(10), png(240))

    assert shadowed.run() == 2

    assert cloud.models_of_answers() == {capture_id: [PACKAGE.digest] for capture_id in stored}
    assert cloud.count(Delivery) == 2
    row = shadowed.answers()[stored[0]]
    assert (row.beside_digest, row.given_label, row.label) == (
        PACKAGE.digest,
        Label.SUSPICIOUS,
        Label.NO_BLAST_FEATURES,
    )
    assert row.probability == pytest.approx(10 / 255, abs=2e-3)
    with snapshot(cloud.engine) as session:
        summary = shadow_summary(session, B.digest)
    assert (summary.captures, summary.agreement) == (2, 0.0)
    assert (summary.more_suspicious, summary.less_suspicious) == (1, 1)
    assert {item.capture_id for item in summary.differing} == set(stored)


def test_the_shadow_waits_for_a_quiet_moment_and_ends_with_its_run(cloud: InferenceCloud) -> None:
    light = Lightness()
    shadowed = Shadowed(cloud, light)
    cloud.store(*(png(100, mark) for mark in range(20)))
    while shadowed.worker.run_batch():
        assert light.batches == []  # jobs wait
    with transaction(cloud.engine) as session:
        end_shadow(session, LANG, digest=B.digest)
    assert shadowed.worker.run_shadow()  # it has not heard of the end, and asks
    assert shadowed.answers() == {}
    assert shadowed.run() == 0


def test_a_share_is_the_same_captures_for_every_worker(cloud: InferenceCloud) -> None:
    shadowed = Shadowed(cloud, Lightness(), share=0.4)
    stored = cloud.store(*(png(100, mark) for mark in range(60)))
    shadowed.run()

    chosen = {capture_id for capture_id in stored if capture_id.int % (1 << 32) < 0.4 * (1 << 32)}
    assert set(shadowed.answers()) == chosen
    assert 8 <= len(chosen) <= 42  # one in ten million falls outside


class Breaks(FakeRuntime):
    """A candidate that answers nothing."""

    def predict(self, batch: Pixels) -> Predictions:
        raise BrokenModelError(f"The model gave no number for {len(batch)} images.")


def test_a_candidate_that_breaks_touches_no_real_answer(cloud: InferenceCloud) -> None:
    shadowed = Shadowed(cloud, Breaks())
    stored = cloud.store(png(10), png(20))

    assert shadowed.run() == 2

    assert set(cloud.answers()) == set(stored)
    assert shadowed.answers() == {}
    assert {cloud.job(capture_id).state for capture_id in stored} == {JobState.DONE}


def test_a_candidate_answers_a_capture_once(cloud: InferenceCloud) -> None:
    shadowed = Shadowed(cloud, Lightness())
    (capture_id,) = cloud.store(png(10))
    with transaction(cloud.engine) as session:
        row = {
            "capture_id": capture_id,
            "model_digest": B.digest,
            "beside_digest": PACKAGE.digest,
            "probability": 0.25,
            "label": Label.NO_BLAST_FEATURES,
            "given_label": Label.SUSPICIOUS,
            "given_probability": 0.9,
        }
        session.add(ShadowPrediction(**row))

    assert shadowed.run() == 1
    assert shadowed.answers()[capture_id].probability == 0.25
