"""A channel's events in a poll: read before the readings, recorded together with them.

Trouble with events never fails the readings: it is an incident of its own, and the events that were
read before it count. Where the readings fail too, theirs is the trouble that is reported.
"""

from typing import cast

import msgspec

from store.event_kinds import Event
from store.model import Millis, PollOutcome, Refused
from store.polling import events
from store.polling.events import EventBatch
from sync.channels.base import EventPage, EventSource, closing
from sync.errors import ContractBroken
from sync.polling import handed_over, recovery
from sync.polling.channel_state import ChannelState
from sync.polling.recovery import EngineContext
from sync.transport.budgets.base import ending_within

EVENTS_MAX = 50_000
"""New ones in one poll: the rest comes with the next poll, from the last page's cursor."""

HELD_MAX = 4 * EVENTS_MAX
"""In memory at once, where the pages have no cursor to stop at, and of repeats."""

REFUSED_MAX = 1_000
"""Bad events of one poll that are reported; each of them costs memory."""


class EventReadResult(msgspec.Struct, frozen=True):
    """What came of asking a channel for its events."""

    batch: EventBatch | None = None
    """None where it was not asked: it reports none, or rests after trouble."""
    trouble: Exception | None = None


class _EventsRead:
    """What the pages had so far."""

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
    """Read the channel's events since its cursor. Raises StoreError only.

    They are read before the readings, so that the readings are at least as new as the events.
    """
    rests = channel_state.event_reads.rests(context.clock.now())
    if rests or not channel_state.channel.abilities.events:
        return EventReadResult()
    cursor = await context.database.aread(events.cursor, channel_state.name)
    pages = _EventsRead()
    trouble: Exception | None = None
    try:
        async with ending_within(_deadline_s(channel_state)):
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
    """Record the events where no readings were recorded, and report trouble with reading them."""
    # A sale has happened, whatever became of the poll's readings. A good poll has recorded the
    # events already, in the same transaction as its readings.
    if result.batch is None:
        return
    if outcome is not PollOutcome.GOOD:
        now = context.clock.now()
        await context.database.awrite(
            events.record_batch_alone, channel_state.name, result.batch, context.comparison, now=now
        )
    if result.trouble is None:
        await recovery.on_events_success(context, channel_state)
    elif outcome is not PollOutcome.FAILED:
        await recovery.on_events_failure(context, channel_state, result.trouble)


async def _read_pages(channel_state: ChannelState, cursor: str | None, read: _EventsRead) -> None:
    source = cast("EventSource", channel_state.channel)
    foreign = handed_over.is_foreign(channel_state.settings.kind)
    async with closing(source.events(cursor)) as pages:
        async for page in pages:
            if foreign:
                handed_over.check_events(page)
            read.add(page)
            if len(read.events) - read.fresh > HELD_MAX:
                words = (
                    f"{channel_state.name} reports more than {HELD_MAX:,} events before its cursor"
                )
                raise ContractBroken(words, path="events")
            if read.fresh >= (HELD_MAX if page.cursor is None else EVENTS_MAX):
                return


def _deadline_s(channel_state: ChannelState) -> float:
    """How long the events may take: the readings come after them, and must not turn stale."""
    return max(channel_state.settings.timeout_ms, channel_state.settings.stale_after_ms // 3) / 1000
