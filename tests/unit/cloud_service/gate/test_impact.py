"""What a model would have said of signed cases."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from cloud_service.gate.impact import change_of, impact_of, summary_of
from cloud_service.gate.work_order import OrderedCase, OrderedImage, Said, SignedAnswer
from cloud_service.vocabulary import ImpactChange
from shared.vocabulary import CaseAnswer, Label, PersonVerdict

SUSPICIOUS, NOTHING, CANNOT_SAY = CaseAnswer.SUSPICIOUS, CaseAnswer.NO_BLAST_FEATURES, CaseAnswer.CANNOT_SAY
SIGNED_AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("verdict", "champion", "challenger", "change"),
    [
        (PersonVerdict.SUSPICIOUS, SUSPICIOUS, SUSPICIOUS, None),
        (PersonVerdict.SUSPICIOUS, SUSPICIOUS, NOTHING, ImpactChange.MISSED),
        (PersonVerdict.SUSPICIOUS, CANNOT_SAY, NOTHING, ImpactChange.MISSED),
        (PersonVerdict.SUSPICIOUS, None, NOTHING, ImpactChange.MISSED),
        (PersonVerdict.SUSPICIOUS, NOTHING, NOTHING, ImpactChange.STILL_MISSED),
        (PersonVerdict.SUSPICIOUS, NOTHING, SUSPICIOUS, ImpactChange.FOUND),
        (PersonVerdict.SUSPICIOUS, None, SUSPICIOUS, None),
        (PersonVerdict.SUSPICIOUS, SUSPICIOUS, CANNOT_SAY, ImpactChange.UNDECIDED),
        (PersonVerdict.SUSPICIOUS, CANNOT_SAY, CANNOT_SAY, None),
        (PersonVerdict.SUSPICIOUS, CANNOT_SAY, SUSPICIOUS, ImpactChange.DECIDED),
        (PersonVerdict.NO_BLAST_FEATURES, NOTHING, SUSPICIOUS, ImpactChange.ALARM),
        (PersonVerdict.NO_BLAST_FEATURES, SUSPICIOUS, SUSPICIOUS, ImpactChange.STILL_ALARM),
        (PersonVerdict.NO_BLAST_FEATURES, SUSPICIOUS, NOTHING, ImpactChange.SPARED),
        (PersonVerdict.NO_BLAST_FEATURES, NOTHING, NOTHING, None),
        (PersonVerdict.CANNOT_SAY, SUSPICIOUS, NOTHING, ImpactChange.OTHER),
        (PersonVerdict.CANNOT_SAY, SUSPICIOUS, SUSPICIOUS, None),
        (PersonVerdict.CANNOT_SAY, None, SUSPICIOUS, None),
    ],
)
def test_what_becomes_of_a_case(
    verdict: PersonVerdict, champion: CaseAnswer | None, challenger: CaseAnswer, change: ImpactChange | None
) -> None:
    assert change_of(verdict, champion, challenger) is change


def said(probability: float, *, doubted: bool = False) -> Said:
    label = Label.SUSPICIOUS if probability >= 0.5 else Label.NO_BLAST_FEATURES
    return Said(probability=probability, label=label, doubted=doubted)


def a_case(verdict: PersonVerdict, *images: UUID, days: int = 0, in_training: bool = False) -> OrderedCase:
    return OrderedCase(
        case_id=uuid4(),
        site="north",
        signed_at=SIGNED_AT + timedelta(days=days),
        verdict=verdict,
        images=[
            OrderedImage(
                capture_id=image,
                sha256="0" * 64,
                verdict=verdict is PersonVerdict.SUSPICIOUS,
                in_training=in_training,
                champion=None,
            )
            for image in images
        ],
    )


def answered(image: UUID, challenger: Said | None, champion: Said | None, fault: str | None = None) -> SignedAnswer:
    return SignedAnswer(capture_id=image, challenger=challenger, champion=champion, fault=fault)


def test_the_gravest_come_first_with_the_images_that_differ() -> None:
    one, two, three, four = (uuid4() for _ in range(4))
    found = a_case(PersonVerdict.SUSPICIOUS, one, days=3)
    alarm = a_case(PersonVerdict.NO_BLAST_FEATURES, two)
    missed = a_case(PersonVerdict.SUSPICIOUS, three, four, days=1, in_training=True)
    answers = {
        answer.capture_id: answer
        for answer in (
            answered(one, said(0.9), said(0.1)),
            answered(two, said(0.8), said(0.2)),
            answered(three, said(0.3), said(0.7)),
            answered(four, None, None, "The bytes have changed."),
        )
    }

    entries = impact_of([found, alarm, missed], answers, with_champion=True)
    summary = summary_of([found, alarm, missed], answers, entries, of_cases=7, with_champion=True)

    assert [(entry.case_id, entry.change) for entry in entries] == [
        (missed.case_id, ImpactChange.MISSED),
        (alarm.case_id, ImpactChange.ALARM),
        (found.case_id, ImpactChange.FOUND),
    ]
    assert [image.capture_id for image in entries[0].images] == [three]
    assert entries[0].trained_on
    assert (summary.cases, summary.of_cases, summary.images, summary.trained_on, summary.unreadable) == (3, 7, 4, 2, 1)
    assert (summary.suspicious, summary.challenger_found, summary.champion_found) == (2, 1, 1)
    assert summary.changes == {ImpactChange.MISSED: 1, ImpactChange.ALARM: 1, ImpactChange.FOUND: 1}


def test_a_doubted_answer_is_none_on_the_case() -> None:
    image = uuid4()
    case = a_case(PersonVerdict.SUSPICIOUS, image)
    answers = {image: answered(image, said(0.9, doubted=True), said(0.9))}

    (entry,) = impact_of([case], answers, with_champion=True)

    assert (entry.challenger_answer, entry.change) == (CANNOT_SAY, ImpactChange.UNDECIDED)


def test_without_a_champion_a_case_is_compared_with_the_person_alone() -> None:
    image = uuid4()
    case = a_case(PersonVerdict.NO_BLAST_FEATURES, image)
    answers = {image: answered(image, said(0.9), None)}

    (entry,) = impact_of([case], answers, with_champion=False)

    assert (entry.champion_answer, entry.change) == (None, ImpactChange.ALARM)
