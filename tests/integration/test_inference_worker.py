"""The worker on both databases: each outcome where it belongs, and nothing else touched by it."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import OperationalError

from cloud_service.captures.summary import capture_summary
from cloud_service.database import snapshot, transaction
from cloud_service.delivery.events import EventKind, events_after
from cloud_service.delivery.results import due
from cloud_service.inference.jobs import retry_job
from cloud_service.ml.attention import evidence_of
from cloud_service.ml.package import load_package
from cloud_service.ml.runtimes.contract import BrokenModelError, Pixels, Predictions
from cloud_service.ml.runtimes.fake_runtime import FakeRuntime
from cloud_service.models import Capture, CustodyEntry, Delivery, Event, InferenceJob, Prediction, now
from shared.errors import TransientError
from shared.identifiers import sha256_of_bytes
from shared.messages import Result, ResultKind
from shared.vocabulary import CaptureState, CustodyStage, JobState, Label
from tests.support.inference import PACKAGE, InferenceCloud, png
from tests.support.photographs import draw_crops

DEMO_MODEL = Path(__file__).parents[2] / "cloud_service" / "ml" / "demo_model"


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[InferenceCloud]:
    made = InferenceCloud(tmp_path, database_url)
    yield made
    made.close()


class NoNumberForWhite(FakeRuntime):
    """Breaks on any batch with a white image in it."""

    def predict(self, batch: Pixels) -> Predictions:
        found = super().predict(batch)
        if (found.probabilities < 0.01).any():
            raise BrokenModelError("The model gave no number.")
        return found


def test_an_answer_is_written_once_with_all_that_belongs_to_it(cloud: InferenceCloud) -> None:
    dark, light = cloud.store(png(10), png(240))

    assert cloud.worker().run_batch() == 2
    assert cloud.worker().run_batch() == 0

    found = cloud.answers()
    assert found[dark] == pytest.approx([1 - 10 / 255], abs=1e-3)
    assert found[light] == pytest.approx([1 - 240 / 255], abs=1e-3)
    with snapshot(cloud.engine) as session:
        summary = capture_summary(session, session.get_one(Capture, dark))
        events = events_after(session, 0, 10)
        results = {item.capture_id: Result.model_validate(item.payload) for item in due(session, 0, 1, 10)}
    assert summary.state == CaptureState.ANALYSED
    assert summary.prediction is not None
    assert summary.prediction.label == Label.SUSPICIOUS
    assert summary.prediction.model_digest == PACKAGE.digest
    assert [step.stage for step in summary.custody] == [CustodyStage.ANALYSED]
    assert [(event.position, event.kind) for event in events] == [(1, "capture"), (2, "capture"), (3, "case")]
    assert summary.model_dump(mode="json") in [event.payload for event in events]
    assert results[light].label == Label.NO_BLAST_FEATURES
    assert results[light].kind == ResultKind.PREDICTION
    assert results[dark].sha256 == summary_sha256(cloud, dark)
    assert results[dark].probability == found[dark][0]
    assert cloud.job(dark).state == JobState.DONE
    assert cloud.wake_ups.change_calls == 1


def test_an_answer_is_kept_and_told_with_its_doubts(cloud: InferenceCloud, tmp_path: Path) -> None:
    """By the statistics of the demo model alone: a plain image is no smear, and a drawn cell is one."""
    demo = load_package(DEMO_MODEL)
    package = replace(demo, card=demo.card.model_copy(update={"abstain_band": None}))
    (cell,) = draw_crops(tmp_path, 1, first=16)
    known, unknown = cloud.store(cell.read_bytes(), png(240))

    assert cloud.worker(package=package).run_batch() == 2

    with snapshot(cloud.engine) as session:
        summaries = {id_: capture_summary(session, session.get_one(Capture, id_)) for id_ in (known, unknown)}
        events = {event.subject: event.payload for event in events_after(session, 0, 10)}
        results = {item.capture_id: Result.model_validate(item.payload) for item in due(session, 0, 1, 10)}
    found = {id_: summary.prediction.doubts for id_, summary in summaries.items() if summary.prediction}
    assert found[known] == []
    (doubt,) = found[unknown]
    assert doubt.startswith("Unlike the images that the model was trained on")
    assert {id_: list(result.doubts) for id_, result in results.items()} == found
    assert {id_: events[str(id_)]["prediction"]["doubts"] for id_ in found} == found


def test_an_answer_is_kept_with_where_the_model_looked(cloud: InferenceCloud) -> None:
    """The fake looks at dark places; a model of an earlier version gives no map, and answers all the same."""
    (capture_id,) = cloud.store(half_dark())
    cloud.worker().run_batch()
    found = attention_of(cloud, capture_id)
    assert found is not None
    dark, light = evidence_of(found, for_all=True), evidence_of(found, for_all=False)
    assert dark[:, :2].min() > 0.9
    assert light[:, 2:].min() > 0.9
    assert not dark[:, 2:].any()
    assert not light[:, :2].any()

    class Earlier(FakeRuntime):
        def predict(self, batch: Pixels) -> Predictions:
            return replace(super().predict(batch), attention=None)

    (other,) = cloud.store(png(20))
    cloud.worker(Earlier()).run_batch()
    assert len(cloud.answers()[other]) == 1
    assert attention_of(cloud, other) is None


def half_dark() -> bytes:
    """Black on the left, white on the right."""
    pixels = np.full((64, 64, 3), 255, np.uint8)
    pixels[:, :32] = 0
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def attention_of(cloud: InferenceCloud, capture_id: object) -> bytes | None:
    with snapshot(cloud.engine) as session:
        return session.scalars(select(Prediction.attention).where(Prediction.capture_id == capture_id)).one()


def summary_sha256(cloud: InferenceCloud, capture_id: object) -> str:
    with snapshot(cloud.engine) as session:
        return session.get_one(Capture, capture_id).sha256


def test_more_captures_than_a_runtime_takes_at_once_keep_their_own_answers(cloud: InferenceCloud) -> None:
    shades = list(range(0, 250, 12))
    stored = cloud.store(*(png(shade) for shade in shades))

    assert cloud.worker(FakeRuntime(batch_limit=4), claim_batch=50).run_batch() == len(shades)

    found = cloud.answers()
    for capture_id, shade in zip(stored, shades, strict=True):
        assert found[capture_id] == pytest.approx([1 - shade / 255], abs=1e-3)


def test_one_bad_capture_does_not_touch_the_others(cloud: InferenceCloud) -> None:
    text = b"no image at all"
    good, unreadable = cloud.store(png(10), text)
    (missing,) = cloud.store(png(20), keep=False)
    (altered,) = cloud.store(png(30))
    path = next((Path(cloud.settings.blob_url)).rglob(sha256_of_bytes(png(30))))
    path.write_bytes(path.read_bytes() + b"!")

    assert cloud.worker().run_batch() == 4

    assert list(cloud.answers()) == [good]
    reasons = {capture_id: str(cloud.capture(capture_id).reason) for capture_id in (unreadable, missing, altered)}
    assert "holds text" in reasons[unreadable]
    assert "missing from the blob store" in reasons[missing]
    assert "no longer those that arrived" in reasons[altered]
    assert cloud.capture(good).reason is None
    assert {cloud.capture(capture_id).state for capture_id in reasons} == {CaptureState.FAILED}
    with snapshot(cloud.engine) as session:
        results = [Result.model_validate(item.payload) for item in due(session, 0, 1, 10)]
    assert {item.capture_id: item.reason for item in results if item.kind == ResultKind.FAILURE} == reasons
    assert cloud.count(Event, Event.kind == EventKind.CAPTURE) == 4


def test_a_person_tries_again_what_has_been_mended(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(20), keep=False)
    cloud.worker().run_batch()
    cloud.blobs.put(sha256_of_bytes(png(20)), png(20))
    with transaction(cloud.engine) as session:
        retry_job(session, capture_id)

    assert cloud.worker().run_batch() == 1

    assert cloud.capture(capture_id).state == CaptureState.ANALYSED
    with snapshot(cloud.engine) as session:
        (delivery,) = due(session, 0, 1, 10)  # the failure that waited is replaced
    assert delivery.payload["kind"] == ResultKind.PREDICTION


def test_an_image_on_which_the_model_breaks_is_found_and_the_rest_is_answered(cloud: InferenceCloud) -> None:
    good, white, other = cloud.store(png(10), png(255), png(20))

    cloud.worker(NoNumberForWhite()).run_batch()

    assert set(cloud.answers()) == {good, other}
    assert cloud.capture(white).reason == "The model gave no number."


def test_a_blob_store_that_is_away_costs_no_attempt(cloud: InferenceCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    (capture_id,) = cloud.store(png(10))

    def away(_digest: str) -> bytes:
        raise TransientError("The blob store cannot be reached.")

    with monkeypatch.context() as patch:
        patch.setattr(cloud.blobs, "get", away)
        assert cloud.worker().run_batch() == 1
    job = cloud.job(capture_id)
    assert (job.state, job.attempts) == (JobState.WAITING, 0)
    assert cloud.capture(capture_id).state == CaptureState.STORED
    assert cloud.count(Delivery) == cloud.count(Event) == 0

    with transaction(cloud.engine) as session:
        session.get_one(InferenceJob, capture_id).not_before = now()
    assert cloud.worker().run_batch() == 1
    assert len(cloud.answers()[capture_id]) == 1


def test_patience_with_a_fault_that_does_not_pass_ends_with_a_person(
    cloud: InferenceCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    (capture_id,) = cloud.store(png(10))

    def away(_digest: str) -> bytes:
        raise TransientError("The blob store cannot be reached.")

    monkeypatch.setattr(cloud.blobs, "get", away)
    with transaction(cloud.engine) as session:
        session.get_one(InferenceJob, capture_id).created_at = now() - timedelta(days=2)
    cloud.worker().run_batch()

    assert cloud.capture(capture_id).state == CaptureState.FAILED
    assert cloud.capture(capture_id).reason == "The blob store cannot be reached."


def test_an_answer_that_the_model_has_given_before_stands(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(10))
    with transaction(cloud.engine) as session:
        session.add(
            Prediction(
                id=uuid4(),
                capture_id=capture_id,
                model_digest=PACKAGE.digest,
                probability=0.25,
                label=Label.NO_BLAST_FEATURES,
                runtime="fake",
            )
        )

    cloud.worker().run_batch()

    assert cloud.answers() == {capture_id: [0.25]}
    assert cloud.job(capture_id).state == JobState.DONE
    assert cloud.count(Delivery) == 0
    assert cloud.count(CustodyEntry) == 1


def test_a_claim_that_was_lost_meanwhile_is_not_written_and_the_others_are(cloud: InferenceCloud) -> None:
    taken, kept = cloud.store(png(10), png(20))

    class Usurper(FakeRuntime):
        """While it predicts, another worker claims the first capture."""

        def predict(self, batch: Pixels) -> Predictions:
            with transaction(cloud.engine) as session:
                session.get_one(InferenceJob, taken).token += 1
            return super().predict(batch)

    cloud.worker(Usurper()).run_batch()

    assert set(cloud.answers()) == {kept}
    assert cloud.job(taken).state == JobState.CLAIMED


def test_a_database_that_is_away_at_the_end_of_a_batch_costs_no_attempt(cloud: InferenceCloud) -> None:
    (capture_id,) = cloud.store(png(10))
    failures = iter([True, True])

    def fail_twice(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO prediction") and next(failures, False):
            raise OperationalError(statement, {}, ConnectionError("the server closed the connection"))

    engine: Engine = cloud.engine
    event.listen(engine, "before_cursor_execute", fail_twice)
    cloud.worker().run_batch()

    assert len(cloud.answers()[capture_id]) == 1
    assert cloud.job(capture_id).attempts == 1
    assert [(item.position, item.kind) for item in _events(cloud)] == [(1, "capture"), (2, "case")]


def _events(cloud: InferenceCloud) -> list[Event]:
    with snapshot(cloud.engine) as session:
        return list(events_after(session, 0, 100))
