"""Devices, and what was refused on the wire, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from cloud_service.accounts.dependencies import Access
from cloud_service.devices import queries
from cloud_service.devices.schemas import DeviceSummary, Refusal, Refusals
from cloud_service.web.services import Reading

router = APIRouter(prefix="/api", tags=["devices"], dependencies=[Access])


@router.get("/devices")
def list_devices(session: Reading) -> list[DeviceSummary]:
    """Every enrolled device, by site and id."""
    return [DeviceSummary.model_validate(device) for device in queries.all_devices(session)]


@router.get("/refusals")
def list_refusals(session: Reading, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Refusals:
    """Messages that ingest refused, newest first: nothing is dropped in silence."""
    newest = [Refusal.model_validate(refusal) for refusal in queries.newest_refusals(session, limit)]
    return Refusals(total=queries.refused_messages(session), refusals=newest)
