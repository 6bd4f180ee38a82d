"""What every response carries and every request must keep to, whatever answers it."""

from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_service.web.problems import problem

MAX_BODY_BYTES = 64 * 1024
"""No other request needs more: captures come over MQTT, not through the API."""

ARCHIVES = frozenset({"/api/v1/datasets/imports", "/api/v1/models"})
"""What archives are posted to; these routes count for themselves what comes, and never hold it in memory."""

_HEADERS = {
    # The page loads its own bundle, images and events, and nothing from anywhere else (W3C CSP 3).
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SecurityHeaders:
    """Adds the headers to every response. Plain ASGI, so that event streams are not buffered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class SmallBodies:
    """Refuses bodies that are large, or whose size is not said, before they are read into memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers({})
        if "transfer-encoding" in headers:
            refusal = problem(HTTPStatus.LENGTH_REQUIRED, "Send the body with a Content-Length.")
            await refusal(scope, receive, send)
        elif int(headers.get("content-length", "0")) > MAX_BODY_BYTES and scope["path"] not in ARCHIVES:
            refusal = problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request's body may have {MAX_BODY_BYTES} bytes at most."
            )
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)
