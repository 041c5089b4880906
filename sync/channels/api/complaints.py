"""What an API says went wrong in the body of an answer of success. Pure.

Many APIs answer 200 with an error in it: GraphQL always, others where their backend fails. Such a
body often looks like an empty page or like an accepted write. The shapes that are recognised are
those of public APIs: `error`, `errors`, `userErrors` (GraphQL mutations), `fault`, `message` with
a code, `success: false`, `status: "error"`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

DEPTH_MAX = 4
"""An error lies at the surface; what lies deeper is data."""

KEYS_MAX = 64
"""An object with more keys is a table of records, keyed by something."""

ENTRIES_MAX = 20
"""Of a list that answers a write: it answers for one listing."""

_ERRORS = ("errors", "error", "usererrors", "fault", "faults")
_SENTENCES = (
    "message", "errormessage", "errordescription", "faultstring", "detail", "reason", "msg",
    "errmsg",
)  # fmt: skip
_MESSAGES = (*_SENTENCES, "details", "title", "description")
"""Inside an error a title is its sentence; beside records it may be anything."""

_CODES = ("code", "errorcode", "statuscode", "errcode", "httpstatus", "status", "type", "name")
_WRAPPERS = frozenset({"data", "result", "response", "body", "payload", "meta"})
_OF_AN_ERROR = frozenset(
    {*_MESSAGES, *_CODES, "error", "field", "fields", "path", "locations", "extensions"}
)

_NOTHING = frozenset({"", "0", "none", "null", "false", "ok", "success", "no error"})
_FAILED = frozenset({"error", "fail", "failed", "failure"})
_BAD_CODE = re.compile(
    r"error|invalid|fail|denied|not_?found|forbid|unauth|exceed|throttl|limit|conflict|missing"
    r"|reject|bad_?request|time_?out|unavailable|expired|required|cannot|no_route|exception|abort",
    re.IGNORECASE,
)
_WELL = re.compile(r"\b(success\w*|ok|updated|saved|created|accepted|done|queued)\b", re.IGNORECASE)
_NOT_WELL = re.compile(r"\b(not|no|never|un\w+|fail\w*|error\w*|can't|cannot)\b", re.IGNORECASE)

_THROTTLED = re.compile(
    r"throttl|rate.?limit|too.?many.?requests|request.?limit|quota.?exceeded|slow.?down",
    re.IGNORECASE,
)
_NOT_SIGNED_IN = re.compile(
    r"unauthori[sz]ed|unauthenticated|not.?authenticated|forbidden|access.?denied"
    r"|(invalid|expired|missing|bad|wrong|unknown).{0,12}(token|api.?key|credential|session)"
    r"|(token|api.?key|credentials?|session).{0,20}(invalid|expired|missing|revoked)",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"time.?out|timed.?out|temporar|unavailable|try.?again|retry|overload|maintenance|too.?busy"
    r"|internal.{0,8}error|deadlock",
    re.IGNORECASE,
)
_WAIT = re.compile(
    r"\b(?:in|after|for|wait)\s+(\d{1,6}(?:\.\d{1,6})?)\s*(ms|millisecond|s\b|sec|m\b|min)",
    re.IGNORECASE,
)
_WAIT_UNITS_S = {"ms": 0.001, "mi": 60.0, "m": 60.0, "s": 1.0, "se": 1.0}
_BY_STATUS = {429: "throttled", 401: "not signed in", 403: "not signed in"}
_PASSING_STATUSES = frozenset({408, 425, *range(500, 600)})
_WAIT_KEYS = ("retryafter", "retryafterseconds", "retryin")
_WORDS_LENGTH_MAX = 4_000


class Trouble(StrEnum):
    """What kind of error it is, by what happens next."""

    THROTTLED = "throttled"
    NOT_SIGNED_IN = "not signed in"
    PASSING = "passing"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error that an answer of success has in its body."""

    words: str
    """The channel's own, as they came: they may hold anything and are redacted further on."""
    trouble: Trouble
    retry_after_s: float | None = None
    """How long to wait, where it says so."""
    is_sure: bool = True
    """Whether it is an error by its shape; otherwise a message where a list belongs."""


def of_page(content: object, items: object) -> Complaint | None:
    """Find what a page complains of. `items` is what the description found in it, a list or not.

    Where it found none, any message is worth showing. Beside records only a plain error counts:
    a message may be a greeting, and a code anything.
    """
    if items is content:
        return _of_list(content)
    found = _plain(content)
    if found is not None or not isinstance(content, dict):
        return found
    message = _Message.of(content)
    if message is None or (isinstance(items, list) and not message.has_failed(beside=bool(items))):
        return None
    return replace(_complaint(content), is_sure=bool(message.codes))


def described(found: object) -> Complaint | None:
    """The complaint that a description says where to find; None where nothing stands there."""
    return None if _says_nothing(found) else _complaint(found)


def of_write(content: object) -> Complaint | None:
    """Find what the answer to a write complains of, also for its one entry of a batch."""
    found = _plain(content, into_lists=True) or _of_list(content)
    if found is not None or not isinstance(content, dict):
        return found
    # A code in words may be the article's own, which the answer repeats.
    message = _Message.of(content)
    is_number = message is not None and any(type(code) is int for code in message.codes)
    if message is None or not message.has_failed(beside=not is_number):
        return None
    return _complaint(content)


def statuses(value: object) -> frozenset[int]:
    """The statuses of HTTP among the codes of an error, or of what it stands in."""
    found = {_http_status(code) for code in _codes(value)}
    if isinstance(value, dict):
        found |= {_http_status(part) for part in _named(value).values()}
    return frozenset(found - {0})


def _of_list(content: object) -> Complaint | None:
    """A list of nothing but errors, as some APIs answer instead of a list of records."""
    if not isinstance(content, list):
        return _plain(content)
    if not content or len(content) > ENTRIES_MAX:
        return None
    entries = [_named(entry) for entry in content if isinstance(entry, dict)]
    if len(entries) < len(content):
        return None
    are_errors = all(
        entry.keys() <= _OF_AN_ERROR
        and any(name in entry for name in _MESSAGES)
        and any(name in entry for name in (*_CODES, "error", "extensions"))
        for entry in entries
    )
    return _complaint(content) if are_errors else None


def _plain(content: object, *, into_lists: bool = False) -> Complaint | None:
    """Find an error that says itself that it is one."""
    for found, is_surface in _objects(content, into_lists=into_lists):
        named = _named(found)
        # `userErrors` and `errorCode` mean the same at any depth. A field `error` deeper in a page
        # may be one of a record.
        deeper = ("usererrors", "errors") if into_lists else ("usererrors",)
        for key in _ERRORS if is_surface else deeper:
            if not _says_nothing(named.get(key)):
                return _complaint(named[key], beside=named)
        if _is_set(named.get("errorcode")) and _is_text(named.get("message")):
            return _complaint(found)
        if is_surface and _has_failed(named):
            return _complaint(found)
    return None


def _objects(content: object, *, into_lists: bool) -> Iterator[tuple[Mapping[str, object], bool]]:
    """The objects in which an error may stand, each with whether it is the answer's own frame."""
    waiting: list[tuple[object, bool, int]] = [(content, True, 0)]
    while waiting:
        value, is_surface, depth = waiting.pop(0)
        if isinstance(value, list) and into_lists:
            waiting += [(entry, True, depth + 1) for entry in value[:ENTRIES_MAX]]
        if not isinstance(value, dict) or len(value) > KEYS_MAX:
            continue
        yield value, is_surface
        if depth < DEPTH_MAX:
            waiting += [
                (part, is_surface and _plain_name(name) in _WRAPPERS, depth + 1)
                for name, part in value.items()
                if isinstance(part, dict | list)
            ]


def _has_failed(named: Mapping[str, object]) -> bool:
    status = named.get("status")
    return (
        named.get("success") is False
        or named.get("ok") is False
        or (isinstance(status, str) and status.casefold() in _FAILED)
    )


@dataclass(frozen=True, slots=True)
class _Message:
    """A sentence and its codes, which only together are an error."""

    words: str
    codes: Sequence[object]
    """Those that do not mean success."""

    @classmethod
    def of(cls, content: Mapping[str, object]) -> "_Message | None":
        named = _named(content)
        words = next((named[key] for key in _SENTENCES if _is_text(named.get(key))), None)
        if not isinstance(words, str) or _says_nothing(words):
            return None
        codes = [named.get(key) for key in ("code", "errcode", "statuscode")]
        data = named.get("data")
        # WordPress: `{"code": "rest_no_route", "message": "…", "data": {"status": 404}}`.
        codes += [data.get("status")] if isinstance(data, dict) else []
        return cls(words, [code for code in codes if _is_set(code) and not _is_success(code)])

    def has_failed(self, *, beside: bool) -> bool:
        """Whether it is an error. `beside` other content only a code that means one counts."""
        if any(_is_bad(code) for code in self.codes):
            return True
        sounds_well = _WELL.search(self.words) is not None and not _NOT_WELL.search(self.words)
        return bool(self.codes) and not beside and not sounds_well


def _is_bad(code: object) -> bool:
    is_word = isinstance(code, str) and _BAD_CODE.search(code) is not None
    return is_word or _http_status(code) >= 400  # noqa: PLR2004


def _complaint(value: object, beside: Mapping[str, object] | None = None) -> Complaint:
    words, codes = _words(value), list(_codes(value))
    if beside is not None and not isinstance(value, list | dict):
        # `{"error": "invalid_token", "message": "it expired on Monday"}`: two parts of one text.
        codes += _codes({name: part for name, part in beside.items() if name in _CODES})
        more = next((str(beside[key]) for key in _MESSAGES if _is_text(beside.get(key))), "")
        words = ": ".join(dict.fromkeys(filter(None, (words, more))))
    if isinstance(value, int) and not isinstance(value, bool):
        words = f"errors: {words}"
    text = " ".join(dict.fromkeys([words, *map(str, codes)]))[:_WORDS_LENGTH_MAX]
    unsaid = [str(code) for code in codes if str(code).casefold() not in words.casefold()]
    if not words:
        words, unsaid = ", ".join(unsaid) or "no reason given", []
    shown = f"{words} ({', '.join(dict.fromkeys(unsaid))})" if unsaid else words
    return Complaint(shown, _trouble(text, codes), _wait_s(value, beside, text))


def _trouble(text: str, codes: Sequence[str | int]) -> Trouble:
    """What kind of error it is: by its codes where they are statuses of HTTP, else by its words."""
    for status in map(_http_status, codes):
        if status in _BY_STATUS:
            return Trouble(_BY_STATUS[status])
    for trouble, pattern in _BY_WORDS:
        if pattern.search(text):
            return trouble
    is_passing = any(_http_status(code) in _PASSING_STATUSES for code in codes)
    return Trouble.PASSING if is_passing else Trouble.OTHER


_BY_WORDS = (
    (Trouble.THROTTLED, _THROTTLED),
    (Trouble.NOT_SIGNED_IN, _NOT_SIGNED_IN),
    (Trouble.PASSING, _PASSING),
)


def _words(value: object, depth: int = 0) -> str:
    """The sentence in an error, whatever shape it has; empty where it has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None or depth > DEPTH_MAX:
        return ""
    if isinstance(value, list):
        speaking = [entry for entry in value if not _says_nothing(entry)]
        first = _words(speaking[0], depth + 1) if speaking else ""
        return f"{first}, and {len(speaking) - 1} more" if first and len(speaking) > 1 else first
    if not isinstance(value, dict):
        return str(value)
    named = _named(value)
    for key in (*_MESSAGES, *_ERRORS, "data"):
        words = _words(named[key], depth + 1) if key in named else ""
        if words:
            return words
    # `{"quantity": ["must not be negative"]}`: what is wrong, by the field.
    parts = ((name, _words(part, depth + 1)) for name, part in islice(value.items(), ENTRIES_MAX)
             if _plain_name(name) not in _CODES)  # fmt: skip
    return next((f"{name}: {words}" for name, words in parts if words), "")


def _codes(value: object, depth: int = 0) -> Iterator[str | int]:
    """The codes in an error, those that mean success left out."""
    if depth > DEPTH_MAX:
        return
    if isinstance(value, list):
        for entry in value[:ENTRIES_MAX]:
            yield from _codes(entry, depth + 1)
    if not isinstance(value, dict):
        return
    named = _named(value)
    for key in _CODES:
        code = named.get(key)
        if isinstance(code, str | int) and _is_set(code) and not _is_success(code):
            yield code
    for key in ("extensions", "error", "errors", "data"):
        yield from _codes(named.get(key), depth + 1)


def _wait_s(value: object, beside: Mapping[str, object] | None, text: str) -> float | None:
    """How many seconds to wait, from a key or from the text."""
    entry = value[0] if isinstance(value, list) and value else value
    places = [beside or {}, _named(entry) if isinstance(entry, dict) else {}]
    extensions = places[1].get("extensions")
    places += [_named(extensions)] if isinstance(extensions, dict) else []
    for place in places:
        for key in _WAIT_KEYS:
            given = place.get(key)
            if isinstance(given, int | float) and not isinstance(given, bool) and given >= 0:
                return float(given)
    said = _WAIT.search(text)
    if said is None:
        return None
    return float(said[1]) * _WAIT_UNITS_S[said[2].lower()[:2]]


def _says_nothing(value: object, depth: int = 0) -> bool:
    """Whether what stands where an error would says that there is none."""
    if value is None or value is False:
        return True
    if isinstance(value, str):
        return value.strip().casefold() in _NOTHING
    if isinstance(value, int | float):
        return value is not True and _is_success(value)
    if depth > DEPTH_MAX:
        return False
    if isinstance(value, list):
        return all(_says_nothing(entry, depth + 1) for entry in value)
    return isinstance(value, dict) and all(
        (_plain_name(name) in _CODES and _is_success(part)) or _says_nothing(part, depth + 1)
        for name, part in value.items()
    )


def _named(value: Mapping[str, object]) -> dict[str, object]:
    """An object by its keys without capitals and underscores: `user_errors` is `userErrors`."""
    return {_plain_name(name): part for name, part in islice(value.items(), KEYS_MAX)}


def _plain_name(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_set(value: object) -> bool:
    return value is not None and value is not False and value != ""


def _is_success(code: object) -> bool:
    if isinstance(code, str) and code.strip().casefold() in _NOTHING:
        return True
    return code in (0, False) or 200 <= _http_status(code) < 300  # noqa: PLR2004


def _http_status(code: object) -> int:
    """A code as a status of HTTP; 0 where it is none."""
    text = str(code).strip() if isinstance(code, int | str) else ""
    return int(text) if len(text) == 3 and text.isascii() and text.isdecimal() else 0  # noqa: PLR2004


def first_words(body: bytes) -> str:
    """What a body that is no JSON says: the title of a web page, or its beginning."""
    text = body[:_WORDS_LENGTH_MAX].decode("utf-8", "replace")
    if not is_web_page(body):
        return text
    title = re.search(r"<(title|h1)[^>]*>(.*?)</\1", text, re.IGNORECASE | re.DOTALL)
    return _TAG.sub(" ", title[2] if title else text)


_TAG = re.compile(r"<(script|style).*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


def is_web_page(body: bytes) -> bool:
    """Whether a body is HTML: a page to sign in, of a firewall, or of maintenance."""
    start = body[:_WORDS_LENGTH_MAX].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def is_said_to_be_an_error(body: bytes) -> bool:
    """Whether a body of plain text begins as an error does."""
    return re.match(rb"\s*(fatal )?(error|exception)\b", body, re.IGNORECASE) is not None
