"""Is the process alive, and can the service do its work?"""

from http import HTTPStatus

import redis
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.permissions import Permission
from cloud_service.database import snapshot
from cloud_service.devices.queries import devices_online
from cloud_service.models import InferenceJob, now
from cloud_service.system.service import oldest_unclaimed_seconds
from cloud_service.web.services import services
from shared.vocabulary import JobState

router = APIRouter(prefix="/api/v1/health", tags=["health"])

_REDIS_TIMEOUT_SECONDS = 2.0


class Alive(BaseModel):
    """Says that the process answers, and nothing else: anyone may ask."""

    status: str = "alive"


class Work(BaseModel):
    """What the database says of the work at hand."""

    waiting_jobs: int
    failed_jobs: int
    oldest_unclaimed_seconds: float | None
    """Age of the job that has waited longest though it may be claimed; it grows where no worker is alive."""
    devices_online: int


class Readiness(BaseModel):
    """Whether the servers that the API needs answer."""

    ready: bool
    database: bool
    redis: bool
    """Without it results come later (by sweep and poll), but they come."""
    work: Work | None


@router.get("")
def alive() -> Alive:
    """Liveness, for supervisors and load balancers; needs no log-in."""
    return Alive()


@router.get("/ready", dependencies=[requires(Permission.SEE_QUEUE)], responses={503: {"model": Readiness}})
def ready(request: Request, response: Response) -> Readiness:
    """Readiness and the state of the queue; 503 without the database."""
    held = services(request)
    try:
        with snapshot(held.engine) as session:
            work = _work(session)
    except OperationalError:
        work = None
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    answers = redis_answers(held.settings.redis_url.get_secret_value())
    return Readiness(ready=work is not None, database=work is not None, redis=answers, work=work)


def _work(session: Session) -> Work:
    waiting = InferenceJob.state == JobState.WAITING
    return Work(
        waiting_jobs=session.scalar(select(func.count()).where(waiting)) or 0,
        failed_jobs=session.scalar(select(func.count()).where(InferenceJob.state == JobState.FAILED)) or 0,
        oldest_unclaimed_seconds=oldest_unclaimed_seconds(session, now()),
        devices_online=devices_online(session),
    )


def redis_answers(url: str) -> bool:
    """Whether the Redis at this URL answers within a moment."""
    client = redis.Redis.from_url(
        url, socket_timeout=_REDIS_TIMEOUT_SECONDS, socket_connect_timeout=_REDIS_TIMEOUT_SECONDS
    )
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        client.close()
