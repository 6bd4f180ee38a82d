"""The system's state over HTTP, for people; supervisors ask `/api/v1/health`."""

from typing import Annotated

from fastapi import APIRouter, Request

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.system.schemas import SystemHealth
from cloud_service.system.service import system_health
from cloud_service.web.health import redis_answers
from cloud_service.web.services import Reading, services

router = APIRouter(prefix="/api/v1/system", tags=["system"])

Viewer = Annotated[Identity, requires(Permission.SEE_HEALTH)]


@router.get("")
def get_system_health(_who: Viewer, request: Request, session: Reading) -> SystemHealth:
    """What each part says of itself: queue, workers, ingest, devices, deliveries, event log, storage."""
    settings = services(request).settings
    return system_health(session, settings, redis=redis_answers(settings.redis_url.get_secret_value()))
