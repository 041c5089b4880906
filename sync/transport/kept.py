"""Answers that are kept, so that a channel need only say that they still hold: 304 Not Modified.

Only pages of lists are (`Transport.request(kept=True)`). A channel that says by an ETag, or by when
the page was last modified, what it is asked again for sends no body where nothing moved.
Source: RFC 9110, 8.8 and 13.1; RFC 9111, 4.3.
"""

import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from store.model import Millis
from sync.errors import Temporary
from sync.transport.call import AnswerHeaders, Reply

NOT_MODIFIED = 304
BYTES_MAX = 64 * 1024 * 1024
"""Of the bodies that are kept of one channel, packed. A million records take about 10 MB."""

WHOLE_EVERY_MS = 3_600_000
"""So often a page is asked for whole all the same: a weak ETag may miss what we would not."""

_APART_S = 60
"""A page that was modified so shortly before it was sent may be modified again in the same second,
which its time would not show."""

_OF_THE_BODY = frozenset(
    {"content-length", "content-encoding", "content-type", "transfer-encoding", "content-range"}
)
_SUCCESS = 200


@dataclass(frozen=True, slots=True)
class _Kept:
    """One answer."""

    packed: bytes
    headers: Mapping[str, str]
    conditions: Mapping[str, str]
    came_at: Millis


class KeptAnswers:
    """The newest answers of one channel that can be asked for again by what they say of themselves.

    An answer counts only for the very request that it answered: address, headers and credentials.
    """

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._of: OrderedDict[bytes, _Kept] = OrderedDict()
        self._bytes = 0

    def conditions(self, request: bytes, now: Millis) -> Mapping[bytes, bytes]:
        """The headers that ask whether the kept answer still holds; none where there is none."""
        known = self._of.get(request)
        if known is None:
            return {}
        if not 0 <= now - known.came_at < WHOLE_EVERY_MS:
            self._drop(request)
            return {}
        return {name.encode(): value.encode() for name, value in known.conditions.items()}

    def settled(self, request: bytes, reply: Reply, now: Millis) -> Reply:
        """The kept answer where a 304 confirms it; any other answer, which is kept if it can be.

        A 304 that nobody asked for stays what it is. Raises Temporary where it is of another
        answer: asked for again, the whole comes.
        """
        known = self._of.get(request)
        if known is None or reply.status != NOT_MODIFIED:
            self._keep(request, reply, now)
            return reply
        if not _is_of(known, reply.headers):
            self._drop(request)
            raise Temporary(f"{self._channel} confirmed another answer than it was asked for")
        self._of.move_to_end(request)
        newer = {name: value for name, value in reply.headers.items() if name not in _OF_THE_BODY}
        headers = AnswerHeaders.of({**known.headers, **newer})
        return Reply(_SUCCESS, headers, zlib.decompress(known.packed), reply.url, reply.set_cookies)

    def _keep(self, request: bytes, reply: Reply, now: Millis) -> None:
        self._drop(request)
        conditions = _conditions(reply.headers) if reply.status == _SUCCESS else {}
        if not conditions:
            return
        packed = zlib.compress(reply.body, 1)
        self._of[request] = _Kept(packed, dict(reply.headers), conditions, now)
        self._bytes += len(packed)
        while self._bytes > BYTES_MAX:
            # The oldest is the one that is asked for first again: it is as good as any other.
            self._drop(next(iter(self._of)))

    def _drop(self, request: bytes) -> None:
        known = self._of.pop(request, None)
        self._bytes -= len(known.packed) if known is not None else 0


def request_key(url: str, headers: Mapping[bytes, bytes]) -> bytes:
    """Tell one request from all others, without keeping its credentials."""
    said = [url.encode(), *(part for item in sorted(headers.items()) for part in item)]
    return hashlib.blake2b(b"\0".join(said), digest_size=16).digest()


def _conditions(headers: Mapping[str, str]) -> dict[str, str]:
    told = headers.get("cache-control", "").lower()
    # Two answers for one address, and nobody says which is which.
    if "no-store" in told or "*" in headers.get("vary", ""):
        return {}
    tag = headers.get("etag", "").strip()
    if tag.isascii() and tag.removeprefix("W/")[:1] == '"' and tag[-1:] == '"':
        return {"If-None-Match": tag}
    modified = headers.get("last-modified", "")
    from email.utils import parsedate_to_datetime

    try:
        apart = parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(modified)
        return {"If-Modified-Since": modified} if apart.total_seconds() >= _APART_S else {}
    except (ValueError, TypeError, OverflowError):
        return {}


def _is_of(known: _Kept, headers: Mapping[str, str]) -> bool:
    """Whether a 304 is of the kept answer, as far as it says of which it is."""
    tag, asked = headers.get("etag", ""), known.conditions.get("If-None-Match")
    return not tag or asked is None or tag.removeprefix("W/") == asked.removeprefix("W/")
