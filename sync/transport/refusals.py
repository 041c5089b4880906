"""Which error an answer is that is not a success, and how long it asks us to wait."""

from store.model import Millis
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from sync.transport import rate_limit
from sync.transport.budgets.base import RETRY_AFTER_S_MAX, SLOW_DOWN
from sync.transport.call import Call, Reply
from sync.transport.redaction import Redactor

_PASSING = frozenset({408, 425, *range(500, 600)})
_REFUSED = range(400, 500)
_KINDS = {401: "refused our sign-in", 403: "does not allow it", 429: "asked us to slow down"}


def refusal(
    channel: str, redactor: Redactor, call: Call, reply: Reply, retry_after_s: float | None
) -> ChannelError:
    """Make the error for an answer that is not a success."""
    status = reply.status
    kind = _KINDS.get(status, "")
    words = redactor.words(reply.body)
    text = f"{channel} answered {status}{kind and ', ' + kind}: {words}"
    if status in {401, 403}:
        place = redactor.url(reply.url)
        text = f"{channel} answered {status}, {kind}{call.credential}, at {place}: {words}"
        return NeedsOperator(text, status=status)
    if status == SLOW_DOWN:
        return Temporary(text, retry_after_s=retry_after_s)
    passing = status in _PASSING
    if call.repeatable and passing:
        return Temporary(text, retry_after_s=retry_after_s)
    if call.repeatable:
        return ContractBroken(text, path=redactor.url(reply.url))
    if passing or status not in _REFUSED:
        return WriteOutcomeUnknown(text)
    return WriteRejected(text)


def lost(
    channel: str, redactor: Redactor, call: Call, error: Exception, timeout_s: float
) -> ChannelError:
    """Make the error for a missing or broken answer, after the request may have left."""
    import httpx

    place = redactor.url(call.url)
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        text = f"{channel} did not answer in {timeout_s:g} s at {place}"
    else:
        text = f"{channel} sent no complete answer at {place}: {redactor.reason(error)}"
    if not call.repeatable:
        return WriteOutcomeUnknown(text)
    if isinstance(error, httpx.DecodingError):
        words = f"{channel} sent compression that can't be decoded"
        return ContractBroken(words, path=place)
    return Temporary(text)


def retry_after_s(reply: Reply, now: Millis) -> float | None:
    """Read Retry-After, in seconds or as an HTTP date, within our bound; None if it is bad.

    A 429 without one may say when the requests of its limit are given anew.
    """
    given = reply.headers.get("retry-after", "").strip()
    if not given:
        if reply.status != SLOW_DOWN:
            return None
        reset_ms = rate_limit.resets_in_ms(reply.headers, now)
        return None if reset_ms is None else min(reset_ms / 1000, RETRY_AFTER_S_MAX)
    try:
        seconds = float(given) if given[0].isdigit() else _until_s(given, now)
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), RETRY_AFTER_S_MAX)


def _until_s(date: str, now: Millis) -> float:
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(date).timestamp() - now / 1000
