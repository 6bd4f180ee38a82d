"""What a signed report says of each image: a label that models may be trained on, or the reason why it gives none.

A label is a person's word: a verdict on the image itself, or the signed verdict on the case where the person has opened
the image and agrees with the model's undoubted answer. A model's answer alone is never a label.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cloud_service.cases.judging import JudgedImage, differs
from cloud_service.database import upsert
from cloud_service.models import Case, LabelCandidate, Report
from shared.vocabulary import CaptureState, PersonVerdict

_LABELS = {PersonVerdict.SUSPICIOUS: True, PersonVerdict.NO_BLAST_FEATURES: False}
_ROWS_AT_ONCE = 500  # of one statement, which takes so many parameters and no more


@dataclass(frozen=True, slots=True)
class Judgement:
    """The label of an image, or why it has none; one of the two is None."""

    is_all: bool | None
    excluded_because: str | None


def judgement_of(image: JudgedImage, case_verdict: PersonVerdict) -> Judgement:
    """What an image teaches.

    Args:
        image: as the one who signed has judged and opened it.
        case_verdict: what was signed of the whole case.
    """
    if image.verdict is not None:
        if image.verdict in _LABELS:
            return Judgement(_LABELS[image.verdict], None)
        return Judgement(None, f"The verdict on this image is “{image.verdict.wording}”, which is no label.")
    reason = _why_not(image, case_verdict)
    return Judgement(None, reason) if reason else Judgement(_LABELS[case_verdict], None)


def write_candidates(session: Session, case: Case, report: Report, images: Sequence[JudgedImage]) -> None:
    """Write what a report says of each image, in the transaction that signs it; what an earlier one said is replaced.

    Args:
        session: the transaction.
        case: that was signed.
        report: the new one.
        images: of the case, as the one who signed has judged and opened them.
    """
    verdict = PersonVerdict(report.content["verdict"])
    rows = []
    for image in images:
        judgement = judgement_of(image, verdict)
        rows.append(
            {
                "capture_id": image.capture_id,
                "case_id": case.id,
                "report_id": report.id,
                "site_id": case.site_id,
                "is_all": judgement.is_all,
                "excluded_because": judgement.excluded_because,
                "signed_at": report.signed_at,
            }
        )
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        added = upsert(session, LabelCandidate).values(rows[start : start + _ROWS_AT_ONCE])
        replaced = ("report_id", "is_all", "excluded_because", "signed_at")
        session.execute(
            added.on_conflict_do_update(
                index_elements=[LabelCandidate.capture_id], set_={name: added.excluded[name] for name in replaced}
            )
        )


def _why_not(image: JudgedImage, case_verdict: PersonVerdict) -> str | None:
    """Why the case's verdict is no label of an image that nobody gave a verdict on; None: it is one."""
    signed = f"The case was signed as “{case_verdict.wording}”"
    silent = "and nobody gave a verdict on the image."
    said = f"the model calls this image “{image.label.wording}”" if image.label else ""
    reasons = (
        (image.state is CaptureState.FAILED, f"Its analysis failed, {silent}"),
        (image.label is None, f"No model has answered, {silent}"),
        (bool(image.doubts), f"The model's answer is doubted, {silent}"),
        (case_verdict not in _LABELS, f"{signed}, {silent}"),
        (differs(image.label, case_verdict), f"{signed}, {said}, {silent}"),
        (not image.is_opened, "Who signed the case has neither opened this image nor given a verdict on it."),
    )
    return next((reason for holds, reason in reasons if holds), None)
