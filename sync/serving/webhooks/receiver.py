"""Receives webhooks: checks each, keeps it, answers, and has its channel polled soon.

What a webhook says is not read. A lost, false or disordered one changes nothing but when its
channel is polled.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from store.errors import StoreError
from store.webhooks.inbox import WebhookInbox
from sync.clock import Clock
from sync.secrets import Secret
from sync.serving.answers import HttpAnswer, Receive
from sync.serving.webhooks import schemes
from sync.serving.webhooks.schemes import ReceivedWebhook, WrongSignature
from sync.settings import WebhookSettings

BODY_MAX = 1_000_000
"""Bytes. The largest that these systems send is a product with hundreds of variants."""

BODY_S = 10.0
"""So long may a body take to come."""


class WebhookReceiver:
    """What answers at `/webhooks/CHANNEL`. Made and used on the server's thread."""

    def __init__(
        self,
        senders: Mapping[str, tuple[WebhookSettings, Secret]],
        cache: Path,
        clock: Clock,
        hasten: Callable[[str], None],
        count: Callable[[str, str], None],
    ) -> None:
        """Receive from these, by channel; `hasten` polls a channel, `count` counts a result."""
        self._senders = senders
        self._clock = clock
        self._hasten = hasten
        self._count = count
        self._cache = cache
        self._inbox: WebhookInbox | None = None
        with suppress(StoreError):
            # To make it may take longer than a webhook may wait.
            self._inbox = WebhookInbox(cache)

    async def receive(self, channel: str, scope: Mapping[str, Any], receive: Receive) -> HttpAnswer:
        """Answer one delivery to a channel."""
        found = self._senders.get(channel)
        if found is None:
            # No label for what a stranger may make up.
            return HttpAnswer.words(404, "not found: no channel of this name takes webhooks")
        if scope["method"] != "POST":
            return HttpAnswer.words(405, "only POST", allow="POST")
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        body = await self._body(headers, receive)
        if isinstance(body, HttpAnswer):
            self._count(channel, "refused")
            return body
        received = ReceivedWebhook(headers, body, self._clock.now())
        answer, result = self._take(channel, found, received)
        self._count(channel, result)
        return answer

    def _take(
        self,
        channel: str,
        sender: tuple[WebhookSettings, Secret],
        received: ReceivedWebhook,
    ) -> tuple[HttpAnswer, str]:
        settings, secret = sender
        try:
            delivery = schemes.check(settings, secret.reveal(), received)
        except WrongSignature as error:
            return HttpAnswer.words(401, str(error)), "refused"
        if delivery.is_ping:
            return HttpAnswer.words(200, "hello"), "ping"
        try:
            # A disk that is full at the start does not keep it shut for ever.
            self._inbox = self._inbox or WebhookInbox(self._cache)
            is_new = self._inbox.take(channel, delivery.id, now=received.received_at)
        except StoreError as error:
            # Its sender tries again.
            return HttpAnswer.words(503, str(error)), "not kept"
        if not is_new:
            # Not an error: a sender that missed the answer would go on for hours.
            return HttpAnswer.words(200, "known already"), "repeated"
        self._hasten(channel)
        return HttpAnswer.words(200, "thank you"), "accepted"

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes | HttpAnswer:
        announced = headers.get("content-length", "0")
        if not announced.isdigit() or int(announced[:12]) > BODY_MAX:
            return _TOO_LARGE
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_S):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return HttpAnswer.words(400, "it broke off")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > BODY_MAX:
                        return _TOO_LARGE
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError:
            return HttpAnswer.words(408, "its body took too long", connection="close")

    def close(self) -> None:
        if self._inbox is not None:
            self._inbox.close()


_TOO_LARGE = HttpAnswer.words(413, f"larger than {BODY_MAX:,} bytes", connection="close")
