"""Files of only what changed: which are in force, before a poll, and what it adds to them."""

from typing import cast

from store.polling.changes import part, sequence
from store.polling.sweep import Sweep
from sync.channels.base import ChangesSource, RecordPage
from sync.polling.channel_state import ChannelState
from sync.polling.recovery import EngineContext


async def resume(context: EngineContext, channel_state: ChannelState) -> None:
    """Let a channel with files of changes know which are in force. Raises StoreError."""
    if channel_state.channel.abilities.changes:
        known = await context.database.aread(sequence.known, channel_state.name)
        cast("ChangesSource", channel_state.channel).resume(known)


def begin(sweep: Sweep, page: RecordPage) -> None:
    """Take the files of a poll from its first page."""
    if page.sequence is not None:
        sequence.note(sweep, page.sequence)
        if page.sequence.is_part:
            part.begin(sweep)


async def count(context: EngineContext, sweep: Sweep, gone: list[tuple[str, str]]) -> None:
    """Count what is gone of a poll of only what changed. All pages must be in."""
    if sweep.is_part:
        await context.database.awrite(part.count, sweep, gone)
