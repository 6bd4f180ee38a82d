"""The rules by which a case's images make an answer, and by which the case stands where it stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from cloud_service.cases.standing import THUMBNAILS, Findings, Hands, Image, findings, standing, wording
from shared.imaging.quality import Verdict
from shared.vocabulary import CaptureState, CaseAnswer, CaseState, Label, WorkQueue

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def image(number: int, probability: float | None = None, **changes: Any) -> Image:
    """An image, `number` seconds after the first, analysed where it has a probability."""
    answered = probability is not None
    label = Label.SUSPICIOUS if (probability or 0.0) >= 0.5 else Label.NO_BLAST_FEATURES
    found = Image(
        id=UUID(int=number + 1),
        device="scope-1",
        smear=None,
        state=CaptureState.ANALYSED if answered else CaptureState.STORED,
        quality=Verdict.GOOD,
        announced_at=START + timedelta(seconds=number),
        label=label if answered else None,
        probability=probability,
        is_doubted=False if answered else None,
    )
    return found._replace(**changes)


FAILED: dict[str, Any] = {"state": CaptureState.FAILED}
DOUBTED: dict[str, Any] = {"is_doubted": True}


def answer_of(*images: Image) -> CaseAnswer | None:
    return findings(images).answer


@pytest.mark.parametrize(
    ("images", "answer"),
    [
        ([image(0, 0.2), image(1, 0.9), image(2)], CaseAnswer.SUSPICIOUS),  # one is enough, whatever is to come
        ([image(0, 0.9), image(1, 0.1, **DOUBTED), image(2, 0.1, **DOUBTED)], CaseAnswer.SUSPICIOUS),
        ([image(0, 0.2), image(1)], None),
        ([image(0)], None),
        ([image(0, 0.2), image(1, 0.3)], CaseAnswer.NO_BLAST_FEATURES),
        ([image(0, 0.2), image(1, **FAILED), image(2, **FAILED)], CaseAnswer.NO_BLAST_FEATURES),
        ([image(0, 0.2), image(1, 0.3, **DOUBTED)], CaseAnswer.NO_BLAST_FEATURES),  # as many doubted as judged
        ([image(0, 0.2), image(1, 0.3, **DOUBTED), image(2, 0.3, **DOUBTED)], CaseAnswer.CANNOT_SAY),
        ([image(0, 0.2), image(1, 0.2), image(2, 0.9, **DOUBTED)], CaseAnswer.CANNOT_SAY),
        ([image(0, 0.2, **DOUBTED)], CaseAnswer.CANNOT_SAY),
        ([image(0, **FAILED)], CaseAnswer.CANNOT_SAY),
        ([image(0, **FAILED), image(1)], None),
    ],
)
def test_the_answer_of_a_case(images: list[Image], answer: CaseAnswer | None) -> None:
    assert answer_of(*images) == answer
    assert answer_of(*reversed(images)) == answer


def test_an_old_answer_of_an_image_that_is_analysed_again_does_not_count() -> None:
    assert answer_of(image(0, 0.9, state=CaptureState.STORED), image(1, 0.1)) is None


def test_what_is_counted() -> None:
    found = findings(
        [
            image(0, 0.2, smear="first"),
            image(1, 0.9, **DOUBTED, quality=Verdict.DOUBTFUL),
            image(2, 0.7, device="scope-2", smear="second"),
            image(3, **FAILED, device="scope-3", quality=Verdict.UNUSABLE),
            image(4, device="scope-4"),
        ]
    )
    counted = (found.images, found.analysed_images, found.suspicious_images, found.doubted_images, found.failed_images)
    assert counted == (5, 3, 1, 1, 1)
    assert found.waiting_images == 1
    assert (found.device_id, found.smear, found.quality) == ("scope-4", "second", Verdict.UNUSABLE)
    assert (found.opened_at, found.latest_at) == (START, START + timedelta(seconds=4))
    assert found.probability == 0.7
    assert found.place == pytest.approx(0.3)
    assert found.thumbnails == [str(UUID(int=number + 1)) for number in (1, 2, 0, 3)]
    assert len(found.thumbnails) == THUMBNAILS


@pytest.mark.parametrize(
    ("images", "place"),
    [
        ([image(0)], 1.0),
        ([image(0, 0.2), image(1, 0.9, **DOUBTED)], 0.8),  # by what is not doubted
        ([image(0, 0.9, **DOUBTED)], 0.1),  # or else by all
    ],
)
def test_the_place_in_the_worklist(images: list[Image], place: float) -> None:
    assert findings(images).place == pytest.approx(place)


def test_the_reasons_are_whole_sentences_that_name_the_numbers() -> None:
    found = findings([image(0, 0.2), image(1, 0.9, **DOUBTED), image(2, 0.1, **DOUBTED), image(3, **FAILED)])
    assert found.answer == CaseAnswer.CANNOT_SAY
    assert all(reason[0].isupper() or reason[0].isdigit() for reason in found.reasons)
    assert all(reason.endswith(".") for reason in found.reasons)
    told = " ".join(found.reasons)
    for part in ("calls 1 image suspicious", "on 2 images is doubted", "doubted (2) than judged (1)", "1 image failed"):
        assert part in told
    assert findings([image(0, 0.1)]).reasons == []


def said(found: Findings) -> str:
    return wording(
        found.answer,
        images=found.images,
        analysed=found.analysed_images,
        suspicious=found.suspicious_images,
        doubted=found.doubted_images,
    )


def test_the_wording_never_says_that_somebody_is_healthy() -> None:
    assert said(findings([image(0, 0.9), image(1, 0.1)])) == "Suspicious: blast features seen in 1 of 2 images"
    judged = findings([image(0, 0.1), image(1, 0.1), image(2, 0.1, **DOUBTED)])
    assert said(judged) == "No blast features seen in 2 images"
    assert said(findings([image(0, **FAILED)])) == "The model cannot say: 1 image"
    assert said(findings([image(0), image(1, 0.1)])) == "No answer yet: 1 of 2 images analysed"


UNTOUCHED = Hands()
SIGNED = Hands(is_signed=True)


@pytest.mark.parametrize(
    ("answer", "waiting", "hands", "state", "queue"),
    [
        (None, 1, UNTOUCHED, CaseState.OPEN, WorkQueue.WAITING),
        (CaseAnswer.SUSPICIOUS, 1, UNTOUCHED, CaseState.OPEN, WorkQueue.CRITICAL),
        (CaseAnswer.SUSPICIOUS, 0, UNTOUCHED, CaseState.PRELIMINARY, WorkQueue.CRITICAL),
        (CaseAnswer.NO_BLAST_FEATURES, 0, UNTOUCHED, CaseState.PRELIMINARY, WorkQueue.ROUTINE),
        (CaseAnswer.CANNOT_SAY, 0, UNTOUCHED, CaseState.PRELIMINARY, WorkQueue.CANNOT_SAY),
        (CaseAnswer.SUSPICIOUS, 0, Hands(is_held=True), CaseState.CLAIMED, WorkQueue.CRITICAL),
        (CaseAnswer.SUSPICIOUS, 0, Hands(second_read=True), CaseState.PRELIMINARY, WorkQueue.REVIEW),
        (CaseAnswer.SUSPICIOUS, 0, SIGNED, CaseState.SIGNED, WorkQueue.DONE),
        (CaseAnswer.SUSPICIOUS, 0, replace(SIGNED, is_amended=True), CaseState.AMENDED, WorkQueue.DONE),
        (None, 1, replace(SIGNED, later_images=1), CaseState.SIGNED, WorkQueue.REVIEW),
        (None, 0, replace(SIGNED, is_held=True, later_images=1), CaseState.CLAIMED, WorkQueue.REVIEW),
    ],
)
def test_where_a_case_stands(
    answer: CaseAnswer | None, waiting: int, hands: Hands, state: CaseState, queue: WorkQueue
) -> None:
    assert standing(answer, waiting, hands) == (state, queue)
