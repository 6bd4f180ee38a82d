"""What a model would have said of cases that people have signed: rules alone, without a database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from cloud_service.cases.standing import answer_of
from cloud_service.gate.schemas import ImpactEntry, ImpactImage, ImpactSummary
from cloud_service.gate.work_order import OrderedCase, OrderedImage, Said, SignedAnswer
from cloud_service.vocabulary import ImpactChange
from shared.vocabulary import CaseAnswer, Label, PersonVerdict

MOST_IMAGES: Final = 20
"""So many images of one case are named."""
_GRAVEST_FIRST: Final = {change: rank for rank, change in enumerate(ImpactChange)}
_Answers = Mapping[UUID, SignedAnswer]

_RIGHT: Final = {
    PersonVerdict.SUSPICIOUS: CaseAnswer.SUSPICIOUS,
    PersonVerdict.NO_BLAST_FEATURES: CaseAnswer.NO_BLAST_FEATURES,
}
_WRONG: Final = {  # now, as before, and what it is when it is put right
    PersonVerdict.SUSPICIOUS: (ImpactChange.MISSED, ImpactChange.STILL_MISSED, ImpactChange.FOUND),
    PersonVerdict.NO_BLAST_FEATURES: (ImpactChange.ALARM, ImpactChange.STILL_ALARM, ImpactChange.SPARED),
}


def impact_of(cases: Sequence[OrderedCase], answers: _Answers, *, with_champion: bool) -> list[ImpactEntry]:
    """The cases that the challenger calls otherwise than the person or the champion, the gravest first.

    Args:
        cases: signed ones.
        answers: of both models, by capture id.
        with_champion: whether there is one to compare with.
    """
    entries = []
    for case in cases:
        challenger = _answer(case, answers, of_champion=False)
        champion = _answer(case, answers, of_champion=True) if with_champion else None
        change = change_of(case.verdict, champion, challenger)
        if change is not None:
            entries.append(_entry(case, answers, change, champion, challenger))
    return sorted(entries, key=lambda entry: (_GRAVEST_FIRST[entry.change], -entry.signed_at.timestamp()))


def summary_of(
    cases: Sequence[OrderedCase],
    answers: _Answers,
    entries: Sequence[ImpactEntry],
    *,
    of_cases: int,
    with_champion: bool,
) -> ImpactSummary:
    """How many cases were looked at, and what came of them.

    Args:
        cases: that were looked at.
        answers: of both models, by capture id.
        entries: what `impact_of` made of them.
        of_cases: how many signed ones there are.
        with_champion: whether there is one to compare with.
    """
    images = [image for case in cases for image in case.images]
    suspicious = [case for case in cases if case.verdict is PersonVerdict.SUSPICIOUS]

    def found(*, of_champion: bool) -> int:
        return sum(_answer(case, answers, of_champion=of_champion) is CaseAnswer.SUSPICIOUS for case in suspicious)

    return ImpactSummary(
        cases=len(cases),
        of_cases=of_cases,
        images=len(images),
        trained_on=sum(image.in_training for image in images),
        unreadable=sum(answer.fault is not None for answer in answers.values()),
        suspicious=len(suspicious),
        challenger_found=found(of_champion=False),
        champion_found=found(of_champion=True) if with_champion else None,
        changes=dict(Counter(entry.change for entry in entries)),
    )


def change_of(verdict: PersonVerdict, champion: CaseAnswer | None, challenger: CaseAnswer) -> ImpactChange | None:
    """What becomes of a case; None: nothing, or it was and is called as the person does.

    Args:
        verdict: the person's, signed.
        champion: what the model in service says; None: there is none.
        challenger: what the other one says.
    """
    right = _RIGHT.get(verdict)
    if right is None:
        return None if champion in (None, challenger) else ImpactChange.OTHER
    now, as_before, put_right = _WRONG[verdict]
    if challenger is CaseAnswer.CANNOT_SAY:
        return None if champion is CaseAnswer.CANNOT_SAY else ImpactChange.UNDECIDED
    if challenger is not right:
        return as_before if champion is challenger else now
    if champion in (None, right):
        return None
    return ImpactChange.DECIDED if champion is CaseAnswer.CANNOT_SAY else put_right


def _answer(case: OrderedCase, answers: _Answers, *, of_champion: bool) -> CaseAnswer:
    said = [_said(answers[image.capture_id], of_champion=of_champion) for image in case.images]
    return answer_of([None if answer is None else (answer.label, answer.doubted) for answer in said])


def _said(answer: SignedAnswer, *, of_champion: bool) -> Said | None:
    return answer.champion if of_champion else answer.challenger


def _entry(
    case: OrderedCase,
    answers: _Answers,
    change: ImpactChange,
    champion: CaseAnswer | None,
    challenger: CaseAnswer,
) -> ImpactEntry:
    images = [_image(image, answers[image.capture_id]) for image in case.images]
    return ImpactEntry(
        case_id=case.case_id,
        site=case.site,
        signed_at=case.signed_at,
        verdict=case.verdict,
        champion_answer=champion,
        challenger_answer=challenger,
        change=change,
        trained_on=any(image.in_training for image in case.images),
        images=[image for image in images if image is not None][:MOST_IMAGES],
    )


def _image(image: OrderedImage, answer: SignedAnswer) -> ImpactImage | None:
    """An image that the two say different things of, or the challenger and the person; None: they do not."""
    challenger, champion = answer.challenger, answer.champion
    if challenger is None:
        return None
    differs_from_champion = champion is not None and (champion.label, champion.doubted) != (
        challenger.label,
        challenger.doubted,
    )
    differs_from_person = image.verdict is not None and image.verdict is not (challenger.label is Label.SUSPICIOUS)
    if not (differs_from_champion or differs_from_person or challenger.doubted):
        return None
    return ImpactImage(
        capture_id=image.capture_id,
        verdict=image.verdict,
        challenger_label=challenger.label,
        challenger_probability=challenger.probability,
        challenger_doubted=challenger.doubted,
        champion_label=champion.label if champion else None,
        champion_probability=champion.probability if champion else None,
        champion_doubted=champion.doubted if champion else None,
    )
