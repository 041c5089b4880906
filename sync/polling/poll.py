"""One poll: read a channel, judge what came, then record or quarantine it.

Whatever a channel's code raises ends here: one channel's trouble never stops another.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import cast

import msgspec
from msgspec.structs import replace

from store.channels import incidents, polls
from store.corrections import late
from store.database.worklist import Merge
from store.errors import Overtaken, StoreError
from store.model import IncidentKind, Millis, PollOutcome, Refused
from store.open_counts import upkeep
from store.poll_counts import PollCounts
from store.polling import file_sights, future_times, quarantine, staging
from store.polling import merge as merge_module
from store.polling.events import EventBatch
from store.polling.sweep import Sweep
from sync.channels.base import RecordPage, SinceSource, closing
from sync.errors import ContractBroken, Temporary
from sync.polling import (
    absences,
    deltas,
    events,
    guard,
    handed_over,
    late_lists,
    placeless,
    recognition,
    recovery,
)
from sync.polling.channel_state import ChannelState
from sync.polling.files import file_sequence, file_times
from sync.polling.recovery import EngineContext
from sync.polling.reporting.poll_report import PollReport
from sync.polling.reporting.spans import Span
from sync.transport.budgets.base import ending_within

REFUSED_MAX = 20_000
"""A poll with more bad records than this is not read to its end: each of them costs memory."""


PROGRESS_EVERY_MS = 1_000
"""How often a poll records how far it is. A short poll never does, so it costs nothing."""


class _Read(msgspec.Struct, frozen=True):
    """What the pages had beside their records."""

    as_of: Millis | None
    """The oldest time that a page is of: the whole is as old as its oldest part."""
    cut_short: str
    """How the channel itself says that there is more."""
    warnings: tuple[str, ...]
    pages: int
    """Of a list that moves while it is read; 1 of a file, which is whole."""
    unreported: str | None = None
    """What a full sweep found that no list of changes names; None: it was not compared."""


async def poll(context: EngineContext, channel_state: ChannelState) -> PollReport:
    """Poll the channel once, when nobody else polls or writes it. Raises StoreError only."""
    started = context.clock.now()
    try:
        async with channel_state.busy:
            return await poll_held(context, channel_state)
    except asyncio.CancelledError:
        if channel_state.cancelled_by is None:
            raise
        return await _end_cancelled(context, channel_state, channel_state.cancelled_by, started)
    finally:
        channel_state.cancelled_by = None


async def _end_cancelled(
    context: EngineContext, channel_state: ChannelState, who: str, started: Millis
) -> PollReport:
    """End a poll that a person cancelled: nothing of it is kept but its record."""
    # The cancellation has done its work; without `uncancel` the next `await` in this task, the one
    # that records it, would be cancelled as well.
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
    now, words = context.clock.now(), f"cancelled by {who}"
    outcome = await context.database.awrite(
        merge_module.cancel, channel_state.name, words, since=started, now=now
    )
    cancelled = outcome is PollOutcome.CANCELLED
    context.log.info("poll cancelled", channel=channel_state.name, by=who, in_time=cancelled)
    return PollReport(
        channel_state.name, outcome, 0, 0, now - started, words if cancelled else None
    )


async def poll_held(context: EngineContext, channel_state: ChannelState) -> PollReport:
    """Like `poll`, for a caller that holds `channel_state.busy`."""
    with context.tracer.span("poll", channel=channel_state.name) as span:
        report = await _poll_traced(context, channel_state, span)
        span.set(
            outcome=report.outcome.value, listings=report.listings, changed=report.changed,
            whole=report.since is None,
        )  # fmt: skip
        if report.error is not None:
            span.fail(report.error)
    return report


async def _poll_traced(
    context: EngineContext, channel_state: ChannelState, span: Span
) -> PollReport:
    started = context.clock.now()
    try:
        poll_id = None
        if channel_state.channel.abilities.events:
            # The events are read first and may take minutes. The record is opened before them, so
            # that the console shows the poll as running from its beginning.
            poll_id = await context.database.awrite(
                polls.open_record, channel_state.name, now=started
            )
        event_result = await events.read_events(context, channel_state)
        sweep = await context.database.awrite(
            staging.begin,
            channel_state.name,
            channel_state.memory,
            now=context.clock.now(),
            poll_id=poll_id,
            list_lag_ms=channel_state.settings.read_back_within_ms,
        )
        report = await _attempt(context, channel_state, sweep, event_result.batch, span)
        await events.finish(context, channel_state, event_result, report.outcome)
    except asyncio.CancelledError:
        if channel_state.cancelled_by is None:
            await context.database.awrite(merge_module.drop, channel_state.name)
        raise
    await _note_allowance(context, channel_state)
    await recognition.save_where_due(context, channel_state)
    took_ms = context.clock.now() - started
    if report.outcome is PollOutcome.GOOD:
        context.log.info(
            "poll finished", channel=channel_state.name, listings=report.listings,
            changed=report.changed, took_ms=took_ms, whole=report.since is None,
        )  # fmt: skip
    return msgspec.structs.replace(report, took_ms=took_ms)


async def _note_allowance(context: EngineContext, channel_state: ChannelState) -> None:
    """Record what the channel says about its rate limit, where it says anything."""
    allowance = channel_state.meter.allowance()
    if allowance is not None:
        await context.database.awrite(
            polls.note_allowance,
            channel_state.name,
            allowance.left,
            allowance.of,
            at=allowance.at,
            unit=allowance.unit,
        )


async def _attempt(
    context: EngineContext,
    channel_state: ChannelState,
    sweep: Sweep,
    event_batch: EventBatch | None,
    span: Span,
) -> PollReport:
    try:
        began = context.clock.now()
        async with _deadline(channel_state, sweep):
            await file_times.look(context, channel_state)
            await file_sequence.resume(context, channel_state)
            read = await _read_listings(context, channel_state, sweep, span)
        # Large transactions take turns. SQLite has one writer, and the lease's heartbeat must not
        # wait for the merges of all channels one after the other.
        async with context.merging:
            _refuse_after_sleep(context, channel_state, began)
            with context.tracer.span("merge", channel=channel_state.name):
                return await _judge(context, channel_state, sweep, read, event_batch)
    except Overtaken as error:
        return await _fail_with(context, channel_state, sweep, Temporary(str(error)))
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a channel's task.
        return await _fail_with(context, channel_state, sweep, error)


@contextlib.asynccontextmanager
async def _deadline(channel_state: ChannelState, sweep: Sweep) -> AsyncGenerator[None, None]:
    """Cut a poll off that takes too long, and say how far it had come."""
    try:
        async with ending_within(channel_state.deadline_s):
            yield
    except TimeoutError as error:
        came = sweep.came + len(sweep.refused)
        words = f"cut off: it took longer than {channel_state.deadline_s:g} s"
        raise Temporary(f"{words}, and was not at its end after {came:,} records") from error


def _refuse_after_sleep(context: EngineContext, channel_state: ChannelState, began: Millis) -> None:
    """Raise Temporary where the machine slept during the poll."""
    # asyncio's timeouts use the monotonic clock, which stands still while a laptop sleeps. Pages of
    # before the sleep would be recorded as if they were of now.
    if context.clock.now() - began > 2 * channel_state.deadline_s * 1000:
        raise Temporary("the machine slept during the poll")


async def _read_listings(
    context: EngineContext, channel_state: ChannelState, sweep: Sweep, span: Span
) -> _Read:
    """Read and stage what changed, where that will do, or else everything."""
    since = await deltas.since(context, channel_state, sweep)
    if since is not None:
        behind_ms = deltas.clock_behind_ms(channel_state)
        changed = cast("SinceSource", channel_state.channel).changed(since)
        read = await _stage_all(context, channel_state, sweep, changed, span)
        if not await deltas.must_begin_again(
            context, channel_state, sweep, behind_before_ms=behind_ms
        ):
            return replace(read, cut_short=read.cut_short or deltas.cut_short(sweep))
    await recognition.recall(channel_state, sweep)
    read = await _stage_all(context, channel_state, sweep, channel_state.channel.pages(), span)
    if read.pages > 1:
        doubts = await absences.second_look(context, channel_state, sweep)
        read = replace(read, warnings=(*read.warnings, *doubts))
    unreported = await deltas.find_unreported(context, channel_state, sweep)
    return replace(read, unreported=unreported)


async def _stage_all(
    context: EngineContext,
    channel_state: ChannelState,
    sweep: Sweep,
    listed: AsyncIterator[RecordPage],
    span: Span,
) -> _Read:
    as_of: Millis | None = None
    first_refused: Refused | None = None
    refused, file = 0, None
    cut_short, warnings = "", dict[str, None]()
    pages_read, gone = 0, list[tuple[str, str]]()
    foreign = handed_over.is_foreign(channel_state.settings.kind)
    reported_at, began_ns = context.clock.now(), time.time_ns()
    async with closing(listed) as pages:
        async for page in pages:
            pages_read += 1
            if foreign:
                handed_over.check_records(page)
            bad = placeless.of_poll(page.refused, channel_state.channel.abilities)
            file_sequence.begin(sweep, page)
            gone += page.gone if sweep.is_part else ()
            report_due = context.clock.now() - reported_at >= PROGRESS_EVERY_MS
            marks = recognition.marks_of(page)
            has_more = bool(page.records or bad) or report_due
            if has_more or not sweep.pass_over(page.announced, marks):
                await context.database.awrite(
                    staging.stage,
                    sweep,
                    page.records,
                    bad,
                    page.announced,
                    page.kept,
                    marks=marks,
                    note_progress=report_due,
                )
            reported_at = context.clock.now() if report_due else reported_at
            if page.file is not None and page.file != file:
                file = page.file
                await context.database.awrite(file_sights.note_poll, sweep.poll_id, file)
            if page.as_of is not None:
                as_of = page.as_of if as_of is None else min(as_of, page.as_of)
            if bad and first_refused is None:
                first_refused = bad[0]
            refused += len(bad)
            cut_short = page.cut_short or cut_short
            warnings |= dict.fromkeys(page.warnings)
            if first_refused is not None and refused > REFUSED_MAX:
                raise ContractBroken(
                    f"more than {REFUSED_MAX:,} records can't be read; the first: "
                    f"{first_refused.reason}", path=first_refused.place,
                )  # fmt: skip
            if context.tracer.is_on:
                span.part("page", began_ns, records=len(page.records) + len(page.refused))
                began_ns = time.time_ns()
    span.set(pages=pages_read)
    await file_sequence.count(context, sweep, gone)
    if channel_state.channel.abilities.is_local or channel_state.channel.abilities.files:
        pages_read = 1
    return _Read(as_of, cut_short, tuple(warnings), pages_read)


async def _judge(
    context: EngineContext,
    channel_state: ChannelState,
    sweep: Sweep,
    read: _Read,
    event_batch: EventBatch | None,
) -> PollReport:
    counts: PollCounts = await context.database.awrite(staging.counts, sweep)
    await _note_warnings(context, channel_state, sweep, read.warnings)
    now = context.clock.now()
    reason = read.cut_short or guard.judge(counts, channel_state.settings.guard)
    if reason is not None and reason == guard.unreadable(counts):
        first = sweep.new_refused[0]
        of = "" if first.sku is None else f"SKU {first.sku}: "
        reason = f"{reason}; the first: {of}{first.reason}, at {first.place}"
    if reason is not None:
        await context.database.awrite(
            quarantine.quarantine_poll, sweep, reason, now=now, as_of=read.as_of
        )
        recovery.log_trouble(
            context, channel_state, channel_state.polls, "quarantined", f"quarantined: {reason}"
        )
        return PollReport(
            channel_state.name, PollOutcome.QUARANTINED, counts.seen, counts.changed, 0, reason,
            read.warnings, sweep.since,
        )  # fmt: skip
    merge: Merge = await context.database.awrite(
        merge_module.merge,
        sweep,
        context.comparison,
        now=now,
        as_of=read.as_of,
        event_batch=event_batch,
    )
    await context.database.awrite(future_times.report, sweep, ahead_ms=context.ahead_ms, now=now)
    if not sweep.is_part:
        channel_state.wants_sweep = False
    if read.unreported is not None:
        await deltas.report_unreported(context, channel_state, read.unreported)
    await recovery.on_success(context, channel_state, channel_state.polls)
    await _settle_updates(context, channel_state)
    await late_lists.ask_single_records(context, channel_state, sweep)
    while await context.database.awrite(upkeep.count_more, now=context.clock.now()):
        """In slices, so that nobody waits long for the cache."""
    return PollReport(
        channel_state.name, PollOutcome.GOOD, counts.seen, merge.changed, 0, None, read.warnings,
        sweep.since,
    )  # fmt: skip


async def _settle_updates(context: EngineContext, channel_state: ChannelState) -> None:
    """Let the poll decide about the updates whose proof it may be."""
    now = context.clock.now()
    await context.database.awrite(late.verify_late, channel_state.name, now=now)
    verified, unproven = await context.database.awrite(
        late.settle_applied_later, channel_state.name, now=now
    )
    if unproven:
        others = f"; and {len(unproven) - 1} more" if len(unproven) > 1 else ""
        words = unproven[0] + others
        await context.database.awrite(
            incidents.raise_incident, channel_state.name, IncidentKind.SURPRISE, words, now=now
        )
    elif verified:
        await context.database.awrite(
            incidents.resolve, channel_state.name, IncidentKind.SURPRISE, now=now
        )


async def _note_warnings(
    context: EngineContext, channel_state: ChannelState, sweep: Sweep, warnings: tuple[str, ...]
) -> None:
    """Record what is doubtful about the poll where it differs from the last one, and log it."""
    if sweep.since is not None:
        # What was doubtful about the whole list still is.
        if channel_state.warnings is None:
            channel_state.warnings = await context.database.aread(
                polls.warnings, channel_state.name
            )
        warnings = tuple(dict.fromkeys((*channel_state.warnings, *warnings)))
    if warnings == channel_state.warnings:
        return
    await context.database.awrite(polls.note_warnings, channel_state.name, warnings)
    channel_state.warnings = warnings
    for warning in warnings:
        context.log.warning("poll doubtful", channel=channel_state.name, why=warning)


async def _fail_with(
    context: EngineContext, channel_state: ChannelState, sweep: Sweep, error: Exception
) -> PollReport:
    words = await recovery.on_failure(context, channel_state, channel_state.polls, error)
    await _fail(context, sweep, words)
    return PollReport(channel_state.name, PollOutcome.FAILED, 0, 0, 0, words)


async def _fail(context: EngineContext, sweep: Sweep, words: str) -> None:
    await context.database.awrite(merge_module.fail, sweep, words, now=context.clock.now())
