"""A list that shows what was before our own write: late, or somebody else has written it."""

from store.errors import StoreError
from store.polling import list_lag, merge
from store.polling.sweep import Sweep
from sync.channels.base import ListingRef
from sync.polling import placeless
from sync.polling.channel_state import ChannelState
from sync.polling.recovery import EngineContext, error_text
from sync.transport.budgets.base import ending_within

READ_MAX = 20
"""So many records are read after one poll; the others after the next ones."""


async def ask_single_records(
    context: EngineContext, channel_state: ChannelState, sweep: Sweep
) -> None:
    """Read one by one what the poll left out, because the list shows it as before our write.

    Only the record itself tells a late list from another writer. Raises StoreError only: where the
    channel does not answer, the next poll asks again.
    """
    if not sweep.behind or not channel_state.channel.abilities.reads_one:
        return
    asked = list(sweep.behind)[:READ_MAX]
    found = await context.database.aread(list_lag.left_out, asked)
    wanted = [ListingRef(*listing) for listing in found]
    channel = channel_state.channel
    try:
        async with ending_within(channel_state.deadline_s):
            answer = placeless.of_reading(await channel.read(wanted), wanted, channel.abilities)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a channel's code.
        context.log.info("late list not checked", channel=sweep.channel, why=error_text(error))
        return
    await context.database.awrite(
        merge.record_fresh, sweep.channel, answer.records, answer.refused,
        [(listing.sku, listing.location) for listing in wanted], context.comparison,
        now=context.clock.now(), own=False,
    )  # fmt: skip
    await context.database.awrite(list_lag.disproved, asked)
