"""A second look for listings that a list in pages lacks, though they were there before."""

from collections.abc import Sequence

from store.polling import absences
from store.polling.absences import AbsentListing
from store.polling.sweep import Sweep
from sync.channels.base import FreshReadings, ListingRef
from sync.errors import ChannelError
from sync.polling import placeless
from sync.polling.channel_state import ChannelState
from sync.polling.recovery import EngineContext, error_text

LOOKS_MAX = 50
"""Listings of one poll that are read by themselves. More at once are no matter of a moved page:
the next list decides about them, and the guard about the poll."""

NAMED_MAX = 3


async def second_look(
    context: EngineContext, channel_state: ChannelState, sweep: Sweep
) -> Sequence[str]:
    """Read what the list lacks by itself, where the channel can; the rest waits for the next poll.

    Answers a warning where something waits.
    """
    database = context.database
    absent = await database.awrite(absences.find, sweep)
    if not absent:
        return ()
    left = absent
    if channel_state.channel.abilities.reads_one:
        asked = absent[:LOOKS_MAX]
        answer = await _read(context, channel_state, asked)
        if answer is not None:
            # One that can't be read by itself is neither there nor gone.
            unreadable = {(record.sku, record.location) for record in answer.refused}
            wanted = {(listing.sku, listing.location) for listing in asked}
            records = [r for r in answer.records if (r.sku, r.location) in wanted]
            there = {(record.sku, record.location) for record in records}
            found = [listing for listing in asked if (listing.sku, listing.location) in there]
            await database.awrite(absences.take_back, sweep, found, records)
            left = [
                listing for listing in asked if (listing.sku, listing.location) in unreadable
            ] + absent[LOOKS_MAX:]
    waiting = [listing for listing in left if not listing.was_absent]
    if not waiting:
        return ()
    await database.awrite(absences.spare, sweep, [listing.listing_id for listing in waiting])
    return (_warning(waiting),)


async def _read(
    context: EngineContext, channel_state: ChannelState, asked: Sequence[AbsentListing]
) -> FreshReadings | None:
    """Read these by themselves; None where the channel could not answer."""
    wanted = [ListingRef(listing.sku, listing.location, listing.ref) for listing in asked]
    try:
        channel = channel_state.channel
        return placeless.of_reading(await channel.read(wanted), wanted, channel.abilities)
    except ChannelError as error:
        # The list itself came, so the poll counts; what it lacks is decided by the next one.
        context.log.info("second look failed", channel=channel_state.name, error=error_text(error))
        return None


def _warning(waiting: Sequence[AbsentListing]) -> str:
    named = ", ".join(listing.sku for listing in waiting[:NAMED_MAX])
    more = f" and {len(waiting) - NAMED_MAX:,} more" if len(waiting) > NAMED_MAX else ""
    return f"not in the newest list, and were there before: {named}{more}; the next poll decides"
