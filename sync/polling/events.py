"""Read what moved on a channel, before its readings are read, so that neither is without the other.

`sync.polling.poll` calls `read_events`, gives what was told to the transaction that records the
readings, and calls `finish` with what became of them. Trouble with events never fails the readings:
it is an incident of its own, and what was heard before it counts. Where the readings fail too,
theirs is the trouble.
"""

import asyncio
from dataclasses import dataclass
from typing import cast

from store.channels import incidents
from store.event_kinds import Event
from store.model import IncidentKind, Millis, PollOutcome, Refused
from store.polling import events
from store.polling.events import EventBatch
from sync.channels.base import EventPage, EventSource, closing
from sync.errors import ContractBroken, Temporary
from sync.polling import recovery
from sync.polling.channel_state import ChannelState
from sync.polling.recovery import EngineContext

EVENTS_MAX = 50_000
"""New ones in one poll: the rest comes with the next, from the cursor of the page that is full."""

HELD_MAX = 4 * EVENTS_MAX
"""However the pages say where to go on, and also of those that we ask for again."""

REFUSED_MAX = 1_000
"""So many bad events of one poll are told; each of them costs memory."""

PATIENCE = 3
"""Passing trouble, such as a 503, is an incident from so many times in a row on."""

READ = "read"
"""Key of the incident that says that a channel's events can't be read."""


@dataclass(frozen=True, slots=True)
class EventReadResult:
    """What came of asking a channel for its events."""

    batch: EventBatch | None = None
    """None where it was not asked: it tells none, or rests after trouble."""
    trouble: Exception | None = None


class _EventsRead:
    """What the pages told so far."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.refused: list[Refused] = []
        self.cursor: str | None = None
        self.again_until: Millis | None = None
        self.fresh = 0

    def add(self, page: EventPage) -> None:
        until = page.again_until
        self.events += page.events
        self.refused += page.refused[: REFUSED_MAX - len(self.refused)]
        self.cursor = page.cursor if page.cursor is not None else self.cursor
        if until is not None:
            self.again_until = max(until, self.again_until or until)
        self.fresh += sum(until is None or event.at > until for event in page.events)


async def read_events(context: EngineContext, channel_state: ChannelState) -> EventReadResult:
    """Read the channel's events since its cursor. Raises StoreError only."""
    if (
        not channel_state.channel.abilities.events
        or context.clock.now() < channel_state.event_reads.rests_until
    ):
        return EventReadResult()
    cursor = await context.database.aread(events.cursor, channel_state.name)
    pages = _EventsRead()
    trouble: Exception | None = None
    try:
        async with asyncio.timeout(_deadline_s(channel_state)):
            await _read_pages(channel_state, cursor, pages)
    except Exception as error:  # noqa: BLE001 - the edge of a channel's code.
        trouble = error
    batch = EventBatch(
        tuple(pages.events), tuple(pages.refused), pages.cursor, pages.again_until, context.ahead_ms
    )
    return EventReadResult(batch, trouble)


async def finish(
    context: EngineContext,
    channel_state: ChannelState,
    result: EventReadResult,
    outcome: PollOutcome,
) -> None:
    """Take what was heard where no readings were recorded, and tell what kept it from being heard.

    What happened has happened, whatever became of the readings.
    """
    if result.batch is None:
        return
    if outcome is not PollOutcome.GOOD:
        now = context.clock.now()
        await context.database.awrite(
            events.bring_in_alone, channel_state.name, result.batch, context.comparison, now=now
        )
    if result.trouble is None:
        await _recover(context, channel_state)
    elif outcome is not PollOutcome.FAILED:
        await _suffer(context, channel_state, result.trouble)


async def _read_pages(channel_state: ChannelState, cursor: str | None, read: _EventsRead) -> None:
    source = cast("EventSource", channel_state.channel)
    async with closing(source.events(cursor)) as pages:
        async for page in pages:
            read.add(page)
            if len(read.events) - read.fresh > HELD_MAX:
                words = (
                    f"{channel_state.name} tells more than {HELD_MAX:,} events of before its cursor"
                )
                raise ContractBroken(words, path="events")
            if read.fresh >= (HELD_MAX if page.cursor is None else EVENTS_MAX):
                return


def _deadline_s(channel_state: ChannelState) -> float:
    """The readings come after, and must not turn stale for it."""
    return max(channel_state.settings.timeout_ms, channel_state.settings.stale_after_ms // 3) / 1000


async def _suffer(context: EngineContext, channel_state: ChannelState, error: Exception) -> None:
    """Leave the events alone for a while, and say why: once in the log, and as an incident."""
    activity, now = channel_state.event_reads, context.clock.now()
    activity.failures += 1
    activity.rests_until = now + recovery.rest_ms(channel_state, activity, error)
    words = recovery.error_text(error)
    if activity.failures >= PATIENCE or not isinstance(error, Temporary | TimeoutError):
        await context.database.awrite(
            incidents.raise_incident, channel_state.name, IncidentKind.EVENTS,
            f"its events can't be read: {words}", now=now, key=READ,
        )  # fmt: skip
    recovery.log_trouble(context, channel_state, activity, type(error).__name__, words)


async def _recover(context: EngineContext, channel_state: ChannelState) -> None:
    activity = channel_state.event_reads
    activity.failures = activity.rests_until = 0
    if activity.proven and activity.trouble is None:
        return
    now = context.clock.now()
    await context.database.awrite(
        incidents.resolve, channel_state.name, IncidentKind.EVENTS, now=now, key=READ
    )
    if activity.trouble is not None:
        context.log.info("channel recovered", channel=channel_state.name, doing=activity.what)
    activity.proven, activity.trouble = True, None
