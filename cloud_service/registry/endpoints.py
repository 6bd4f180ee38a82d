"""Model versions over HTTP: what there is, what is in service where, and the way back."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.database import transaction
from cloud_service.registry import queries, reanalysis, service
from cloud_service.registry.packages import MAX_PACKAGE_BYTES
from cloud_service.registry.schemas import (
    ActivationView,
    ModelDetail,
    ModelSummary,
    Reanalysis,
    ReanalysisOffer,
    ReanalysisRequest,
    RejectRequest,
    Rollback,
    RollbackRequest,
    Scope,
    ShadowRequest,
    ShadowRunView,
    ShadowSummary,
)
from cloud_service.registry.shadow import end_shadow, shadow_summary, start_shadow
from cloud_service.registry.uploads import keep_archive
from cloud_service.registry.versions import register_package
from cloud_service.web.schemas import Moment
from cloud_service.web.services import Reading, services
from cloud_service.web.spool import spooled
from shared.identifiers import Sha256

router = APIRouter(prefix="/api/v1/models", tags=["models"])

Viewer = Annotated[Identity, requires(Permission.SEE_MODELS)]
Manager = Annotated[Identity, requires(Permission.MANAGE_MODELS)]

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("")
def list_models(_who: Viewer, session: Reading) -> list[ModelSummary]:
    """Every model version, the newest first."""
    return queries.all_models(session)


@router.post("", status_code=HTTPStatus.CREATED, openapi_extra=_BODY)
async def register_model(who: Manager, request: Request) -> ModelDetail:
    """Send a model's package as the body: a ZIP file of its folder. It becomes a candidate; one that is known stays."""
    held = services(request)
    remedy = "Pack the package's folder alone."
    async with spooled(request.stream(), MAX_PACKAGE_BYTES, remedy=remedy) as archive:

        def register() -> ModelDetail:
            kept = keep_archive(held.blobs, archive.path)
            with transaction(held.engine) as session:
                version = register_package(session, kept, by=who.actor)
                return queries.model_by_digest(session, version.digest)

        found = await run_in_threadpool(register)
    held.notifier.changes()
    return found


@router.get("/timeline")
def get_timeline(_who: Viewer, session: Reading, scope: Scope | None = None) -> list[ActivationView]:
    """Which model was in service where and when, by whose wish; the newest first."""
    return queries.timeline(session, scope=scope)


@router.post("/rollback")
def roll_back(who: Manager, request: Request, wanted: RollbackRequest) -> Rollback:
    """Go back to the model before, in one step; what could be analysed anew is counted, and nothing is."""
    held = services(request)
    with transaction(held.engine) as session:
        done = service.roll_back(
            session, who.actor, scope=wanted.scope, reason=wanted.reason, expected=wanted.model_digest
        )
    held.notifier.inference()  # an idle worker learns of it at once
    held.notifier.changes()
    return done


@router.get("/reanalysis")
def get_reanalysis_offer(_who: Manager, session: Reading, since: Moment, scope: Scope = "*") -> ReanalysisOffer:
    """How many captures of unsigned cases could be analysed anew by the model that is now in service."""
    return reanalysis.offer(session, scope=scope, since=since)


@router.post("/reanalyse")
def reanalyse(who: Manager, request: Request, wanted: ReanalysisRequest) -> Reanalysis:
    """Queue captures of unsigned cases anew; each keeps its answer until the new one is there."""
    held = services(request)
    with transaction(held.engine) as session:
        done = reanalysis.reanalyse(session, who.actor, scope=wanted.scope, since=wanted.since)
    held.notifier.inference()
    held.notifier.changes()
    return done


@router.get("/{digest}")
def get_model(_who: Viewer, session: Reading, digest: Sha256) -> ModelDetail:
    """One model with its card and its history."""
    return queries.model_by_digest(session, digest)


@router.post("/{digest}/reject")
def reject_model(who: Manager, request: Request, digest: Sha256, wanted: RejectRequest) -> ModelDetail:
    """Decide against a model: it comes into service no more."""
    held = services(request)
    with transaction(held.engine) as session:
        found = service.reject(session, who.actor, digest=digest, reason=wanted.reason)
    held.notifier.inference()
    held.notifier.changes()
    return found


@router.post("/{digest}/shadow", status_code=HTTPStatus.CREATED)
def start_shadow_run(who: Manager, request: Request, digest: Sha256, wanted: ShadowRequest) -> ShadowRunView:
    """Let a model answer live captures beside the one in service; no case shows its answers."""
    held = services(request)
    with transaction(held.engine) as session:
        run = start_shadow(session, who.actor, digest=digest, scope=wanted.scope, share=wanted.share)
        view = ShadowRunView.model_validate(run)
    held.notifier.inference()
    held.notifier.changes()
    return view


@router.delete("/{digest}/shadow", status_code=HTTPStatus.NO_CONTENT)
def end_shadow_run(who: Manager, request: Request, digest: Sha256) -> None:
    """End a model's shadow run; what it answered stays."""
    held = services(request)
    with transaction(held.engine) as session:
        end_shadow(session, who.actor, digest=digest)
    held.notifier.inference()
    held.notifier.changes()


@router.get("/{digest}/shadow")
def get_shadow_summary(_who: Manager, session: Reading, digest: Sha256) -> ShadowSummary:
    """How a model did in the shadow of the one in service, and on which captures they differ."""
    return shadow_summary(session, digest)
