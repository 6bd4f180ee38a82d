"""The API and the page: composes the services and mounts the slices' routers. Imports no model runtime."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp

import cloud_service.accounts.endpoints
import cloud_service.accounts.openid.endpoints
import cloud_service.accounts.user_endpoints
import cloud_service.audit.endpoints
import cloud_service.captures.endpoints
import cloud_service.cases.endpoints
import cloud_service.cases.reading_endpoints
import cloud_service.datasets.candidate_endpoints
import cloud_service.datasets.endpoints
import cloud_service.delivery.endpoints
import cloud_service.devices.endpoints
import cloud_service.gate.endpoints
import cloud_service.registry.endpoints
import cloud_service.reports.endpoints
import cloud_service.system.endpoints
import cloud_service.training.endpoints
from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.gate import Gate
from cloud_service.accounts.openid.configuration import Configuration, read_configuration
from cloud_service.accounts.openid.provider import Provider
from cloud_service.accounts.passwords import Passwords
from cloud_service.accounts.permissions import Permission
from cloud_service.blob_store import BlobStore, open_blob_store
from cloud_service.cases.counting import CaseCounter
from cloud_service.config import Settings
from cloud_service.database import make_engine
from cloud_service.delivery.fan_out import FanOut
from cloud_service.devices.enrolment_codes import Enrolments
from cloud_service.wakeup import AsyncChangeListener, Notifier
from cloud_service.web import health, problems
from cloud_service.web.description import openapi_document, operation_id
from cloud_service.web.security_headers import SecurityHeaders, SmallBodies
from cloud_service.web.services import Services

DASHBOARD = Path(__file__).parent / "dashboard" / "dist"

_ROUTERS = (
    cloud_service.accounts.endpoints.router,
    cloud_service.accounts.openid.endpoints.router,
    cloud_service.accounts.user_endpoints.router,
    cloud_service.audit.endpoints.router,
    cloud_service.captures.endpoints.router,
    cloud_service.cases.endpoints.router,
    cloud_service.cases.reading_endpoints.router,
    cloud_service.reports.endpoints.router,
    cloud_service.devices.endpoints.router,
    cloud_service.registry.endpoints.router,
    cloud_service.gate.endpoints.router,
    cloud_service.datasets.endpoints.router,
    cloud_service.datasets.candidate_endpoints.router,
    cloud_service.training.endpoints.router,
    cloud_service.delivery.endpoints.router,
    cloud_service.system.endpoints.router,
    health.router,
)

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Smearflow</title>
<h1>The page is not built yet</h1>
<p>Smearflow's API is running, but its page is missing from this installation.</p>
<p>Build it with <code>make setup</code>, or with <code>npm ci &amp;&amp; npm run build</code>
in <code>cloud_service/dashboard</code>, then start Smearflow again.</p>
"""


class _Api(FastAPI):
    """FastAPI, with the security headers around everything: also around its own answer to an unforeseen error."""

    def build_middleware_stack(self) -> ASGIApp:
        return SecurityHeaders(super().build_middleware_stack())


def create_app(settings: Settings, *, dashboard: Path = DASHBOARD, passwords: Passwords | None = None) -> FastAPI:
    """The application for `settings`, ready to be served.

    Args:
        settings: of this process.
        dashboard: the folder with the built page; a page that says how to build it stands in where it is missing.
        passwords: how passwords are hashed; by the library's own parameters where not given.

    Raises:
        ConfigurationError: a URL is none that is known, or what is said of the OpenID provider is not enough.
        TransientError: the blob store cannot be opened.
    """
    blobs = open_blob_store(settings)
    openid = read_configuration(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _services(settings, blobs, passwords, openid) as app.state.services:
            yield

    app = _Api(
        title="Smearflow",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=operation_id,
    )
    problems.install(app)
    app.add_middleware(SmallBodies)
    for router in _ROUTERS:
        app.include_router(router, responses=problems.RESPONSES)
    _describe(app)
    _serve_page(app, dashboard)
    return app


@asynccontextmanager
async def _services(
    settings: Settings, blobs: BlobStore, passwords: Passwords | None, openid: Configuration | None
) -> AsyncIterator[Services]:
    """Hold what needs a running event loop or threads, for as long as the process serves."""
    engine = make_engine(settings.database_url)
    redis_url = settings.redis_url.get_secret_value()
    listener = AsyncChangeListener(redis_url)
    notifier = Notifier(redis_url)
    provider = Provider(openid) if openid else None
    gate, enrolments = Gate(settings, engine, passwords), Enrolments(settings, engine)
    fan_out = FanOut(engine, listener, gate.still_in)
    reader = asyncio.create_task(fan_out.run(), name="event reader")
    try:
        yield Services(settings, engine, gate, provider, enrolments, blobs, notifier, fan_out, CaseCounter())
    finally:
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader
        await listener.close()
        await asyncio.to_thread(notifier.close)
        if provider is not None:
            provider.close()
        engine.dispose()


def _describe(app: FastAPI) -> None:
    """Offer the OpenAPI document, to those who may use the API."""

    @app.get("/api/v1/openapi.json", include_in_schema=False, dependencies=[requires(Permission.READ_API_DESCRIPTION)])
    def openapi() -> JSONResponse:
        return JSONResponse(openapi_document(app))


def _serve_page(app: FastAPI, dashboard: Path) -> None:
    if (dashboard / "index.html").is_file():
        app.frontend("/", directory=dashboard)
        return

    @app.get("/", include_in_schema=False)
    def not_built() -> HTMLResponse:
        return HTMLResponse(_NOT_BUILT, status_code=503)
