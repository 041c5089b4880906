"""The HTTP server of a daemon: on a thread and an event loop of its own, beside the engine's.

Whoever asks slowly, too much or nonsense disturbs the engine no more than a thread does.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sync.polling.log import Log
from sync.serving.app import ServingApp
from sync.settings import ServeSettings

HEADERS_S = 10.0
"""So long may a request's head take to come."""

IDLE_S = 5
CONNECTIONS_MAX = 200
RETRY_EVERY_S = 10.0
"""How often a port that is in use is tried again."""

STOP_S = 5.0


class PatientProtocol(H11Protocol):
    """uvicorn's, which closes a connection whose request does not come in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._late = self.loop.call_later(HEADERS_S, self._close_if_silent)

    def _close_if_silent(self) -> None:
        # There is a cycle from the head of the first request on.
        if getattr(self, "cycle", None) is None and not self.transport.is_closing():
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._late.cancel()
        super().connection_lost(exc)


class HttpServer:
    """Listens at `[serve] listen` until it is stopped."""

    def __init__(self, settings: ServeSettings, app: Callable[[], ServingApp], log: Log) -> None:
        self._settings = settings
        self._make_app = app
        self._log = log
        self.address: str | None = None
        """Its URL, once it listens."""
        self._stopping = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=self._run, name="serve", daemon=True)

    def start(self) -> None:
        """Begin; a port that is in use is logged and tried again, and keeps nobody waiting."""
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join(STOP_S)

    def _run(self) -> None:
        listening = self._bound()
        if listening is None:
            return
        with listening:
            app = self._make_app()
            config = uvicorn.Config(
                app,
                http=PatientProtocol,
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_keep_alive=IDLE_S,
                timeout_graceful_shutdown=1,
            )
            self._server = uvicorn.Server(config)
            self._server.should_exit = self._stopping.is_set()
            self.address = _name(listening)
            self._log.info("serving", at=self.address)
            with contextlib.closing(app):
                asyncio.run(self._server.serve(sockets=[listening]))

    def _bound(self) -> socket.socket | None:
        """The listening socket, once the port is free; None where it is stopped before."""
        has_told = False
        while not self._stopping.is_set():
            try:
                return _listen(self._settings.host, self._settings.port)
            except OSError as error:
                if not has_told:
                    place = f"{self._settings.host}:{self._settings.port}"
                    self._log.warning(
                        "not serving yet", listen=place, reason=error.strerror or str(error)
                    )
                    has_told = True
            self._stopping.wait(RETRY_EVERY_S)
        return None


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(CONNECTIONS_MAX)
    except OSError:
        listening.close()
        raise
    return listening


def _name(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
