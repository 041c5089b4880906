"""What happens when a channel raises, and when it works again: back off, rest, raise an incident.

Every error of a channel ends here, so that an error means the same whether the channel was read or
written.
"""

import asyncio
import traceback
from collections.abc import Sequence

import msgspec

from store.channels import incidents, pauses
from store.database.connection import Database
from store.model import IncidentKind
from store.polling.comparison import Comparison
from sync.clock import Clock
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary
from sync.polling.channel_state import Activity, ChannelState
from sync.polling.reporting.log import Log
from sync.polling.reporting.spans import OFF, Tracer

PAUSE_MS = 15 * 60_000
"""How long a channel rests after it refused our credentials: no retry storm, no lock-out."""

BACKOFF_MS_MAX = 5 * 60_000
DOUBLINGS_MAX = 6
WRITES_REST_MS = 2_000

WORDS_MAX = 500

OURS = (IncidentKind.CREDENTIALS, IncidentKind.CONTRACT, IncidentKind.CRASHED)
"""The incidents of polls and writes that are raised and closed here."""

EVENTS_PATIENCE = 3
"""Passing trouble with events, such as a 503, is an incident from this many times in a row on."""

EVENTS_READ = "read"
"""Key of the incident that says that a channel's events can't be read."""


class EngineContext(msgspec.Struct):
    """What polling and applying both work with: the cache, the comparison, the clock, the log.

    All share one, so that a poll that began before the configuration was reloaded is compared by
    the new one.
    """

    database: Database
    comparison: Comparison
    clock: Clock
    log: Log
    merging: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)
    """Large transactions take turns, so that a heartbeat waits for one of them at most."""
    ahead_ms: int = 300_000
    """How far ahead of our clock an event's time may be (`[events]`)."""
    tracer: Tracer = OFF


async def on_failure(
    context: EngineContext, channel_state: ChannelState, activity: Activity, error: Exception
) -> str:
    """Do what the error's class asks for, and answer its text for the operator."""
    now = context.clock.now()
    activity.failures += 1
    activity.rest(now, rest_ms(channel_state, activity, error))
    activity.is_replaced = error.is_replaced if isinstance(error, NeedsOperator) else None
    words = error_text(error)
    if isinstance(error, NeedsOperator) and activity is channel_state.polls:
        await context.database.awrite(
            pauses.pause_by_engine, channel_state.name, words, activity.rests_until
        )
    kind = _incident(error)
    if kind is not None:
        await context.database.awrite(
            incidents.raise_incident, channel_state.name, kind, words, now=now, key=activity.what
        )
    log_trouble(context, channel_state, activity, type(error).__name__, words)
    return words


async def on_success(
    context: EngineContext, channel_state: ChannelState, activity: Activity
) -> None:
    """After success: end the rest, the pause and the incidents, and log the recovery once."""
    await _end_trouble(context, channel_state, activity, OURS, activity.what)


async def on_events_failure(
    context: EngineContext, channel_state: ChannelState, error: Exception
) -> None:
    """Leave the channel's events alone for a while, and say why: in the log, as an incident."""
    activity, now = channel_state.event_reads, context.clock.now()
    activity.failures += 1
    activity.rest(now, rest_ms(channel_state, activity, error))
    activity.is_replaced = error.is_replaced if isinstance(error, NeedsOperator) else None
    words = error_text(error)
    # The readings still come, so a 503 now and then costs little. Only what goes on, or what does
    # not pass by itself, is worth somebody's attention.
    if activity.failures >= EVENTS_PATIENCE or not isinstance(error, Temporary | TimeoutError):
        await context.database.awrite(
            incidents.raise_incident, channel_state.name, IncidentKind.EVENTS,
            f"its events can't be read: {words}", now=now, key=EVENTS_READ,
        )  # fmt: skip
    log_trouble(context, channel_state, activity, type(error).__name__, words)


async def on_events_success(context: EngineContext, channel_state: ChannelState) -> None:
    """After the events were read: end their rest and their incident, and log it once."""
    await _end_trouble(
        context, channel_state, channel_state.event_reads, (IncidentKind.EVENTS,), EVENTS_READ
    )


async def _end_trouble(
    context: EngineContext,
    channel_state: ChannelState,
    activity: Activity,
    kinds: Sequence[IncidentKind],
    key: str,
) -> None:
    activity.failures = activity.rests_until = 0
    # Every poll of every channel comes through here, so the usual case must not write. The first
    # success after a start does write: an earlier run may have left an incident open.
    if activity.proven and activity.trouble is None:
        return
    now = context.clock.now()
    for kind in kinds:
        await context.database.awrite(incidents.resolve, channel_state.name, kind, now=now, key=key)
    if activity is channel_state.polls:
        await context.database.awrite(pauses.end_engine_pause, channel_state.name)
    if activity.trouble is not None:
        context.log.info("channel recovered", channel=channel_state.name, doing=activity.what)
    activity.proven, activity.trouble = True, None


def log_trouble(
    context: EngineContext, channel_state: ChannelState, activity: Activity, sort: str, words: str
) -> None:
    """Log that the channel is in trouble, once for as long as the trouble is of one kind."""
    log = context.log.debug if activity.trouble == sort else context.log.warning
    log("channel in trouble", channel=channel_state.name, doing=activity.what, error=words)
    activity.trouble = sort


def error_text(error: Exception) -> str:
    """The error's text for an operator, at most `WORDS_MAX` characters."""
    # The text of a ChannelError is made for people. Any other error is a bug in the channel's
    # code, whose text may quote anything, even a credential: its class and place are shown instead.
    if isinstance(error, ChannelError):
        return str(error)[:WORDS_MAX]
    if isinstance(error, TimeoutError):
        return "cut off: it took too long"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {_short(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return f"crashed: {type(error).__name__}{place}"


def _short(filename: str) -> str:
    """The last two parts of a path: enough to find the file, and nothing of the machine."""
    return "/".join(filename.replace("\\", "/").split("/")[-2:])


def _incident(error: Exception) -> IncidentKind | None:
    if isinstance(error, NeedsOperator):
        return IncidentKind.CREDENTIALS
    if isinstance(error, ContractBroken):
        return IncidentKind.CONTRACT
    if isinstance(error, ChannelError | TimeoutError):
        return None  # The channel turns failing, then stale, which is an incident.
    return IncidentKind.CRASHED


def rest_ms(channel_state: ChannelState, activity: Activity, error: Exception) -> int:
    """How long to leave it alone, in milliseconds: doubling, never less than the channel asked.

    After one failure the next scheduled poll still runs; from the second on some are left out.
    """
    if isinstance(error, NeedsOperator):
        return max(PAUSE_MS, channel_state.settings.every_ms)
    first_ms = (
        channel_state.settings.every_ms // 2 if activity is channel_state.polls else WRITES_REST_MS
    )
    rest_ms = min(first_ms << min(activity.failures - 1, DOUBLINGS_MAX), BACKOFF_MS_MAX)
    asked_s = error.retry_after_s if isinstance(error, Temporary) else None
    return max(rest_ms, round((asked_s or 0) * 1000))
