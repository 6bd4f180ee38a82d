"""Devices, and what was refused on the wire, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.devices import queries
from cloud_service.devices.schemas import DeviceSummary, Refusal, Refusals
from cloud_service.web.services import Reading

router = APIRouter(prefix="/api/v1", tags=["devices"])

Viewer = Annotated[Identity, requires(Permission.SEE_DEVICES)]


@router.get("/devices")
def list_devices(who: Viewer, session: Reading) -> list[DeviceSummary]:
    """Every enrolled device, by site and id."""
    return [DeviceSummary.model_validate(device) for device in queries.all_devices(session, within=who.site)]


@router.get("/refusals")
def list_refusals(who: Viewer, session: Reading, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Refusals:
    """Messages that ingest refused, newest first: nothing is dropped in silence."""
    newest = queries.newest_refusals(session, limit, within=who.site)
    return Refusals(
        total=queries.refused_messages(session, within=who.site),
        refusals=[Refusal.model_validate(refusal) for refusal in newest],
    )
