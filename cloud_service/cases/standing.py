"""What a case's images say together, and where the case stands by that: rules alone, without a database.

An answer of the whole case is given once no image can change it any more: at the first suspicious one, or else when
every image has its answer or has failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.imaging.quality import Verdict
from shared.vocabulary import CaptureState, CaseAnswer, CaseState, Label, WorkQueue
from shared.wording import counted

THUMBNAILS = 4
_WORST_LAST = {verdict.value: rank for rank, verdict in enumerate(Verdict)}


class Image(NamedTuple):
    """One image of a case, with the newest answer of a model, where it has one."""

    id: UUID
    device: str
    smear: str | None
    state: str
    quality: str
    announced_at: datetime
    label: str | None
    probability: float | None
    is_doubted: bool | None

    @property
    def suspicion(self) -> tuple[float, UUID]:
        """Ascending, the most suspicious first; those without an answer last."""
        return (2.0 if self.probability is None else -self.probability, self.id)


class Findings(NamedTuple):
    """What is worked out from the images alone; the names are those of the case's columns."""

    device_id: str
    smear: str | None
    opened_at: datetime
    latest_at: datetime
    images: int
    analysed_images: int
    suspicious_images: int
    doubted_images: int
    failed_images: int
    answer: CaseAnswer | None
    reasons: list[str]
    place: float
    probability: float | None
    quality: Verdict
    thumbnails: list[str]

    @property
    def waiting_images(self) -> int:
        """Images whose answer is still to come."""
        return self.images - self.analysed_images - self.failed_images


@dataclass(frozen=True, slots=True)
class Hands:
    """What people have done to a case."""

    is_held: bool = False
    is_signed: bool = False
    is_amended: bool = False
    second_read: bool = False
    later_images: int = 0


def findings(images: Sequence[Image]) -> Findings:
    """Sum up a case's images, at least one; refused ones and those on their way are none of them."""
    in_time = sorted(images, key=lambda image: (image.announced_at, image.id))
    answered = [image for image in images if image.state == CaptureState.ANALYSED and image.probability is not None]
    judged = [image for image in answered if not image.is_doubted]
    suspicious = sum(image.label == Label.SUSPICIOUS for image in judged)
    highest = max((image.probability or 0.0 for image in judged), default=None)
    counts = _Counts(
        images=len(images),
        judged=len(judged),
        suspicious=suspicious,
        doubted=len(answered) - len(judged),
        doubted_suspicious=sum(image.label == Label.SUSPICIOUS for image in answered) - suspicious,
        failed=sum(image.state == CaptureState.FAILED for image in images),
    )
    answer = _answer(counts)
    return Findings(
        device_id=in_time[-1].device,
        smear=next((image.smear for image in reversed(in_time) if image.smear), None),
        opened_at=in_time[0].announced_at,
        latest_at=in_time[-1].announced_at,
        images=counts.images,
        analysed_images=len(answered),
        suspicious_images=counts.suspicious,
        doubted_images=counts.doubted,
        failed_images=counts.failed,
        answer=answer,
        reasons=_reasons(answer, counts),
        place=1.0 - (max((i.probability or 0.0 for i in answered), default=0.0) if highest is None else highest),
        probability=highest,
        quality=Verdict(max((image.quality for image in images), key=_WORST_LAST.__getitem__)),
        thumbnails=[str(image.id) for image in sorted(images, key=lambda image: image.suspicion)[:THUMBNAILS]],
    )


def standing(answer: CaseAnswer | None, waiting_images: int, hands: Hands) -> tuple[CaseState, WorkQueue]:
    """Where a case stands, and in which part of the worklist."""
    return _state(waiting_images, hands), _queue(answer, hands)


def wording(answer: CaseAnswer | None, *, images: int, analysed: int, suspicious: int, doubted: int) -> str:
    """The answer for people. It says what was seen in how many images, never that somebody is healthy."""
    match answer:
        case CaseAnswer.SUSPICIOUS:
            return f"Suspicious: blast features seen in {suspicious} of {counted(images, 'image')}"
        case CaseAnswer.NO_BLAST_FEATURES:
            return f"No blast features seen in {counted(analysed - doubted, 'image')}"
        case CaseAnswer.CANNOT_SAY:
            return f"The model cannot say: {counted(images, 'image')}"
    return f"No answer yet: {analysed} of {counted(images, 'image')} analysed"


def answer_of(said: Sequence[tuple[Label, bool] | None]) -> CaseAnswer:
    """What a model's answers on all images of a case say together, when none is still to come.

    Args:
        said: of each image the label, and whether it is doubted; None: the model could not judge it.
    """
    given = [answer for answer in said if answer is not None]
    judged = [label for label, is_doubted in given if not is_doubted]
    suspicious = judged.count(Label.SUSPICIOUS)
    counts = _Counts(
        images=len(said),
        judged=len(judged),
        suspicious=suspicious,
        doubted=len(given) - len(judged),
        doubted_suspicious=sum(label is Label.SUSPICIOUS for label, _ in given) - suspicious,
        failed=len(said) - len(given),
    )
    answer = _answer(counts)
    assert answer is not None  # noqa: S101 - no image is still to be answered
    return answer


@dataclass(frozen=True, slots=True)
class _Counts:
    images: int
    judged: int  # answered, and nothing speaks against the answer
    suspicious: int  # of those
    doubted: int
    doubted_suspicious: int  # of those, such whose own label is suspicious
    failed: int

    @property
    def waiting(self) -> int:
        return self.images - self.judged - self.doubted - self.failed


def _answer(counts: _Counts) -> CaseAnswer | None:
    if counts.suspicious:
        return CaseAnswer.SUSPICIOUS
    if counts.waiting:
        return None
    if not counts.judged or counts.doubted_suspicious or counts.doubted > counts.judged:
        return CaseAnswer.CANNOT_SAY
    return CaseAnswer.NO_BLAST_FEATURES


def _reasons(answer: CaseAnswer | None, counts: _Counts) -> list[str]:
    """Why the answer is what it is, in whole sentences."""
    said = []
    if answer is CaseAnswer.SUSPICIOUS:
        said.append(
            f"The model saw blast features in {counted(counts.suspicious, 'image')}, and nothing speaks against that."
        )
    if answer is CaseAnswer.CANNOT_SAY and not counts.judged:
        said.append("The model could judge no image.")
    if counts.doubted_suspicious:
        said.append(
            f"The model calls {counted(counts.doubted_suspicious, 'image')} suspicious, but that answer is doubted."
        )
    if counts.doubted:
        said.append(f"The model's answer on {counted(counts.doubted, 'image')} is doubted and does not count.")
    if answer is CaseAnswer.CANNOT_SAY and counts.doubted > counts.judged > 0:
        said.append(f"More images are doubted ({counts.doubted}) than judged ({counts.judged}).")
    if counts.failed:
        said.append(
            f"The analysis of {counted(counts.failed, 'image')} failed: look at the image, or have it analysed again."
        )
    if counts.waiting:
        said.append(f"{counted(counts.waiting, 'image')} still to be analysed.")
    return said


def _state(waiting_images: int, hands: Hands) -> CaseState:
    if hands.is_held:
        return CaseState.CLAIMED
    if hands.is_signed:
        return CaseState.AMENDED if hands.is_amended else CaseState.SIGNED
    return CaseState.OPEN if waiting_images else CaseState.PRELIMINARY


_QUEUES = {
    CaseAnswer.SUSPICIOUS: WorkQueue.CRITICAL,
    CaseAnswer.NO_BLAST_FEATURES: WorkQueue.ROUTINE,
    CaseAnswer.CANNOT_SAY: WorkQueue.CANNOT_SAY,
    None: WorkQueue.WAITING,
}


def _queue(answer: CaseAnswer | None, hands: Hands) -> WorkQueue:
    if hands.second_read or (hands.is_signed and hands.later_images):
        return WorkQueue.REVIEW
    return WorkQueue.DONE if hands.is_signed else _QUEUES[answer]
