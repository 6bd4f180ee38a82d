"""What signed reports say of images, as labels for training, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.datasets import fates
from cloud_service.datasets.schemas import CandidateFate, LabelCandidates, LabelCandidateView
from cloud_service.web.services import Reading

router = APIRouter(prefix="/api/v1", tags=["datasets"])


@router.get("/label-candidates")
def list_label_candidates(
    _who: Annotated[Identity, requires(Permission.SEE_TRAINING)],
    session: Reading,
    fate: CandidateFate | None = None,
    after: Annotated[str | None, Query(max_length=500, description="`next` of the page before this one")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> LabelCandidates:
    """The images of signed cases, the newest signature first, and what became of each."""
    return fates.page(session, fate=fate, after=after, limit=limit)


@router.get("/cases/{case_id}/label-candidates")
def list_label_candidates_of_case(
    who: Annotated[Identity, requires(Permission.SEE_CASES)], session: Reading, case_id: UUID
) -> list[LabelCandidateView]:
    """What a case's signed report says of each image, and what became of that; none before it is signed."""
    return fates.of_case(session, who, case_id)
