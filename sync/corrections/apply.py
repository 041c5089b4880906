"""Write what was approved: recheck, write, read back, mark. The only code that changes a channel.

Every step is on disk before the next is taken, so that a crash at any point leaves a state from
which nothing is sent twice: `approved` was not sent; `applying` may have been, and the next engine
calls it unknown.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

import msgspec

from store.channels import incidents, write_pauses
from store.corrections import lifecycle, waiting
from store.corrections.lifecycle import ApprovedCorrection
from store.errors import StoreError
from store.model import Correction, CorrectionStatus, IncidentKind
from sync.channels.base import Change, ListingRef, Receipt
from sync.corrections import verify
from sync.corrections.batch_progress import STOPPED, summary
from sync.corrections.calls import calls
from sync.corrections.read_back import ListingReader, read_back
from sync.corrections.verify import SentChange, Verdict, WriteOutcome
from sync.errors import (
    ChannelError,
    NeedsOperator,
    Temporary,
    Withheld,
    WriteOutcomeUnknown,
    WriteRejected,
)
from sync.polling import recovery
from sync.polling.channel_state import ChannelState
from sync.polling.recovery import EngineContext
from sync.polling.reporting.spans import Span
from sync.transport.before_write import before_write
from sync.transport.budgets.base import ending_within

StartedWrites = Sequence[tuple[Correction, Change]]


async def apply(
    context: EngineContext, channel_state: ChannelState, ids: Sequence[int], *, token: str
) -> None:
    """Write one channel's due corrections, a few first, and stop at the first surprise.

    What can't be written now stays approved, for a later round. Raises LeaseLost where another
    engine took over, and StoreError; none of the channel's errors.
    """
    async with channel_state.busy:
        with context.tracer.span("apply", channel=channel_state.name, updates=len(ids)) as span:
            try:
                await _Round(context, channel_state, token, span).run(ids)
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - the edge of a channel's task.
                activity = channel_state.writes
                words = await recovery.on_failure(context, channel_state, activity, error)
                await context.database.awrite(waiting.note, ids, words)
                span.fail(words)


class _WriteCall(msgspec.Struct, frozen=True):
    """What one call of the channel's `write` made of each change, in order."""

    sent: list[SentChange]
    error_before_sending: Exception | None = None
    """Why the unsent ones were not sent."""


class _Mark(msgspec.Struct):
    """The mark of one call, made when its first request that writes is about to leave."""

    of: "_Round"
    ids: Sequence[int]
    is_made: bool = False

    async def make(self) -> None:
        if self.is_made:
            # Part of the call has left. To withhold the rest now would set what was sent back to
            # approved, and it would be sent again.
            await self.of.check_the_rest()
            return
        await self.of.mark(self.ids)
        self.is_made = True


class _Round(msgspec.Struct, frozen=True):
    """One round of writes to one channel. Raises what kept it from writing."""

    context: EngineContext
    channel_state: ChannelState
    token: str
    span: Span
    ended: Counter[str] = msgspec.field(default_factory=Counter)
    """How many of its updates have ended so, by status."""

    @property
    def reader(self) -> ListingReader:
        return ListingReader(self.context, self.channel_state)

    async def run(self, ids: Sequence[int]) -> None:
        abilities = self.channel_state.channel.abilities
        found = await self._still_valid(ids)
        tried: list[int] = []
        # A channel can't compare with a number of which only the least is known.
        compares = abilities.compare_and_set and not any(a.reading.at_least for a in found)
        if found and not abilities.reads_one and not compares:
            # Rule 9 wants a fresh reading before each write. Without one listing at a time, and
            # without compare-and-set, one poll for the whole batch is the cheapest.
            await self.reader.poll()
        batches = calls(self.channel_state.channel, found)
        left = [correction_id for batch in batches for correction_id in batch]
        for batch in batches:
            started = await self._begin(batch)
            left = left[len(batch) :]
            if not started:
                continue
            tried += [correction.id for correction, _ in started]
            call = await self._send(started)
            surprise = await self._judge_outcomes(call.sent)
            if surprise is not None:
                unsent = [
                    write.correction.id
                    for write in call.sent
                    if write.outcome is WriteOutcome.UNSENT
                ]
                sent = [correction_id for correction_id in tried if correction_id not in unsent]
                await self._stop_batch(sent, [*unsent, *left], surprise)
            if isinstance(call.error_before_sending, Withheld):
                # Nothing is wrong with the channel. What moved is looked at again in a later round,
                # and the rest of this one is rechecked before it is sent.
                continue
            if call.error_before_sending is not None:
                raise call.error_before_sending
            if surprise is not None:
                return

    async def _begin(self, ids: Sequence[int]) -> StartedWrites:
        """Recheck the batch: what is still valid, and the change that each comes to."""
        approvals = await self._recheck(ids)
        return [(approval.correction, verify.change_of(approval)) for approval in approvals]

    async def _recheck(self, ids: Sequence[int]) -> list[ApprovedCorrection]:
        """Read afresh, and keep what is still valid (rule 9, docs/architecture.md)."""
        approvals = await self._still_valid(ids)
        if not approvals or not self.channel_state.channel.abilities.reads_one:
            return approvals
        wanted = [
            ListingRef(approval.correction.sku, approval.correction.location, approval.ref)
            for approval in approvals
        ]
        shown = await self.reader.read(wanted, own=False)
        for approval in approvals:
            verdict = verify.refusal_of_recheck(approval, shown)
            if verdict is not None:
                await self._finish(approval.correction, verdict)
        ids = [approval.correction.id for approval in approvals]
        return await self._still_valid(ids, rechecked=True)

    async def _still_valid(
        self, ids: Sequence[int], *, rechecked: bool = False
    ) -> list[ApprovedCorrection]:
        """Those that are valid and may be written now; the others end as superseded."""
        found = await self.context.database.aread(lifecycle.approved, ids, now=self._now())
        approved = [
            approval
            for approval in found
            if approval.correction.status is CorrectionStatus.APPROVED
        ]
        valid = []
        for approval in approved:
            verdict = verify.still_stands(approval, rechecked=rechecked)
            if verdict is not None:
                await self._finish(approval.correction, verdict)
            elif not approval.held_back:
                valid.append(approval)
        return valid

    async def _send(self, started: StartedWrites) -> _WriteCall:
        """Write the changes of one call."""
        mark = _Mark(self, [correction.id for correction, _ in started])
        name, count = self.channel_state.name, len(started)
        try:
            async with ending_within(self.channel_state.deadline_s):
                with (
                    self.context.tracer.span("write", channel=name, updates=count),
                    before_write(mark.make),
                ):
                    receipts = await self.channel_state.channel.write(
                        [change for _, change in started]
                    )
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the request may have left.
            return await self._failed(started, error, has_left=mark.is_made)
        return _WriteCall(_by_receipts(started, receipts))

    async def _failed(
        self, started: StartedWrites, error: Exception, *, has_left: bool
    ) -> _WriteCall:
        """What a call that raised means for each of its changes."""
        if isinstance(error, TimeoutError) and not has_left:
            error = Temporary("its turn did not come in time: `rate` is too low for this channel")
        words = recovery.error_text(error)
        if isinstance(error, Temporary | NeedsOperator):
            return _WriteCall(_all(started, WriteOutcome.UNSENT, words), error_before_sending=error)
        if isinstance(error, WriteRejected):
            if len(started) > 1:
                # The channel refused the call as a whole and applied nothing. One bad change must
                # not keep the others from being written, so the halves are tried by themselves.
                return await self._send_halves(started)
            outcome = WriteOutcome.CONFLICT if error.conflict else WriteOutcome.REFUSED
            return _WriteCall(_all(started, outcome, words))
        if not isinstance(error, ChannelError):
            await recovery.on_failure(
                self.context, self.channel_state, self.channel_state.writes, error
            )
        return _WriteCall(_all(started, WriteOutcome.LOST, words))

    async def _send_halves(self, started: StartedWrites) -> _WriteCall:
        """Write what was refused as a whole in two halves; stop where the first one stops."""
        middle = len(started) // 2
        first = await self._send(started[:middle])
        if any(write.outcome in (WriteOutcome.LOST, WriteOutcome.UNSENT) for write in first.sent):
            unsent = _all(
                started[middle:], WriteOutcome.UNSENT, "the other half of its batch was lost"
            )
            return _WriteCall([*first.sent, *unsent], first.error_before_sending)
        second = await self._send(started[middle:])
        return _WriteCall([*first.sent, *second.sent], second.error_before_sending)

    async def _judge_outcomes(self, sent: Sequence[SentChange]) -> str | None:
        """Mark every change by its outcome and by the reading back; answer the first surprise."""
        database = self.context.database
        unsent = [write for write in sent if write.outcome is WriteOutcome.UNSENT]
        if unsent:
            ids = [write.correction.id for write in unsent]
            await self._release(ids, unsent[0].words)
        accepted = [write.correction.id for write in sent if write.outcome is WriteOutcome.ACCEPTED]
        if accepted:
            words = "the channel accepted it"
            await database.awrite(lifecycle.mark_applied, accepted, now=self._now(), result=words)
        later = [write.correction.id for write in sent if write.outcome is WriteOutcome.LATER]
        if later:
            await database.awrite(
                lifecycle.mark_applied, later, now=self._now(),
                result="the channel accepted it, and applies it later",
                proof_until=self._now() + self.channel_state.settings.read_back_within_ms,
            )  # fmt: skip
        refused = [
            write
            for write in sent
            if write.outcome in (WriteOutcome.REFUSED, WriteOutcome.CONFLICT)
        ]
        for write in refused:
            await self._finish(write.correction, Verdict(CorrectionStatus.FAILED, write.words))
        odd = await read_back(
            self.reader,
            [
                write
                for write in sent
                if write.outcome in (WriteOutcome.ACCEPTED, WriteOutcome.LATER, WriteOutcome.LOST)
            ],
            self._finish,
        )
        if odd is None and accepted:
            await self._record_success()
        # A conflict is no surprise: the channel has done what compare-and-set is for.
        words_of_refusal = (
            f"{write.name}: refused: {write.words}"
            for write in refused
            if write.outcome is WriteOutcome.REFUSED
        )
        return next(words_of_refusal, odd)

    async def mark(self, ids: Sequence[int]) -> None:
        """Mark these as being written, at the last moment. Raises Withheld, LeaseLost."""
        try:
            moved = await self.context.database.awrite(
                lifecycle.begin_applying, ids, token=self.token, now=self._now()
            )
        except asyncio.CancelledError:
            # The mark may be on disk by now, for the transaction runs in another thread. Nothing
            # was sent, so it is taken back; otherwise the next engine would call it unknown.
            await self._release(ids, "the engine stopped before it was sent")
            raise
        if moved:
            numbers = ", ".join(f"#{number}" for number in moved)
            raise Withheld(f"not sent: what {numbers} rests on moved while it waited for its turn")

    async def check_the_rest(self) -> None:
        """Look whether the rest of a call may follow the part that has left.

        Raises WriteOutcomeUnknown where all writes have been paused meanwhile, LeaseLost.
        """
        # As a write, though it changes nothing: so it waits for whoever is pausing at this instant,
        # and the lease is checked with it.
        pause = await self.context.database.awrite(write_pauses.in_force)
        if pause is not None:
            raise WriteOutcomeUnknown(f"stopped half way: {write_pauses.in_words(pause)}")

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
        self.ended[verdict.status] += 1
        self.span.set(**{verdict.status: self.ended[verdict.status]})
        self.context.log.info(
            "correction ended",
            correction=correction.id,
            channel=self.channel_state.name,
            status=verdict.status.value,
        )

    async def _stop_batch(self, tried: Sequence[int], rest: Sequence[int], surprise: str) -> None:
        """Hand what was not written back to the operator, and raise an incident that says why."""
        self.span.fail(surprise)
        database, now = self.context.database, self._now()
        why = f"{STOPPED}{surprise}"
        handed = await database.awrite(lifecycle.hand_back, rest, now=now, why=why)
        words = surprise
        if handed or len(tried) > 1:
            ends = await database.aread(lifecycle.by_id, tried)
            words = f"{surprise}. Of its batch: {summary(ends, handed)}"
        await database.awrite(
            incidents.raise_incident, self.channel_state.name, IncidentKind.SURPRISE, words, now=now
        )
        self.context.log.warning(
            "batch stopped", channel=self.channel_state.name, handed_back=len(handed)
        )

    async def _record_success(self) -> None:
        """End the trouble of an earlier batch: this one shows what was written."""
        await recovery.on_success(self.context, self.channel_state, self.channel_state.writes)
        await self.context.database.awrite(
            incidents.resolve, self.channel_state.name, IncidentKind.SURPRISE, now=self._now()
        )

    def _now(self) -> int:
        return self.context.clock.now()


def _all(started: StartedWrites, outcome: WriteOutcome, words: str) -> list[SentChange]:
    return [SentChange(correction, change, outcome, words) for correction, change in started]


def _by_receipts(started: StartedWrites, receipts: Sequence[Receipt]) -> list[SentChange]:
    if len(receipts) != len(started):
        words = f"the channel answered {len(receipts)} of {len(started)} changes"
        return _all(started, WriteOutcome.LOST, words)
    sent = []
    for (correction, change), receipt in zip(started, receipts, strict=True):
        words = receipt.refused or receipt.unknown or receipt.unsent or ""
        sent.append(SentChange(correction, change, _outcome(receipt), words))
    return sent


def _outcome(receipt: Receipt) -> WriteOutcome:
    if receipt.refused is not None:
        return WriteOutcome.CONFLICT if receipt.conflict else WriteOutcome.REFUSED
    if receipt.unknown is not None:
        return WriteOutcome.LOST
    if receipt.unsent is not None:
        return WriteOutcome.UNSENT
    return WriteOutcome.LATER if receipt.later else WriteOutcome.ACCEPTED
