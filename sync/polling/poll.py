"""Read one channel, judge what it said, record it or set it aside, and tell what happened.

The engine calls `poll` for its schedule and for `skew poll`; `sync.corrections.apply` calls
`poll_held` for a fresh reading of a channel that has no cheaper one. Whatever a channel's code
raises ends here: one channel's trouble never stops another.
"""

import asyncio
from dataclasses import dataclass

import msgspec

from store.channels import polls
from store.corrections import lifecycle
from store.database.worklist import Merge
from store.errors import Overtaken, StoreError
from store.model import Millis, PollCounts, PollOutcome, Refused
from store.polling import merge as merge_module
from store.polling import quarantine, staging
from store.polling.events import Told
from sync.channels.base import closing
from sync.errors import ContractBroken, Temporary
from sync.polling import events, guard, recovery
from sync.polling.channel_state import Watched
from sync.polling.recovery import Gear

REFUSED_MAX = 20_000
"""A poll with more bad records than this is not read to its end: each of them costs memory."""


PROGRESS_EVERY_MS = 1_000
"""How often a poll puts on record how far it has come: a short one never does, at no cost."""


class PollReport(msgspec.Struct, frozen=True):
    """What became of one poll, for a report or an answer to another process."""

    channel: str
    outcome: PollOutcome
    listings: int
    changed: int
    took_ms: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """What the pages said beside their records."""

    as_of: Millis | None
    """The oldest time that a page says it is of: a whole is as old as its oldest part."""
    first_refused: Refused | None


async def poll(gear: Gear, watched: Watched) -> PollReport:
    """Poll the channel once, when nobody else polls or writes it. Raises StoreError only."""
    started = gear.clock.now()
    try:
        async with watched.busy:
            return await poll_held(gear, watched)
    except asyncio.CancelledError:
        if watched.cancelled_by is None:
            raise
        return await _end_cancelled(gear, watched, watched.cancelled_by, started)
    finally:
        watched.cancelled_by = None


async def _end_cancelled(gear: Gear, watched: Watched, who: str, started: Millis) -> PollReport:
    """End a poll that a person cancelled, wherever it was: nothing of it is kept but its record."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
    now, words = gear.clock.now(), f"cancelled by {who}"
    outcome = await gear.database.awrite(
        merge_module.cancel, watched.name, words, since=started, now=now
    )
    cancelled = outcome is PollOutcome.CANCELLED
    gear.log.info("poll cancelled", channel=watched.name, by=who, in_time=cancelled)
    return PollReport(watched.name, outcome, 0, 0, now - started, words if cancelled else None)


async def poll_held(gear: Gear, watched: Watched) -> PollReport:
    """Like `poll`, for a caller that holds `watched.busy`."""
    started = gear.clock.now()
    try:
        poll_id = None
        if watched.channel.abilities.events:
            # So that it is seen to run from its beginning, however long the events take.
            poll_id = await gear.database.awrite(polls.open_record, watched.name, now=started)
        heard = await events.hear(gear, watched)
        sweep = await gear.database.awrite(
            staging.begin, watched.name, watched.memory, now=gear.clock.now(), poll_id=poll_id
        )
        report = await _attempt(gear, watched, sweep, heard.told)
        await events.conclude(gear, watched, heard, report.outcome)
    except asyncio.CancelledError:
        if watched.cancelled_by is None:
            await gear.database.awrite(merge_module.drop, watched.name)
        raise
    await _note_allowance(gear, watched)
    took_ms = gear.clock.now() - started
    if report.outcome is PollOutcome.GOOD:
        gear.log.info(
            "poll finished", channel=watched.name, listings=report.listings,
            changed=report.changed, took_ms=took_ms,
        )  # fmt: skip
    return msgspec.structs.replace(report, took_ms=took_ms)


async def _note_allowance(gear: Gear, watched: Watched) -> None:
    """Put on record what the channel says of its rate limit, where it says anything."""
    told = watched.meter.allowance()
    if told is not None:
        await gear.database.awrite(
            polls.note_allowance, watched.name, told.left, told.of, at=told.at
        )


async def _attempt(
    gear: Gear, watched: Watched, sweep: staging.Sweep, told: Told | None
) -> PollReport:
    try:
        began = gear.clock.now()
        async with asyncio.timeout(watched.deadline_s):
            read = await _stage_all(gear, watched, sweep)
        async with gear.merging:
            _make_sure_of_the_time(gear, watched, began)
            return await _judge(gear, watched, sweep, read, told)
    except Overtaken as error:
        return await _fail_with(gear, watched, sweep, Temporary(str(error)))
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a channel's task.
        return await _fail_with(gear, watched, sweep, error)


def _make_sure_of_the_time(gear: Gear, watched: Watched, began: Millis) -> None:
    """Raise where the machine slept: timeouts stand still then, and what was read has aged."""
    if gear.clock.now() - began > 2 * watched.deadline_s * 1000:
        raise Temporary("the machine slept during the poll")


async def _stage_all(gear: Gear, watched: Watched, sweep: staging.Sweep) -> _Read:
    as_of: Millis | None = None
    first_refused: Refused | None = None
    refused = 0
    told_at = gear.clock.now()
    async with closing(watched.channel.pages()) as pages:
        async for page in pages:
            told = gear.clock.now() - told_at >= PROGRESS_EVERY_MS
            await gear.database.awrite(
                staging.stage, sweep, page.records, page.refused, page.announced, told=told
            )
            told_at = gear.clock.now() if told else told_at
            if page.as_of is not None:
                as_of = page.as_of if as_of is None else min(as_of, page.as_of)
            if page.refused and first_refused is None:
                first_refused = page.refused[0]
            refused += len(page.refused)
            if first_refused is not None and refused > REFUSED_MAX:
                raise ContractBroken(
                    f"more than {REFUSED_MAX:,} records can't be read; the first: "
                    f"{first_refused.reason}", path=first_refused.place,
                )  # fmt: skip
    return _Read(as_of, first_refused)


async def _judge(
    gear: Gear, watched: Watched, sweep: staging.Sweep, read: _Read, told: Told | None
) -> PollReport:
    counts: PollCounts = await gear.database.awrite(staging.counts, sweep)
    unreadable = guard.unreadable(counts)
    if unreadable is not None and read.first_refused is not None:
        first = read.first_refused
        raise ContractBroken(f"{unreadable}; the first: {first.reason}", path=first.place)
    now = gear.clock.now()
    reason = guard.judge(counts, watched.settings.guard)
    if reason is not None:
        await gear.database.awrite(quarantine.set_aside, sweep, reason, now=now, as_of=read.as_of)
        recovery.note(gear, watched, watched.polls, "quarantined", f"quarantined: {reason}")
        return PollReport(
            watched.name, PollOutcome.QUARANTINED, counts.seen, counts.changed, 0, reason
        )
    merge: Merge = await gear.database.awrite(
        merge_module.merge, sweep, gear.comparison, now=now, as_of=read.as_of, told=told
    )
    await recovery.recover(gear, watched, watched.polls)
    await gear.database.awrite(lifecycle.prove, watched.name, now=now)
    return PollReport(watched.name, PollOutcome.GOOD, counts.seen, merge.changed, 0)


async def _fail_with(
    gear: Gear, watched: Watched, sweep: staging.Sweep, error: Exception
) -> PollReport:
    words = await recovery.suffer(gear, watched, watched.polls, error)
    await _fail(gear, sweep, words)
    return PollReport(watched.name, PollOutcome.FAILED, 0, 0, 0, words)


async def _fail(gear: Gear, sweep: staging.Sweep, words: str) -> None:
    await gear.database.awrite(merge_module.fail, sweep, words, now=gear.clock.now())
