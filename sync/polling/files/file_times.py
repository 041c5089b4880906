"""When a channel's files were first seen: loaded before a poll, kept before it is judged."""

from typing import cast

from store.polling import file_sights
from sync.channels.base import FileSource
from sync.polling.channel_state import ChannelState
from sync.polling.recovery import EngineContext


async def look(context: EngineContext, channel_state: ChannelState) -> None:
    """Let a channel of files know when it first saw those that are from the future.

    Raises ChannelError's subclasses, StoreError.
    """
    if not channel_state.channel.abilities.files:
        return
    now = context.clock.now()
    known = await context.database.aread(file_sights.known, channel_state.name)
    present = await cast("FileSource", channel_state.channel).look(known, now)
    # What has been seen stays seen, whatever becomes of this poll.
    if present.keys() - known.keys():
        await context.database.awrite(file_sights.keep, channel_state.name, present, now=now)
