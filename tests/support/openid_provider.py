"""A little OpenID Connect provider in a thread of the test: discovery, log-in page, token and userinfo, own RSA key."""

import base64
import hashlib
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, Self
from urllib.parse import parse_qs, urlencode

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.support.waiting import PATIENCE

CLIENT_ID, CLIENT_SECRET = "smearflow", "a secret/with+signs"
ACCESS_TOKEN = "access"  # noqa: S105 - of the tests alone
# RFC 6749 2.3.1: both parts form-encoded, then as for Basic.
BASIC = "Basic " + base64.b64encode(b"smearflow:a+secret%2Fwith%2Bsigns").decode()


class _ThreadServer(uvicorn.Server):
    """uvicorn but for the signals, which belong to the test's main thread."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.up.set()


class OpenIdProvider:
    """Does what the specification says, unless a test has it do otherwise.

    Its issuer's host is `localhost`, another site than the API's 127.0.0.1: so browsers hold cookies back as they
    would between two hosts.
    """

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"sub": "248289761001", "preferred_username": "H.Meier"}
        """The claims about who logs in next."""
        self.userinfo: dict[str, Any] | None = None
        """What is told of the person when asked further, where that endpoint is there."""
        self.twist: dict[str, Any] = {}
        """Claims of the ID token that are other than they should be; None takes one away."""
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.metadata: dict[str, Any] = {}
        """Of the discovery document, what is other than usual."""
        self.asked: Counter[str] = Counter()
        """How often each path was asked for."""
        self._codes: dict[str, dict[str, str]] = {}
        self.new_key()

    def new_key(self) -> None:
        """Sign with another key from now on, and show that one alone."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})

    def signed(self, claims: dict[str, Any]) -> str:
        """An ID token as it should be."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def __enter__(self) -> Self:
        self._server = _ThreadServer(uvicorn.Config(self._app(), port=0, log_config=None, lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, name="openid provider", daemon=True)
        self._thread.start()
        assert self._server.up.wait(PATIENCE), "the provider did not start"
        self.issuer = f"http://localhost:{self._server.servers[0].sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Be away; a second time changes nothing."""
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the provider did not stop"

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.middleware("http")
        async def count(request: Request, call_next: Any) -> Any:
            self.asked[request.url.path] += 1
            return await call_next(request)

        app.get("/.well-known/openid-configuration")(self._discover)
        app.get("/authorize")(self._show_log_in)
        app.get("/authorize/yes")(self._send_back)
        app.post("/token")(self._exchange)
        app.get("/userinfo")(self._tell_more)
        app.get("/jwks")(self._show_keys)
        return app

    def _discover(self) -> dict[str, Any]:
        paths = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/jwks"}
        if self.userinfo is not None:
            paths["userinfo_endpoint"] = "/userinfo"
        return {"issuer": self.issuer} | {name: self.issuer + path for name, path in paths.items()} | self.metadata

    def _show_log_in(self, request: Request) -> HTMLResponse:
        asked = request.query_params
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert (asked["code_challenge_method"], "openid" in asked["scope"].split()) == ("S256", True)
        link = escape(f"/authorize/yes?{asked}")
        return HTMLResponse(f'<!doctype html><title>Provider</title><a href="{link}">I am {self.person["sub"]}</a>')

    def _send_back(self, request: Request) -> RedirectResponse:
        code = secrets.token_urlsafe(16)
        self._codes[code] = dict(request.query_params)
        told = urlencode({"code": code, "state": request.query_params["state"], "iss": self.issuer})
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{told}", 303)

    async def _exchange(self, request: Request) -> JSONResponse:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self._codes.pop(form["code"], None)  # good for once
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if request.headers["authorization"] != BASIC:
            return JSONResponse({"error": "invalid_client"}, 401)
        if (
            asked is None
            or challenge.decode() != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant", "error_description": "<b>no such code</b>"}, 400)
        id_token = self.sign(self._claims(asked["nonce"]))
        return JSONResponse({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": id_token})

    def _claims(self, nonce: str) -> dict[str, Any]:
        moment = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT_ID, "iat": moment, "exp": moment + 300, "nonce": nonce}
        return {name: value for name, value in (usual | self.person | self.twist).items() if value is not None}

    def _tell_more(self, request: Request) -> dict[str, Any]:
        assert request.headers["authorization"] == f"Bearer {ACCESS_TOKEN}"
        return self.userinfo or {}

    def _show_keys(self) -> dict[str, Any]:
        return dict(KeySet([self.key]).as_dict(private=False))
