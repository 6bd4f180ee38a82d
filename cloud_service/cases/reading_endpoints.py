"""Reading, signing and amending a case over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.cases import readings, signing
from cloud_service.cases.schemas import (
    AmendmentRequest,
    CaseChange,
    CaseDetail,
    ImageFindingDraft,
    ReadingDraft,
    SavedReading,
    SignatureRequest,
)
from cloud_service.database import transaction
from cloud_service.reports.store import pdf_keeper
from cloud_service.web.services import services

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])

Reader = Annotated[Identity, requires(Permission.READ_CASES)]


@router.put("/{case_id}/reading")
def save_reading(who: Reader, request: Request, case_id: UUID, draft: ReadingDraft) -> CaseDetail:
    """Keep what the holder of a case has decided so far."""
    held = services(request)
    with transaction(held.engine) as session:
        detail = readings.save_reading(session, who, case_id, draft)
    held.notifier.changes()
    return detail


@router.put("/{case_id}/images/{capture_id}/finding")
def save_finding(
    who: Reader, request: Request, case_id: UUID, capture_id: UUID, draft: ImageFindingDraft
) -> SavedReading:
    """Keep what the holder of a case says of one image; without a verdict, what was said is taken back."""
    held = services(request)
    with transaction(held.engine) as session:
        saved = readings.save_finding(session, who, case_id, capture_id, draft)
    held.notifier.changes()
    return saved


@router.post("/{case_id}/images/{capture_id}/opened")
def note_opened(who: Reader, request: Request, case_id: UUID, capture_id: UUID, change: CaseChange) -> SavedReading:
    """Note that the holder of a case has opened one of its images; the version is neither compared nor raised."""
    del change  # of the one form that all changes of a case have
    with transaction(services(request).engine) as session:
        return readings.note_opened(session, who, case_id, capture_id)


@router.post("/{case_id}/signature")
def sign_case(who: Reader, request: Request, case_id: UUID, signature: SignatureRequest) -> CaseDetail:
    """Sign the holder's reading: a report, or where it differs from the model the wish for a second read."""
    return _signed(request, who, case_id, signature)


@router.post("/{case_id}/amendment")
def amend_report(who: Reader, request: Request, case_id: UUID, amendment: AmendmentRequest) -> CaseDetail:
    """Put another report in the place of the signed one, which is kept."""
    return _signed(request, who, case_id, amendment)


def _signed(request: Request, who: Identity, case_id: UUID, wanted: SignatureRequest) -> CaseDetail:
    held = services(request)
    detail = signing.sign(held.engine, pdf_keeper(held.blobs, held.settings), who, case_id, wanted)
    held.notifier.changes()
    return detail
