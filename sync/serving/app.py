"""What a daemon answers over HTTP: one small application, whatever server runs it (ASGI 3)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any

from store.database.connection import Database
from store.errors import StoreError
from store.model import Freshness
from store.monitoring import reading
from store.monitoring.reading import Mark
from store.queries import status_counts
from sync.clock import Clock
from sync.engine.engine import Engine
from sync.secrets import Secret
from sync.serving.answers import HttpAnswer, Receive, Send
from sync.serving.metrics import CONTENT_TYPE, Metrics
from sync.serving.webhooks.receiver import WebhookReceiver
from sync.settings import WebhookSettings

Scope = MutableMapping[str, Any]

Senders = Mapping[str, tuple[WebhookSettings, Secret]]
NO_SENDERS: Senders = MappingProxyType({})

STUCK_S = 60.0
"""An engine whose loop has not come round for so long is not well."""


class ServingApp:
    """`/healthz`, `/readyz` and `/metrics` of one engine."""

    def __init__(
        self, engine: Engine, database: Database, clock: Clock, senders: Senders = NO_SENDERS
    ) -> None:
        """Serve an engine, and take the webhooks of `senders`, by channel. Raises StoreError."""
        self._engine = engine
        self._database = database
        self._clock = clock
        self._metrics = Metrics()
        self._scraping = asyncio.Lock()
        self._mark: Mark | None = None
        self._webhooks: WebhookReceiver | None = None
        if senders:
            self._webhooks = WebhookReceiver(
                senders, database.path, clock, engine.hasten, self._metrics.count_webhook
            )
        self._routes: dict[str, Callable[[], Awaitable[HttpAnswer]]] = {
            "/healthz": self._health,
            "/readyz": self._readiness,
            "/metrics": self._metrics_text,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """HttpAnswer one request."""
        if scope["type"] != "http":
            return
        answer = await self._answer(scope, receive)
        await answer.send(send, receive, with_body=scope["method"] != "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> HttpAnswer:
        place, _, channel = scope["path"].removeprefix("/").partition("/")
        if place == "webhooks" and self._webhooks is not None:
            return await self._webhooks.receive(channel, scope, receive)
        route = self._routes.get(scope["path"])
        if route is None:
            return HttpAnswer.words(404, "not found: /healthz, /readyz and /metrics are here")
        if scope["method"] not in ("GET", "HEAD"):
            return HttpAnswer.words(405, "only GET", allow="GET, HEAD")
        try:
            return await route()
        except StoreError as error:
            return HttpAnswer.words(503, str(error))

    def close(self) -> None:
        """Let go of what it holds, on the thread that made it."""
        if self._webhooks is not None:
            self._webhooks.close()

    async def _health(self) -> HttpAnswer:
        """Whether the process works: its engine's loop comes round."""
        silent_s = time.monotonic() - self._engine.looked_at
        if silent_s > STUCK_S:
            return HttpAnswer.words(503, f"the engine has not looked around for {silent_s:.0f} s")
        return HttpAnswer.words(200, "ok")

    async def _readiness(self) -> HttpAnswer:
        """Whether what it says can be acted on: it has the lease, and its authorities are fresh."""
        wrong = [] if self._engine.holding else ["the engine does not have the lease"]
        channels = await self._database.aread(status_counts.channels, now=self._clock.now())
        wrong += [
            f"authority {channel.name} is {channel.freshness}"
            for channel in channels
            if channel.roles and channel.freshness not in (Freshness.FRESH, Freshness.FAILING)
        ]
        return HttpAnswer.words(503 if wrong else 200, "\n".join(wrong) or "ready")

    async def _metrics_text(self) -> HttpAnswer:
        # Two at once would count what has ended twice.
        async with self._scraping:
            if self._mark is None:
                self._mark = await self._database.aread(reading.here)
            found = await self._database.aread(reading.read, self._mark, now=self._clock.now())
            self._mark = found.mark
            text = self._metrics.text(found, holding=self._engine.holding)
        return HttpAnswer(200, text, {"content-type": CONTENT_TYPE})
