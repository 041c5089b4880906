"""A real HTTP server on loopback: it answers as a function says, and notes what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class ReceivedRequest:
    method: str
    path: str
    """With its query, as it came over the wire."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class FakeAnswer:
    """One answer. `lose` closes the connection instead; `promise` lies about the length."""

    body: object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    lose: bool = False
    promise: int | None = None
    repeat: int = 1
    """The body is sent this many times: a long one without holding it."""
    wait: threading.Event | None = None
    """The answer begins once this is set."""

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Loopback:
    """A running server: where it is, and every request that reached it."""

    url: str
    answer: Callable[[ReceivedRequest], FakeAnswer]
    asked: list[ReceivedRequest] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    """Headers and body leave one after the other: with it each answer would wait 40 ms."""
    server: "_Server"

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = ReceivedRequest(self.command, self.path, headers, body)
        self.server.loopback.asked.append(asked)
        told = self.server.loopback.answer(asked)
        if told.wait is not None:
            told.wait.wait(10)
        if told.lose:
            self.close_connection = True
            return
        self._send(told)

    def _send(self, told: FakeAnswer) -> None:
        length = len(told.content) * told.repeat if told.promise is None else told.promise
        self.send_response(told.status)
        for name, value in {"Content-Type": "application/json", **told.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        for _ in range(told.repeat):
            self.wfile.write(told.content)
        if told.promise is not None:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the tests look at `asked`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    loopback: Loopback


@contextmanager
def serving(answer: Callable[[ReceivedRequest], FakeAnswer]) -> Iterator[Loopback]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.loopback = Loopback(f"http://127.0.0.1:{server.server_address[1]}", answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.loopback
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def script(*answers: FakeAnswer) -> Callable[[ReceivedRequest], FakeAnswer]:
    """Answer each request with the next of these, the last one for ever."""
    left = list(answers)
    return lambda _asked: left.pop(0) if len(left) > 1 else left[0]
