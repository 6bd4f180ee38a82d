"""`smearflow serve`: the API and the page, as one process."""

import socket

import uvicorn
from fastapi import FastAPI

from cloud_service.allocator import freeze_what_is_loaded
from cloud_service.app import create_app
from cloud_service.config import Settings
from cloud_service.config import settings as read_settings
from shared import logs

GRACE_SECONDS = 2
"""How long open requests may go on after SIGTERM."""


class Server(uvicorn.Server):
    """uvicorn, which lets the event streams end at once instead of waiting for browsers that never hang up."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        config = uvicorn.Config(
            app,
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,  # the process's own JSON logs
            access_log=False,  # ids in paths and a line for each thumbnail help nobody
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            lifespan="on",
        )
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then do what uvicorn does, and hang up where the grace was not enough: it does not."""
        self._app.state.services.fan_out.close()
        await super().shutdown(sockets)
        for connection in self.server_state.connections:
            connection.transport.abort()


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: a URL is none that is known.
        TransientError: the blob store cannot be opened.
    """
    server = Server(create_app(settings), settings)
    freeze_what_is_loaded()
    server.run()


def main() -> None:
    """Serve with this process's settings.

    Raises:
        as `run`.
    """
    settings = read_settings()
    logs.configure("api", settings.log_level)
    run(settings)
