"""What a signature comes to: refused with all that is missing, a report, or the wish for a second read."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from cloud_service.accounts.identity import Identity
from cloud_service.cases import queries
from cloud_service.cases.changes import case_to_change, short_name
from cloud_service.cases.judged_images import Reads, judged_images, obstacle, own_reading
from cloud_service.cases.judging import Decision, JudgedImage, checks, diagnosis_wording, differs
from cloud_service.cases.model_facts import facts_of
from cloud_service.cases.schemas import AmendmentRequest, ReadingView, SignatureRequest
from cloud_service.cases.service import reading_view
from cloud_service.cases.summary import case_summary
from cloud_service.errors import ConflictError
from cloud_service.models import Case, Report, now
from cloud_service.reports.content import reported
from cloud_service.reports.schemas import ReportContent
from shared.vocabulary import RESEARCH_USE_ONLY, CaseAnswer, PersonVerdict, ReportStatus


@dataclass(frozen=True, slots=True)
class Settled:
    """What is settled beforehand, so that to decide twice gives the same twice."""

    at: datetime = field(default_factory=now)
    report_id: UUID = field(default_factory=uuid4)
    reading_id: UUID = field(default_factory=uuid4)  # of an amendment that nobody has begun as a draft


@dataclass(frozen=True, slots=True)
class Decided:
    """What a signature comes to."""

    case: Case
    reading: ReadingView  # as it is signed
    images: list[JudgedImage]  # as the one who signs has judged and opened them
    content: ReportContent | None  # of the report; None: another person has to read the case first
    at: datetime


def decide(session: Session, who: Identity, case_id: UUID, request: SignatureRequest, settled: Settled) -> Decided:
    """See whether somebody may sign a case or amend its report, and what that gives; the case is locked.

    Raises:
        NotFoundError: there is no such case.
        ConflictError: it has changed, is another one's to sign, is not ready to be signed, or the digits are not its.
    """
    case = case_to_change(session, who, case_id, request.version)
    readings, reports = queries.readings_of(session, case.id), queries.reports_of(session, case.id)
    former = reports[-1] if reports else None
    _check_request(case, former, request)
    images = judged_images(session, case, readings, who.user)
    reading = _reading_to_sign(readings, who, request, settled)
    answer = CaseAnswer(case.answer) if case.answer else None
    decision = Decision(reading.verdict, reading.reason, obstacle(case, readings, who.user))
    missing = [check.text for check in checks(answer, images, decision) if not check.passed]
    if missing or reading.verdict is None:
        raise ConflictError(f"Case {short_name(case)} cannot be signed yet. {' '.join(missing)}")
    if former is None and not case.second_read and differs(answer, reading.verdict):
        return Decided(case, reading, images, None, settled.at)
    signed = [reading_view(*read) for read in readings if read[0].signed_at is not None]
    reason = request.amendment_reason if isinstance(request, AmendmentRequest) else None
    content = _content(session, case, images, [*signed, reading], former, reason)
    return Decided(case, reading, images, content, settled.at)


def _check_request(case: Case, former: Report | None, request: SignatureRequest) -> None:
    amends = isinstance(request, AmendmentRequest)
    if not case.pseudonym.startswith(request.confirmed_pseudonym):
        raise ConflictError(
            f"You confirmed {request.confirmed_pseudonym}, but this case is {short_name(case)}: nothing was signed."
        )
    if former is not None and not amends:
        raise ConflictError(f"Report {former.number} of case {short_name(case)} stands already: amend it.")
    if former is None and amends:
        raise ConflictError(f"Case {short_name(case)} has no report yet that could be amended: sign it.")


def _reading_to_sign(readings: Reads, who: Identity, request: SignatureRequest, settled: Settled) -> ReadingView:
    own = own_reading(readings, who.user)
    if own is None:
        number = readings[-1][0].number + 1 if readings else 1
        view = ReadingView(
            id=settled.reading_id,
            number=number,
            reader=who.user,
            verdict=None,
            reason=None,
            conclusion=None,
            saved_at=settled.at,
            signed_at=None,
            findings=[],
        )
    else:
        view = reading_view(*own)
    changes: dict[str, object] = {"signed_at": settled.at}
    if isinstance(request, AmendmentRequest):
        changes |= {
            "verdict": request.verdict,
            "conclusion": request.conclusion,
            "reason": request.amendment_reason,
            "saved_at": settled.at,
        }
    return view.model_copy(update=changes)


def _content(
    session: Session,
    case: Case,
    images: list[JudgedImage],
    readings: list[ReadingView],
    former: Report | None,
    amendment_reason: str | None,
) -> ReportContent:
    signed = readings[-1]
    verdict = PersonVerdict(signed.verdict or PersonVerdict.CANNOT_SAY)
    summary = case_summary(case)
    return ReportContent(
        case_id=case.id,
        site=case.site_id,
        pseudonym=case.pseudonym,
        number=former.number + 1 if former else 1,
        status=ReportStatus.AMENDED if former else ReportStatus.FINAL,
        verdict=verdict,
        wording=diagnosis_wording(verdict, images),
        reason=signed.reason,
        conclusion=signed.conclusion,
        model_answer=summary.answer,
        model_wording=summary.wording,
        model_reasons=summary.reasons,
        models=[facts_of(model) for model in queries.models_of(session, case)],
        images=reported(images),
        readings=readings,
        signed_by=signed.reader,
        signed_at=signed.signed_at,
        amendment_reason=amendment_reason,
        former_sha256=former.content_sha256 if former else None,
        notice=RESEARCH_USE_ONLY,
    )
