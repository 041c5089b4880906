"""Write what was approved: recheck, write, read back, mark. The only code that changes a channel.

The engine calls `apply` with one channel's due corrections. Every step is on disk before the next
is taken, so that a death at any point leaves a state from which nothing is sent twice: `approved`
was not sent; `applying` may have been, and the next engine calls it unknown.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from store.channels import incidents
from store.corrections import lifecycle
from store.corrections.lifecycle import ApprovedCorrection
from store.errors import StoreError
from store.model import Correction, CorrectionStatus, IncidentKind, PollOutcome
from store.polling import merge
from sync.channels.base import Change, Receipt, Wanted
from sync.corrections import verify
from sync.corrections.batch_progress import STOPPED, account
from sync.corrections.verify import Place, Sent, Shown, Verdict, WriteOutcome
from sync.errors import ChannelError, NeedsOperator, Temporary, WriteRejected
from sync.polling import recovery
from sync.polling.channel_state import ChannelState
from sync.polling.poll import poll_held
from sync.polling.recovery import EngineContext

FIRST_FEW = 3
"""Written and read back before the rest of a batch: a surprise then costs this many listings."""

READ_BACK_PAUSE_MS = 250
READ_BACK_PAUSE_MS_MAX = 2_000

Going = Sequence[tuple[Correction, Change]]


async def apply(
    context: EngineContext, channel_state: ChannelState, ids: Sequence[int], *, token: str
) -> None:
    """Write one channel's due corrections, a few first, and stop at the first surprise.

    What can't be written now stays approved, for a later round. Raises LeaseLost where another
    engine took over, and StoreError; nothing of the channel's.
    """
    async with channel_state.busy:
        try:
            await _Round(context, channel_state, token).run(ids)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge of a channel's task.
            await recovery.suffer(context, channel_state, channel_state.writes, error)


@dataclass(frozen=True, slots=True)
class _Call:
    """What one call of the channel's made of each change, in order."""

    sent: list[Sent]
    kept_from: Exception | None = None
    """What certainly kept those from being sent whose fate is UNSENT."""


@dataclass(frozen=True, slots=True)
class _Round:
    """One round of writes to one channel. Raises whatever kept it from writing."""

    context: EngineContext
    channel_state: ChannelState
    token: str

    async def run(self, ids: Sequence[int]) -> None:
        abilities = self.channel_state.channel.abilities
        left = [approved.correction.id for approved in await self._standings(ids)]
        tried: list[int] = []
        if left and not abilities.reads_one and not abilities.compare_and_set:
            # No cheaper fresh reading: one poll serves the whole batch.
            await self._poll()
        for batch in _batches(left, abilities.batch_max):
            going = await self._begin(batch)
            left = left[len(batch) :]
            if not going:
                continue
            tried += [correction.id for correction, _ in going]
            call = await self._send(going)
            surprise = await self._settle(call.sent)
            if surprise is not None:
                unsent = [
                    write.correction.id for write in call.sent if write.fate is WriteOutcome.UNSENT
                ]
                sent = [correction_id for correction_id in tried if correction_id not in unsent]
                await self._stop(sent, [*unsent, *left], surprise)
            if call.kept_from is not None:
                raise call.kept_from
            if surprise is not None:
                return

    async def _begin(self, ids: Sequence[int]) -> Going:
        """Recheck the batch and mark as `applying` what still stands."""
        standings = await self._recheck(ids)
        standing_ids = [standing.correction.id for standing in standings]
        try:
            begun = await self.context.database.awrite(
                lifecycle.begin_applying, standing_ids, token=self.token, now=self._now()
            )
        except asyncio.CancelledError:
            # It may be marked by now, and certainly is not sent.
            await self._release(standing_ids, "the engine stopped before it was sent")
            raise
        return [
            (standing.correction, verify.change_of(standing))
            for standing in standings
            if standing.correction.id in begun
        ]

    async def _recheck(self, ids: Sequence[int]) -> list[ApprovedCorrection]:
        """Read afresh, and keep the corrections whose ground still stands (rule 9)."""
        standings = await self._standings(ids)
        if not standings or not self.channel_state.channel.abilities.reads_one:
            return standings
        wanted = [
            Wanted(standing.correction.sku, standing.correction.location, standing.ref)
            for standing in standings
        ]
        await self._read(wanted, own=False)
        return await self._standings([standing.correction.id for standing in standings])

    async def _standings(self, ids: Sequence[int]) -> list[ApprovedCorrection]:
        """Those that stand and may be written now; those that don't stand are superseded."""
        found = await self.context.database.aread(lifecycle.standing, ids, now=self._now())
        approved = [
            standing
            for standing in found
            if standing.correction.status is CorrectionStatus.APPROVED
        ]
        words = "its target or its reading moved before it was written"
        for standing in approved:
            if not standing.valid:
                verdict = Verdict(CorrectionStatus.SUPERSEDED, words)
                await self._finish(standing.correction, verdict)
        return [standing for standing in approved if standing.valid and not standing.held_back]

    async def _send(self, going: Going) -> _Call:
        """Write one call's worth. A call refused whole is halved to find the change at fault."""
        try:
            async with asyncio.timeout(self.channel_state.deadline_s):
                receipts = await self.channel_state.channel.write([change for _, change in going])
        except (Temporary, NeedsOperator) as error:
            return _Call(
                _all(going, WriteOutcome.UNSENT, recovery.in_words(error)), kept_from=error
            )
        except WriteRejected as error:
            if len(going) > 1:
                return await self._send_halves(going)
            fate = WriteOutcome.CONFLICT if error.conflict else WriteOutcome.REFUSED
            return _Call(_all(going, fate, recovery.in_words(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the request may have left.
            if not isinstance(error, ChannelError):
                await recovery.suffer(
                    self.context, self.channel_state, self.channel_state.writes, error
                )
            return _Call(_all(going, WriteOutcome.LOST, recovery.in_words(error)))
        return _Call(_by_receipts(going, receipts))

    async def _send_halves(self, going: Going) -> _Call:
        """Write what was refused as a whole in two halves; stop where the first one stops."""
        middle = len(going) // 2
        first = await self._send(going[:middle])
        if any(write.fate in (WriteOutcome.LOST, WriteOutcome.UNSENT) for write in first.sent):
            unsent = _all(
                going[middle:], WriteOutcome.UNSENT, "the other half of its batch was lost"
            )
            return _Call([*first.sent, *unsent], first.kept_from)
        second = await self._send(going[middle:])
        return _Call([*first.sent, *second.sent], second.kept_from)

    async def _settle(self, sent: Sequence[Sent]) -> str | None:
        """Mark every change by its fate and by the reading back; answer the first surprise.

        A conflict is no surprise: the channel has done what compare-and-set is for.
        """
        database = self.context.database
        unsent = [write for write in sent if write.fate is WriteOutcome.UNSENT]
        if unsent:
            ids = [write.correction.id for write in unsent]
            await self._release(ids, unsent[0].words)
        accepted = [write.correction.id for write in sent if write.fate is WriteOutcome.ACCEPTED]
        if accepted:
            words = "the channel accepted it"
            await database.awrite(lifecycle.applied, accepted, now=self._now(), result=words)
        refused = [
            write for write in sent if write.fate in (WriteOutcome.REFUSED, WriteOutcome.CONFLICT)
        ]
        for write in refused:
            await self._finish(write.correction, Verdict(CorrectionStatus.FAILED, write.words))
        odd = await self._read_back(
            [write for write in sent if write.fate in (WriteOutcome.ACCEPTED, WriteOutcome.LOST)]
        )
        if odd is None and accepted:
            await self._went_well()
        words_of_refusal = (
            f"{write.name}: refused: {write.words}"
            for write in refused
            if write.fate is WriteOutcome.REFUSED
        )
        return next(words_of_refusal, odd)

    async def _read_back(self, waiting: Sequence[Sent]) -> str | None:
        """Read until each shows what was written or time is up; answer the first surprise."""
        left_ms = self.channel_state.settings.read_back_within_ms
        until = self._now() + left_ms
        pause_ms = READ_BACK_PAUSE_MS
        while waiting:
            shown = await self._look(waiting)
            # A clock that is set back meanwhile gives no more time.
            left_ms = min(left_ms, until - self._now())
            last = left_ms <= 0
            odd: list[tuple[Sent, Verdict]] = []
            for write in waiting:
                verdict = verify.judge(write, shown)
                proven = verdict.status is CorrectionStatus.VERIFIED
                if proven or last:
                    await self._finish(write.correction, verdict)
                if not proven:
                    odd.append((write, verdict))
            if odd and last:
                return f"{odd[0][0].name}: {odd[0][1].words}"
            waiting = [write for write, _ in odd]
            if waiting:
                pause_ms = max(1, min(pause_ms, left_ms))
                await self.context.clock.sleep(pause_ms)
                left_ms -= pause_ms
                pause_ms = min(2 * pause_ms, READ_BACK_PAUSE_MS_MAX)
        return None

    async def _look(self, waiting: Sequence[Sent]) -> dict[Place, Shown] | str:
        """Read the written listings; words where they can't be read."""
        try:
            if self.channel_state.channel.abilities.reads_one:
                wanted = [Wanted(*write.place, write.change.ref) for write in waiting]
                return await self._read(wanted, own=True)
            await self._poll()
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge of a channel's task.
            return recovery.in_words(error)
        ids = [write.correction.id for write in waiting]
        found = await self.context.database.aread(lifecycle.standing, ids, now=self._now())
        return {
            (standing.correction.sku, standing.correction.location): standing.reading
            for standing in found
        }

    async def _read(self, wanted: Sequence[Wanted], *, own: bool) -> dict[Place, Shown]:
        """Read a few listings and record what they show."""
        async with asyncio.timeout(self.channel_state.deadline_s):
            answer = await self.channel_state.channel.read(wanted)
        places = [(listing.sku, listing.location) for listing in wanted]
        await self.context.database.awrite(
            merge.record_fresh,
            self.channel_state.name,
            answer.records,
            answer.refused,
            places,
            self.context.comparison,
            now=self._now(),
            own=own,
        )
        shown: dict[Place, Shown] = dict.fromkeys(places)
        shown |= {(record.sku or "", record.location): record for record in answer.refused}
        shown |= {(record.sku, record.location): record for record in answer.records}
        return shown

    async def _poll(self) -> None:
        """Poll the whole channel for want of a cheaper reading. Raises where it was not good."""
        report = await poll_held(self.context, self.channel_state)
        if report.outcome is not PollOutcome.GOOD:
            raise Temporary(f"no fresh reading: {report.error}")

    async def _release(self, ids: Sequence[int], why: str) -> None:
        await self.context.database.awrite(lifecycle.release, ids, now=self._now(), why=why)

    async def _finish(self, correction: Correction, verdict: Verdict) -> None:
        await self.context.database.awrite(
            lifecycle.finish,
            correction.id,
            verdict.status,
            now=self._now(),
            result=verdict.words,
        )
        self.context.log.info(
            "correction ended",
            correction=correction.id,
            channel=self.channel_state.name,
            status=verdict.status.value,
        )

    async def _stop(self, tried: Sequence[int], rest: Sequence[int], surprise: str) -> None:
        """Hand what was not written back to the operator; tell why, and what was applied."""
        database, now = self.context.database, self._now()
        why = f"{STOPPED}{surprise}"
        handed = await database.awrite(lifecycle.hand_back, rest, now=now, why=why)
        words = surprise
        if handed or len(tried) > 1:
            ends = await database.aread(lifecycle.by_id, tried)
            words = f"{surprise}. Of its batch: {account(ends, handed)}"
        await database.awrite(
            incidents.raise_incident, self.channel_state.name, IncidentKind.SURPRISE, words, now=now
        )
        self.context.log.warning(
            "batch stopped", channel=self.channel_state.name, handed_back=len(handed)
        )

    async def _went_well(self) -> None:
        """A batch that shows what was written ends the trouble that an earlier one had."""
        await recovery.recover(self.context, self.channel_state, self.channel_state.writes)
        await self.context.database.awrite(
            incidents.resolve, self.channel_state.name, IncidentKind.SURPRISE, now=self._now()
        )

    def _now(self) -> int:
        return self.context.clock.now()


def _all(going: Going, fate: WriteOutcome, words: str) -> list[Sent]:
    return [Sent(correction, change, fate, words) for correction, change in going]


def _by_receipts(going: Going, receipts: Sequence[Receipt]) -> list[Sent]:
    if len(receipts) != len(going):
        words = f"the channel answered {len(receipts)} of {len(going)} changes"
        return _all(going, WriteOutcome.LOST, words)
    sent = []
    for (correction, change), receipt in zip(going, receipts, strict=True):
        fate = WriteOutcome.ACCEPTED
        if receipt.refused is not None:
            fate = WriteOutcome.CONFLICT if receipt.conflict else WriteOutcome.REFUSED
        sent.append(Sent(correction, change, fate, receipt.refused or ""))
    return sent


def _batches(ids: Sequence[int], batch_max: int) -> Iterator[Sequence[int]]:
    """A few, then the rest in the channel's own largest batches."""
    start, size = 0, min(FIRST_FEW, batch_max)
    while start < len(ids):
        yield ids[start : start + size]
        start, size = start + size, batch_max
