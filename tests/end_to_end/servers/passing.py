"""A way to a real shop on which something can happen between a request and its answer."""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.loopback import Answer, Loopback, ReceivedRequest, serving

_OF_THE_CONNECTION = {"host", "connection", "content-length", "accept-encoding"}


@dataclass
class Passing:
    """Hands each request to the shop, and its answer back."""

    shop: str
    before: Callable[[ReceivedRequest], None] = field(default=lambda _asked: None)
    """Runs when a request has come, before the shop has it."""
    after: Callable[[ReceivedRequest], None] = field(default=lambda _asked: None)
    """Runs when the shop has answered, before whoever asked knows."""

    def __call__(self, asked: ReceivedRequest) -> Answer:
        self.before(asked)
        answer = self._asked(asked)
        self.after(asked)
        return answer

    def _asked(self, asked: ReceivedRequest) -> Answer:
        headers = {n: v for n, v in asked.headers.items() if n not in _OF_THE_CONNECTION}
        headers["Accept-Encoding"] = "identity"
        parts = urlsplit(self.shop)
        request = urllib.request.Request(
            f"{parts.scheme}://{parts.netloc}{asked.path}",
            asked.body or None,
            headers,
            method=asked.method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return Answer(reply.read(), reply.status)
        except urllib.error.HTTPError as refused:
            return Answer(refused.read(), refused.code)


@contextmanager
def passing(shop: str) -> Iterator[tuple[Passing, Loopback]]:
    """Stand between: what passes, and where it is asked."""
    way = Passing(shop)
    with serving(way) as server:
        yield way, server
