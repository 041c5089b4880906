"""What a channel's answers announce: that a way of asking ends, and when a credential does.

The headers, as read 2026-11-30:
Deprecation: @1688169599                RFC 9745; older drafts: an HTTP date, or true
Sunset: Sat, 31 Dec 2027 23:59:59 GMT   RFC 8594: it stops answering then
Link: <https://…>; rel="deprecation"    where it is explained; also rel="sunset"
X-Shopify-API-Deprecated-Reason: Shop.products, …   shopify.dev, changelog of 2025-02-24
Warning: 299 - "This API is deprecated …"           developer.salesforce.com, Warning header
"""

import re
from collections.abc import Mapping

import msgspec

from store.model import Millis
from sync.clock import rfc3339
from sync.transport.call import Call
from sync.transport.redaction import Redactor

ENDPOINTS_MAX = 50
"""A channel that announces more than this is not listened to any further."""

SHOWN_MAX = 3
_TEXT_MAX = 500
_REASON = "x-shopify-api-deprecated-reason"
_HEADERS = ("deprecation", "sunset", _REASON, "warning")
_OPERATION = re.compile(r"\s*(?:query|mutation)\s+(\w{1,60})", re.ASCII)
_WITH_DIGITS = re.compile(r"[^/]*\d[^/]*")
_VERSION = re.compile(r"v\d{1,3}|\d{4}-\d{2}(-\d{2})?", re.ASCII)
_LINK = re.compile(r'<([^<>]{1,300})>\s*;[^,<]*\brel="?(?:deprecation|sunset)\b', re.ASCII)
_WARNING = re.compile(r'\b299\s+\S{1,100}\s+"((?:[^"\\]|\\.){1,400})"')
_SECONDS_MAX = 253_402_300_799
"""The end of the year 9999."""


class Notice(msgspec.Struct, frozen=True):
    """One way of asking that its answers call deprecated."""

    asked: str
    """`GET /v3/items`: with what was asked."""
    since: Millis | None = None
    """From when on it is deprecated; None: it does not say."""
    ends_at: Millis | None = None
    """From when on it need not answer any more."""
    reason: str = ""
    link: str = ""

    def words(self) -> str:
        """A sentence for the operator."""
        parts = [f"{self.asked} is deprecated"]
        if self.since is not None:
            parts.append(f" since {_day(self.since)}")
        if self.ends_at is not None:
            parts.append(f" and ends on {_day(self.ends_at)}")
        if self.reason:
            parts.append(f": {self.reason}")
        if self.link:
            parts.append(f"; see {self.link}")
        return "".join(parts)


class ChannelNotices(msgspec.Struct):
    """What one channel has announced, and not taken back since."""

    credential_ends: dict[str, Millis] = msgspec.field(default_factory=dict)
    """By the name of a credential, when it ends, as a token's answer said."""
    _deprecated: dict[str, Notice] = msgspec.field(default_factory=dict)

    def note(self, call: Call, headers: Mapping[str, str], redactor: Redactor) -> None:
        """Take an answer: what it announces counts until the same is answered without it."""
        asked = ""
        if self._deprecated:
            asked = _asked(call, redactor)
            self._deprecated.pop(asked, None)
        if not any(name in headers for name in _HEADERS):
            return
        asked = asked or _asked(call, redactor)
        found = _read(asked, headers, redactor)
        if found is not None and len(self._deprecated) < ENDPOINTS_MAX:
            self._deprecated[asked] = found

    @property
    def deprecated(self) -> list[Notice]:
        """The ways of asking that end, the soonest first."""
        last = _SECONDS_MAX * 1000
        return sorted(
            self._deprecated.values(), key=lambda notice: (notice.ends_at or last, notice.asked)
        )

    def words(self) -> str:
        """All that is deprecated, for the operator; empty where nothing is."""
        found = self.deprecated
        more = f"; and {len(found) - SHOWN_MAX} more" if len(found) > SHOWN_MAX else ""
        return "; ".join(notice.words() for notice in found[:SHOWN_MAX]) + more


def _read(asked: str, headers: Mapping[str, str], redactor: Redactor) -> Notice | None:
    since_text = _text(headers, "deprecation", redactor)
    ends_text = _text(headers, "sunset", redactor)
    reason = _text(headers, _REASON, redactor)
    warning = _WARNING.search(headers.get("warning", "")[:_TEXT_MAX])
    # A miscellaneous warning, which is what 299 means, may be of anything.
    if not reason and warning is not None and "deprecat" in warning[1].lower():
        reason = redactor.text(warning[1])
    is_deprecated = bool(since_text) and since_text.lower() not in ("false", "?0")
    if not (is_deprecated or ends_text or reason):
        return None
    link = _LINK.search(headers.get("link", "")[: 4 * _TEXT_MAX])
    return Notice(
        asked, _instant(since_text), _instant(ends_text), reason,
        "" if link is None else redactor.text(link[1]),
    )  # fmt: skip


def _asked(call: Call, redactor: Redactor) -> str:
    """What was asked, without the ids in it: one way of asking has one name."""
    path = redactor.url(call.url).partition("?")[0].partition("://")[2].partition("/")[2]
    parts = [
        "…" if _WITH_DIGITS.fullmatch(part) and not _VERSION.fullmatch(part) else part
        for part in path.split("/")
    ]
    query = call.json.get("query") if isinstance(call.json, Mapping) else None
    operation = _OPERATION.match(query) if isinstance(query, str) else None
    name = f" {operation[1]}" if operation is not None else ""
    return f"{call.method} /{'/'.join(parts)[:200]}{name}"


def _text(headers: Mapping[str, str], name: str, redactor: Redactor) -> str:
    given = headers.get(name, "").strip()[:_TEXT_MAX]
    return redactor.text(given) if given else ""


def _instant(text: str) -> Millis | None:
    """Read `@1688169599` or an HTTP date; None for anything else."""
    if text.startswith("@"):
        number = text[1:].strip()
        is_one = number.isascii() and number.isdigit() and int(number[:13]) <= _SECONDS_MAX
        return int(number[:13]) * 1000 if is_one else None
    from email.utils import parsedate_to_datetime

    try:
        return round(parsedate_to_datetime(text).timestamp() * 1000)
    except (ValueError, OverflowError, TypeError):
        return None


def _day(at: Millis) -> str:
    return (rfc3339(at) or "")[:10]
