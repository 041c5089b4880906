"""The HTTP server of a daemon: on a thread and an event loop of its own, beside the engine's.

Whoever asks slowly, too much or nonsense disturbs the engine no more than a thread does.
"""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sync.polling.reporting.log import Log
from sync.serving.app import ServingApp
from sync.settings import ServeSettings

HEADERS_S = 10.0
"""So long may a request's head take to come."""

IDLE_S = 5
CONNECTIONS_MAX = 200
"""Where more are open, each request is answered that it is too many."""

OPEN_MAX = 250
"""Beyond it a connection is not even answered."""

QUEUE_MAX = 1024
"""So many may wait to be taken. One that may not asks again after a second, then after three."""

ANSWER_LOOKS = 6
"""An answer has so many times HEADERS_S to be made, sent and read."""

RETRY_EVERY_S = 10.0
"""How often a port that is in use is tried again."""

STOP_S = 5.0


class PatientProtocol(H11Protocol):
    """uvicorn's, which leaves a connection on which a request, or who reads its answer, is late."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > OPEN_MAX:
            # The files that a process may open are the engine's, too.
            transport.abort()
            return
        self._seen: object = None
        self._looks = 0
        self._late = self.loop.call_later(HEADERS_S, self._leave_if_late)

    def _leave_if_late(self) -> None:
        # uvicorn itself closes what waits for another request. So what is at the same request as at
        # the last look sends slowly, the next head or the rest of a body; or is being answered.
        cycle = getattr(self, "cycle", None)
        self._looks = self._looks + 1 if cycle is self._seen else 0
        self._seen = cycle
        answering = cycle is not None and not cycle.response_complete
        if (cycle is None or self._looks) and not (answering and self._looks < ANSWER_LOOKS):
            # Not closed: who does not read would be waited for.
            self.transport.abort()
            return
        self._late = self.loop.call_later(HEADERS_S, self._leave_if_late)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)


class QueueingServer(uvicorn.Server):
    """uvicorn's, before which the system has more connections wait than are taken at once."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or []:
            listening.listen(QUEUE_MAX)


class ServerFaults(logging.Handler):
    """Tells our log of uvicorn's errors, and of nothing that a stranger can make it say."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.ERROR)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        what = record.getMessage().strip() if error is None else type(error).__name__
        self._log.error("request not answered", error=what)


class HttpServer:
    """Listens at `[serve] listen` until it is stopped."""

    def __init__(
        self,
        settings: ServeSettings,
        app: Callable[[], ServingApp],
        log: Log,
        before: "HttpServer | None" = None,
    ) -> None:
        """Serve once the server `before` this one has ended."""
        self._settings = settings
        self._before = before
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

    def end(self) -> None:
        """Have it end soon."""
        self._stopping.set()
        if self._server is not None:
            self._server.should_exit = True

    def stop(self) -> None:
        """Have it end, and wait for that."""
        self.end()
        self._thread.join(STOP_S)

    def _run(self) -> None:
        if self._before is not None:
            self._before.stop()
            self._before = None
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
                # Nothing asks who sent it, and a stranger may say anything.
                proxy_headers=False,
                limit_concurrency=CONNECTIONS_MAX,
                # So many are taken before any of them is looked at.
                backlog=OPEN_MAX - CONNECTIONS_MAX,
                timeout_keep_alive=IDLE_S,
                timeout_graceful_shutdown=1,
            )
            self._server = QueueingServer(config)
            self._server.should_exit = self._stopping.is_set()
            self.address = _name(listening)
            self._log.info("serving", listen=self.address)
            with contextlib.closing(app), self._faults_logged():
                asyncio.run(self._server.serve(sockets=[listening]))

    @contextlib.contextmanager
    def _faults_logged(self) -> Iterator[None]:
        faults, logger = ServerFaults(self._log), logging.getLogger("uvicorn.error")
        logger.addHandler(faults)
        try:
            yield
        finally:
            logger.removeHandler(faults)

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
    # Only where TCP is named does asyncio have small packets leave at once. Else the body of each
    # answer waits until its head is acknowledged: 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
