"""What must be so before a case is signed: rules alone, without a database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cloud_service.cases.schemas import SignatureCheck
from shared.vocabulary import CaptureState, CaseAnswer, Label, PersonVerdict
from shared.wording import counted


@dataclass(frozen=True, slots=True)
class JudgedImage:
    """One image of a case: what the model says of it, and what the reader does."""

    capture_id: UUID
    sha256: str
    captured_at: datetime
    state: CaptureState
    label: Label | None = None
    probability: float | None = None
    doubts: tuple[str, ...] = ()
    model_digest: str | None = None
    is_opened: bool = False  # by the reader
    verdict: PersonVerdict | None = None
    reason: str | None = None

    @property
    def models_word(self) -> Label | None:
        """The model's answer where nothing speaks against it."""
        return None if self.doubts or self.state is not CaptureState.ANALYSED else self.label

    @property
    def standing_verdict(self) -> str | None:
        """What is said of the image in the end: the reader's verdict, else the model's undoubted answer."""
        return self.verdict or self.models_word

    @property
    def is_suspicious(self) -> bool:
        """Whether anybody calls it suspicious, the model in doubt among them: so it has to be looked at."""
        return Label.SUSPICIOUS in {self.label, self.verdict}

    @property
    def lacks_a_reason(self) -> bool:
        """Whether the reader contradicts the model without saying why."""
        return differs(self.models_word, self.verdict) and not self.reason

    def is_resolved(self, case_verdict: PersonVerdict) -> bool:
        """Whether a person has judged it, or the model has and the case's verdict agrees with that."""
        if self.verdict is not None:
            return True
        return self.models_word is not None and (
            self.models_word is Label.NO_BLAST_FEATURES or case_verdict is PersonVerdict.SUSPICIOUS
        )

    @property
    def lacking(self) -> str:
        """Why the model's answer cannot stand in the place of a verdict."""
        if self.state is CaptureState.FAILED:
            return "whose analysis failed"
        if self.state is not CaptureState.ANALYSED or self.label is None:
            return "without an answer of the model"
        return "whose answer is doubted" if self.doubts else "that the model calls suspicious"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reader says of the whole case, and whether it is this reader's turn."""

    verdict: PersonVerdict | None
    reason: str | None  # why it differs from the model's answer
    obstacle: str | None = None  # why this reader may not sign at all


def differs(answer: CaseAnswer | Label | None, verdict: PersonVerdict | None) -> bool:
    """Whether a person's verdict contradicts a model that has said something; where it cannot say, nothing does."""
    if answer is None or verdict is None or answer is CaseAnswer.CANNOT_SAY:
        return False
    return answer.value != verdict.value


def checks(answer: CaseAnswer | None, images: Sequence[JudgedImage], decision: Decision) -> list[SignatureCheck]:
    """All that must be so before the reader may sign, apart from the identity, which is confirmed on signing."""
    return [
        _check(decision.obstacle is None, "It is your turn to sign.", decision.obstacle or ""),
        _verdict_check(decision),
        _opened_check(images),
        _resolved_check(images, decision.verdict),
        _agreement_check(images, decision.verdict),
        _reasons_check(answer, images, decision),
    ]


def diagnosis_wording(verdict: PersonVerdict, images: Sequence[JudgedImage]) -> str:
    """The diagnosis for people, with the number of images; never that somebody is healthy."""
    verdicts = [image.standing_verdict for image in images]
    match verdict:
        case PersonVerdict.SUSPICIOUS:
            seen = verdicts.count(PersonVerdict.SUSPICIOUS)
            return f"Suspicious: blast features seen in {seen} of {counted(len(images), 'image')}"
        case PersonVerdict.NO_BLAST_FEATURES:
            return f"No blast features seen in {counted(verdicts.count(PersonVerdict.NO_BLAST_FEATURES), 'image')}"
    return f"{verdict.wording} ({counted(len(images), 'image')} looked at)"


def _check(passed: bool, done: str, missing: str) -> SignatureCheck:  # noqa: FBT001 - what a check is about
    return SignatureCheck(passed=passed, text=done if passed else missing)


def _verdict_check(decision: Decision) -> SignatureCheck:
    return _check(decision.verdict is not None, "The case has your verdict.", "Say what you find in the whole case.")


def _opened_check(images: Sequence[JudgedImage]) -> SignatureCheck:
    suspicious = [image for image in images if image.is_suspicious]
    closed = sum(not image.is_opened for image in suspicious)
    return _check(
        not closed,
        "You have opened every suspicious image." if suspicious else "No image is called suspicious.",
        f"Open every suspicious image: {closed} of {len(suspicious)} not yet opened.",
    )


def _resolved_check(images: Sequence[JudgedImage], verdict: PersonVerdict | None) -> SignatureCheck:
    # Before there is a verdict of the case, it is taken to be the one that asks least.
    open_ones = [image for image in images if not image.is_resolved(verdict or PersonVerdict.SUSPICIOUS)]
    kinds = _counts(image.lacking for image in open_ones)
    return _check(
        not open_ones,
        "Every image has your verdict, or an answer of the model that yours agrees with.",
        f"Give your verdict on {counted(len(open_ones), 'image')}: {kinds}.",
    )


def _agreement_check(images: Sequence[JudgedImage], verdict: PersonVerdict | None) -> SignatureCheck:
    said = [image.standing_verdict for image in images]
    faults = {
        PersonVerdict.SUSPICIOUS: (
            PersonVerdict.SUSPICIOUS not in said,
            "You call the case suspicious, but no image: mark those in which you see blast features.",
        ),
        PersonVerdict.NO_BLAST_FEATURES: (
            # Where it is the model that calls an image suspicious, the check for verdicts on images says so.
            any(image.verdict is PersonVerdict.SUSPICIOUS for image in images)
            or PersonVerdict.NO_BLAST_FEATURES not in said,
            "You see no blast features in the case, but call an image suspicious, or none of them free of such.",
        ),
    }
    is_wrong, fault = faults.get(verdict, (False, "")) if verdict else (False, "")
    return _check(not is_wrong, "Your verdicts on the images agree with that on the case.", fault)


def _reasons_check(answer: CaseAnswer | None, images: Sequence[JudgedImage], decision: Decision) -> SignatureCheck:
    missing = sum(image.lacks_a_reason for image in images)
    places = [counted(missing, "image")] if missing else []
    if differs(answer, decision.verdict) and not decision.reason:
        places.insert(0, "the case")
    return _check(
        not places,
        "Where you differ from the model, you say why.",
        f"Say why you differ from the model: {' and '.join(places)}.",
    )


def _counts(kinds: Iterable[str]) -> str:
    found: dict[str, int] = {}
    for kind in kinds:
        found[kind] = found.get(kind, 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in found.items())
