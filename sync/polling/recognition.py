"""What of a channel's list is as it was: asked before a poll, and kept from engine to engine."""

from typing import cast

from store.database.connection import Database
from store.polling.recognition import memory
from store.polling.recognition.memory import PollMemory
from store.polling.recognition.pages import UNMARKED, PageMarks, PollPages
from store.polling.sweep import Sweep
from sync.channels.base import Channel, RecognisingSource, RecordPage
from sync.polling import deltas
from sync.polling.channel_state import ChannelState
from sync.polling.recovery import EngineContext
from sync.version import version

SAVE_EVERY_MS = 10 * 60_000
"""How often a running engine saves what it remembers. Without, an engine that is killed costs the
next one a poll that decodes everything."""


def memory_of(database: Database, channel: Channel) -> PollMemory:
    """Make the memory of a channel, which fetches from the cache what an earlier engine saved."""
    can = channel.abilities
    # A file that stands is recognised as a whole. Of a list in pages, each is asked for.
    is_lazy = can.recognises and can.files

    async def fetch(channel_id: int, poll_id: int) -> PollPages:
        return await database.aread(memory.pages, channel_id, poll_id)

    return PollMemory(fetch if is_lazy else None)


async def recall(channel_state: ChannelState, sweep: Sweep) -> None:
    """Say what the channel's last good poll had, where the channel can ask. Raises StoreError."""
    recogniser = sweep.recogniser
    # Its version decides what is made of the same bytes, as the configuration does.
    recogniser.configure(f"{deltas.configured_as(channel_state.settings)} {version()}")
    if channel_state.channel.abilities.recognises:
        cast("RecognisingSource", channel_state.channel).recall(recogniser)


def marks_of(page: RecordPage) -> PageMarks:
    """What a page is recognised by: its bytes only where its records are all that they say."""
    marks = page.marks
    if marks.mark != UNMARKED and (page.refused or page.warnings or page.cut_short or page.kept):
        return PageMarks(source=marks.source)
    return marks


async def save_where_due(context: EngineContext, channel_state: ChannelState) -> None:
    """Save what is remembered of the channel now and then. Raises StoreError."""
    now = context.clock.now()
    if channel_state.saved_at is None:
        channel_state.saved_at = now
    elif not 0 <= now - channel_state.saved_at < SAVE_EVERY_MS:
        channel_state.saved_at = now
        await save(context, channel_state)


async def save(context: EngineContext, channel_state: ChannelState) -> None:
    """Save what is remembered of the channel for the next engine. Raises StoreError."""
    await context.database.awrite(memory.save, channel_state.memory, channel_state.name)
