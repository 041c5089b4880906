"""The console in a browser, through textual-serve, which has no sign-in: that is here.

Without tokens and without a proxy's header it listens on loopback alone and is read-only. Each
session is a `skew watch` of its own, with the name of whoever signed in.
"""

import asyncio
import hashlib
import hmac
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from aiohttp import WSCloseCode, web
from textual_serve.server import Server

from console.context import SERVED
from console.text.operators import name_error
from console.web_session import WebSession

COOKIE = "skew"
SESSIONS_MAX = 20
"""Each is a process of some 60 MB."""
HEARTBEAT_S = 10.0
"""A browser is asked so often whether it is there, and has half of it to answer."""
SIDE_MAX = 1_000
"""Cells. A screen of any size would be painted, and take the machine's memory."""

_POLICY = (
    "default-src 'none'; connect-src 'self'; font-src 'self'; img-src 'self' data:; "
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_COMMAND = web.RequestKey("command", Sequence[str])
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the console is served."""

    config: Path
    host: str
    """An IP address."""
    port: int
    public_url: str
    """As browsers have it; no other origin may talk to it."""
    tokens: Mapping[str, str] = {}
    """Names by the digests of their tokens."""
    user_header: str | None = None
    """Where a proxy puts the name of who signed in there."""
    proxies: Sequence[IPv4Network | IPv6Network] = ()
    """From where that header is believed, beside this machine."""
    read_write: bool = False


def digest(token: str) -> str:
    """What stands for a token, in a cookie too: nobody can sign in anywhere else with it."""
    return hmac.new(token.encode(), b"skew web", hashlib.sha256).hexdigest()


class WebConsole(Server):
    """Serves the console to browsers."""

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._sessions = 0
        self._ending = asyncio.Event()
        parts = urlsplit(settings.public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}".lower()
        self._hosts = {parts.netloc.lower(), f"{_in_url(settings.host)}:{settings.port}"}
        super().__init__(
            "",
            host=settings.host,
            port=settings.port,
            title="Skew",
            public_url=settings.public_url.rstrip("/"),
        )

    def initialize_logging(self) -> None:
        logging.getLogger("textual-serve").setLevel(logging.ERROR)

    async def on_startup(self, app: web.Application) -> None:
        del app
        what = "read-write" if self._settings.read_write else "read-only"
        print(f"skew: {self.public_url}, {what}; Ctrl-C ends it", file=sys.stderr)  # noqa: T201

    async def on_shutdown(self, app: web.Application) -> None:
        """End the sessions: whoever looks on could go on for hours."""
        del app
        self._ending.set()

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a session until its browser, its console or this server ends it, and end the rest."""
        # A browser that is gone does not always say so.
        websocket = web.WebSocketResponse(heartbeat=HEARTBEAT_S)
        await websocket.prepare(request)
        session = WebSession(request[_COMMAND], websocket, self.download_manager)
        width, height = (
            min(int(size), SIDE_MAX) if size.isascii() and size.isdigit() else default
            for size, default in (
                (request.query.get("width", ""), 80),
                (request.query.get("height", ""), 24),
            )
        )
        ends: list[asyncio.Task[None]] = []
        try:
            showing = await session.begin(width, height)
            receiving = asyncio.create_task(self._process_messages(websocket, session))
            ending = asyncio.create_task(_wait(self._ending))
            ends = [showing, receiving, ending]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            # First the process, which costs; the browser may be slow to hear of it.
            await session.stop()
        with suppress(TimeoutError, ConnectionError):
            code = WSCloseCode.GOING_AWAY if self._ending.is_set() else WSCloseCode.OK
            await session.close_browser(code)
        return websocket

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guarded)
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let through who may see it; a page of another site may not talk to it."""
        refused = self._refused(request)
        if refused is not None:
            status, words = refused
            return web.Response(status=status, text=f"{words}\n", headers=_HEADERS)
        token = request.query.get("token")
        if token is not None and request.path == "/":
            return self._signed_in(token)
        name = self._name_of(request)
        if name is None and (self._settings.tokens or self._settings.user_header):
            words = "sign in: open this address with ?token=…, as you were given it"
            if self._settings.user_header:
                words = f"the header {self._settings.user_header} is missing: come by the proxy"
            return web.Response(status=HTTPStatus.UNAUTHORIZED, text=f"{words}\n", headers=_HEADERS)
        if request.path == "/ws":
            if self._sessions >= SESSIONS_MAX:
                return web.Response(
                    status=HTTPStatus.SERVICE_UNAVAILABLE,
                    text=f"{SESSIONS_MAX} sessions are open: close one\n",
                    headers=_HEADERS,
                )
            request[_COMMAND] = self._command_for(name)
            self._sessions += 1
            try:
                return await handler(request)
            finally:
                self._sessions -= 1
        response = await handler(request)
        response.headers.update(_HEADERS)
        return response

    def _refused(self, request: web.Request) -> tuple[HTTPStatus, str] | None:
        # A page of another site can have a browser ask anything of this machine: by its own name
        # for it (the host), and from its own place (the origin).
        if request.host.lower() not in self._hosts:
            return HTTPStatus.MISDIRECTED_REQUEST, "not the address that this console is served at"
        if self._settings.user_header and not self._is_proxy(request.remote):
            return HTTPStatus.FORBIDDEN, "only the proxy may ask here"
        origin = request.headers.get("Origin")
        if request.path == "/ws" and (origin or "").lower() != self._origin:
            return HTTPStatus.FORBIDDEN, "another site may not talk to this console"
        return None

    def _is_proxy(self, remote: str | None) -> bool:
        try:
            address = ip_address(remote or "")
        except ValueError:
            return False
        # As an IPv6 socket names who comes by IPv4.
        address = getattr(address, "ipv4_mapped", None) or address
        return address.is_loopback or any(address in network for network in self._settings.proxies)

    def _signed_in(self, token: str) -> web.Response:
        known = digest(token)
        if not any(hmac.compare_digest(known, kept) for kept in self._settings.tokens):
            words = "this token is not known\n"
            return web.Response(status=HTTPStatus.UNAUTHORIZED, text=words, headers=_HEADERS)
        # The token does not stay in the address, where others may read it.
        response = web.HTTPFound("/", headers=_HEADERS)
        response.set_cookie(
            COOKIE, known, httponly=True, samesite="Strict", path="/",
            secure=self.public_url.startswith("https:"),
        )  # fmt: skip
        return response

    def _name_of(self, request: web.Request) -> str | None:
        """Who asks; None where that is not known."""
        if self._settings.user_header:
            # Of two, one is what a browser sent and its proxy let through.
            names = request.headers.getall(self._settings.user_header, [])
            name = names[0].strip() if len(names) == 1 else ""
            return name if name and not name_error(name) else None
        given = request.cookies.get(COOKIE, "").encode(errors="replace")
        for known, name in self._settings.tokens.items():
            if hmac.compare_digest(known.encode(), given):
                return name
        return None

    def _command_for(self, name: str | None) -> list[str]:
        words = [sys.executable, "-m", "console", "watch", "--config", str(self._settings.config)]
        words += ["--by", name] if name is not None else []
        words += [] if self._settings.read_write else ["--read-only"]
        return words


def serve(settings: WebSettings) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises OSError where the port can't be had."""
    os.environ[SERVED] = "1"
    WebConsole(settings).serve()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
