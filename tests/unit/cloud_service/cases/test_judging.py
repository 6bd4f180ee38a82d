"""The rules of signing, without a database."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_service.cases.judging import Decision, JudgedImage, checks, diagnosis_wording, differs
from shared.vocabulary import CaptureState, CaseAnswer, Label, PersonVerdict

DOUBT = ("Unlike the images of the training.",)
TAKEN_AT = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
SEEN, UNSEEN = PersonVerdict.SUSPICIOUS, PersonVerdict.NO_BLAST_FEATURES
CASE_VERDICTS = [verdict for verdict in PersonVerdict if verdict is not PersonVerdict.NOT_EVALUABLE]


def image(
    label: Label | None = Label.NO_BLAST_FEATURES,
    verdict: PersonVerdict | None = None,
    *,
    doubts: tuple[str, ...] = (),
    state: CaptureState = CaptureState.ANALYSED,
    reason: str | None = None,
    is_opened: bool = True,
) -> JudgedImage:
    probability = {Label.SUSPICIOUS: 0.9, Label.NO_BLAST_FEATURES: 0.1, None: None}[label]
    return JudgedImage(
        UUID(int=1), "0" * 64, TAKEN_AT, state, label, probability, doubts, "d" * 64, is_opened, verdict, reason
    )


def may_sign(answer: CaseAnswer | None, decision: Decision, *images: JudgedImage) -> bool:
    return all(check.passed for check in checks(answer, images, decision))


@pytest.mark.parametrize(
    ("judged", "resolved_by"),
    [
        (image(Label.SUSPICIOUS), {SEEN}),
        (image(), set(CASE_VERDICTS)),
        (image(doubts=DOUBT), set()),
        (image(Label.SUSPICIOUS, doubts=DOUBT), set()),
        (image(None, state=CaptureState.FAILED), set()),
        (image(None, state=CaptureState.STORED), set()),
        (image(Label.SUSPICIOUS, state=CaptureState.STORED), set()),  # its analysis is tried again
        (image(None, PersonVerdict.NOT_EVALUABLE, state=CaptureState.FAILED), set(CASE_VERDICTS)),
    ],
)
def test_which_verdicts_of_the_case_a_models_answer_can_stand_under(
    judged: JudgedImage, resolved_by: set[PersonVerdict]
) -> None:
    assert {verdict for verdict in CASE_VERDICTS if judged.is_resolved(verdict)} == resolved_by


@pytest.mark.parametrize(
    ("answer", "verdict", "wanted"),
    [
        (CaseAnswer.SUSPICIOUS, SEEN, False),
        (CaseAnswer.SUSPICIOUS, UNSEEN, True),
        (CaseAnswer.SUSPICIOUS, PersonVerdict.CANNOT_SAY, True),
        (CaseAnswer.NO_BLAST_FEATURES, SEEN, True),
        (CaseAnswer.CANNOT_SAY, SEEN, False),
        (CaseAnswer.CANNOT_SAY, UNSEEN, False),
        (None, SEEN, False),
        (CaseAnswer.SUSPICIOUS, None, False),
    ],
)
def test_only_a_model_that_has_said_something_can_be_contradicted(
    answer: CaseAnswer | None, verdict: PersonVerdict | None, *, wanted: bool
) -> None:
    assert differs(answer, verdict) is wanted


def test_a_doubted_answer_needs_no_reason_to_be_overruled_and_an_undoubted_one_does() -> None:
    assert not image(Label.SUSPICIOUS, UNSEEN, doubts=DOUBT).lacks_a_reason
    assert image(Label.SUSPICIOUS, UNSEEN).lacks_a_reason
    assert not image(Label.SUSPICIOUS, UNSEEN, reason="Lymphocytes.").lacks_a_reason
    assert not image(Label.SUSPICIOUS, SEEN).lacks_a_reason


def test_a_doubted_suspicious_image_has_to_be_opened_too() -> None:
    closed = image(Label.SUSPICIOUS, UNSEEN, doubts=DOUBT, is_opened=False)
    assert not may_sign(None, Decision(UNSEEN, None), image(), closed)
    assert may_sign(None, Decision(UNSEEN, None), image(), image(Label.SUSPICIOUS, UNSEEN, doubts=DOUBT))


def test_a_case_of_images_that_nobody_can_evaluate_is_not_free_of_blasts() -> None:
    blurred = image(None, PersonVerdict.NOT_EVALUABLE, state=CaptureState.FAILED)
    assert not may_sign(None, Decision(UNSEEN, None), blurred)
    assert may_sign(None, Decision(PersonVerdict.CANNOT_SAY, None), blurred)


def test_the_wording_counts_what_was_judged() -> None:
    images = [image(Label.SUSPICIOUS), image(), image(verdict=SEEN), image(verdict=PersonVerdict.NOT_EVALUABLE)]
    assert diagnosis_wording(SEEN, images) == "Suspicious: blast features seen in 2 of 4 images"
    assert diagnosis_wording(UNSEEN, images[1:2]) == "No blast features seen in 1 image"
    assert diagnosis_wording(UNSEEN, [*images[1:2], *images[3:]]) == "No blast features seen in 1 image"
    assert diagnosis_wording(PersonVerdict.CANNOT_SAY, images) == (
        "Cannot say: a new smear is wanted (4 images looked at)"
    )


images_of_any_kind = st.builds(
    image,
    st.sampled_from([*Label, None]),
    st.sampled_from([*PersonVerdict, None]),
    doubts=st.sampled_from([(), DOUBT]),
    state=st.sampled_from([CaptureState.STORED, CaptureState.ANALYSED, CaptureState.FAILED]),
    reason=st.sampled_from(["Why.", None]),
    is_opened=st.booleans(),
)
decisions = st.builds(
    Decision,
    st.sampled_from([*CASE_VERDICTS, None]),
    st.sampled_from(["Why.", None]),
    st.sampled_from(["Another one holds it.", None]),
)


@given(st.sampled_from([*CaseAnswer, None]), decisions, st.lists(images_of_any_kind, max_size=5))
def test_what_is_signed_is_safe_whatever_the_images_are(
    answer: CaseAnswer | None, decision: Decision, images: list[JudgedImage]
) -> None:
    if not may_sign(answer, decision, *images):
        return
    assert decision.verdict is not None
    assert decision.obstacle is None
    assert all(found.is_opened for found in images if Label.SUSPICIOUS in {found.label, found.verdict})
    # No doubted answer, no failed analysis and none that is still to come decides anything.
    assert all(found.verdict is not None or found.models_word is not None for found in images)
    if decision.verdict is UNSEEN:
        assert all(found.standing_verdict != Label.SUSPICIOUS for found in images)
        assert any(found.standing_verdict == Label.NO_BLAST_FEATURES for found in images)
    if decision.verdict is SEEN:
        assert any(found.standing_verdict == Label.SUSPICIOUS for found in images)
    if differs(answer, decision.verdict):
        assert decision.reason
