"""Fresh readings of the listings that a write is about: before it, and after it until it shows."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from store.corrections import lifecycle
from store.errors import StoreError
from store.model import Correction, CorrectionStatus, PollOutcome
from store.polling import merge
from sync.channels.base import ListingRef
from sync.corrections import verify
from sync.corrections.verify import ListingKey, SentChange, Shown, Verdict, WriteOutcome
from sync.errors import Temporary
from sync.polling import placeless, recovery
from sync.polling.channel_state import ChannelState
from sync.polling.poll import poll_held
from sync.polling.recovery import EngineContext
from sync.transport.budgets.base import ending_within

PATIENCE_MS = 10_000
"""For so long what is applied later is waited for. After that the polls go on, and one of them
proves it."""

PAUSE_MS = 250
PAUSE_MS_MAX = 2_000
"""The wait between two readings begins with the one and doubles up to the other."""

Finish = Callable[[Correction, Verdict], Awaitable[None]]


class ListingReader(msgspec.Struct, frozen=True):
    """Reads listings of one channel by its cheapest means, and records what they show."""

    context: EngineContext
    channel_state: ChannelState

    async def read(self, wanted: Sequence[ListingRef], *, own: bool) -> dict[ListingKey, Shown]:
        """Read a few listings; `own`: to see our own write. Raises the channel's errors."""
        async with ending_within(self.channel_state.deadline_s):
            channel = self.channel_state.channel
            answer = placeless.of_reading(await channel.read(wanted), wanted, channel.abilities)
        places = [(listing.sku, listing.location) for listing in wanted]
        await self.context.database.awrite(
            merge.record_fresh,
            self.channel_state.name,
            answer.records,
            answer.refused,
            places,
            self.context.comparison,
            now=self.context.clock.now(),
            own=own,
        )
        shown: dict[ListingKey, Shown] = dict.fromkeys(places)
        shown |= {(record.sku or "", record.location): record for record in answer.refused}
        shown |= {(record.sku, record.location): record for record in answer.records}
        return shown

    async def poll(self) -> None:
        """Poll the whole channel, as it has no cheaper reading. Raises Temporary if it fails."""
        self.channel_state.wants_sweep = True
        report = await poll_held(self.context, self.channel_state)
        if report.outcome is not PollOutcome.GOOD:
            raise Temporary(f"no fresh reading: {report.error}")

    async def of_written(self, writes: Sequence[SentChange]) -> dict[ListingKey, Shown] | str:
        """Read the written listings; a text that says why where they can't be read."""
        try:
            if self.channel_state.channel.abilities.reads_one:
                wanted = [ListingRef(*write.listing, write.change.ref) for write in writes]
                return await self.read(wanted, own=True)
            await self.poll()
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge of a channel's task.
            return recovery.error_text(error)
        ids = [write.correction.id for write in writes]
        now = self.context.clock.now()
        found = await self.context.database.aread(lifecycle.approved, ids, now=now)
        return {
            (approval.correction.sku, approval.correction.location): approval.reading
            for approval in found
        }


async def read_back(
    reader: ListingReader, waiting: Sequence[SentChange], finish: Finish
) -> str | None:
    """Read until each shows what was written or `read_back_within` is up.

    Each that is decided is handed to `finish`. What is applied later is left to the polls after a
    while, or at once where only a whole poll could show it. So is what had no reply, of a channel
    that applies later: it ends as unknown, and a poll may prove it. Answers the first surprise.
    """
    clock = reader.context.clock
    can = reader.channel_state.channel.abilities
    if not can.reads_one:
        waiting = [write for write in waiting if write.outcome is not WriteOutcome.LATER]
    began = clock.now()
    left_ms = reader.channel_state.settings.read_back_within_ms
    until = clock.now() + left_ms
    pause_ms = PAUSE_MS
    surprise: str | None = None
    while waiting:
        shown = await reader.of_written(waiting)
        # The time left only ever shrinks: a clock that is set back while we wait must not make
        # a channel that never shows the write be read for another hour.
        left_ms = min(left_ms, until - clock.now())
        last = left_ms <= 0
        is_patient = clock.now() - began < PATIENCE_MS
        still: list[SentChange] = []
        for write in waiting:
            verdict = verify.judge(write, shown)
            is_proven = verdict.status is CorrectionStatus.VERIFIED
            # What such a channel makes of a request may show after an hour. Nobody else could read
            # or write it for so long.
            is_given_up = can.later and not is_patient and write.outcome is WriteOutcome.LOST
            if is_proven or last or is_given_up:
                await finish(write.correction, verdict)
                if not is_proven:
                    surprise = surprise or f"{write.name}: {verdict.words}"
            elif is_patient or write.outcome is not WriteOutcome.LATER:
                still.append(write)
        waiting = still
        if waiting:
            pause_ms = max(1, min(pause_ms, left_ms))
            await clock.sleep(pause_ms)
            left_ms -= pause_ms
            pause_ms = min(2 * pause_ms, PAUSE_MS_MAX)
    return surprise
