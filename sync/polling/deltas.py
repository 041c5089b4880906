"""Polls of only what changed, where a channel can list that: when they will do, and what they miss.

Between full sweeps a poll asks for what changed since the last good poll began, less an overlap.
Only a full sweep shows that a listing is gone. It also shows whether the channel's own list of
changes is complete: what it finds changed, that list must name.
"""

import hashlib
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import cast

import msgspec

from store.model import Millis
from store.polling.changes import deltas
from store.polling.changes.deltas import DeltaBasis
from store.polling.sweep import Sweep
from sync.channels.base import SinceSource, closing
from sync.errors import ChannelError
from sync.polling.channel_state import ChannelState
from sync.polling.recovery import EngineContext, error_text
from sync.settings import ChannelSettings
from sync.units import duration_text

OVERLAP_MS = 5 * 60_000
"""Each asks again for the time before the last one: clocks differ, and a change is often stamped
with the beginning of what it was part of. Reading a listing again changes nothing."""

NAMED_MAX = 3


async def since(context: EngineContext, channel_state: ChannelState, sweep: Sweep) -> Millis | None:
    """From when the poll may ask only for what changed; None: it must read everything.

    Prepares the sweep for it. Raises StoreError.
    """
    if not channel_state.channel.abilities.since:
        return None
    sweep.configured_as = configured_as(channel_state.settings)
    now = context.clock.now()
    basis = await context.database.aread(deltas.basis, channel_state.name, now=now)
    reason = why_all(basis, channel_state, sweep.configured_as, now)
    if reason is not None or basis is None or basis.read_from is None:
        context.log.info("full sweep", channel=channel_state.name, why=reason)
        return None
    asked_from = basis.read_from - OVERLAP_MS - clock_behind_ms(channel_state)
    await context.database.awrite(deltas.begin, sweep, asked_from)
    return asked_from


def clock_behind_ms(channel_state: ChannelState) -> Millis:
    """By how much the channel's clock is behind ours, as its newest answer says (`Date`)."""
    meter = channel_state.meter
    said = (meter.headers or {}).get("date", "")
    from email.utils import parsedate_to_datetime

    try:
        at = parsedate_to_datetime(said).timestamp() * 1000 if said else meter.at
    except (ValueError, OverflowError):
        return 0
    return max(0, meter.at - round(at))


def why_all(
    basis: DeltaBasis | None, channel_state: ChannelState, configured: str, now: Millis
) -> str | None:
    """Why the next poll must read everything, or None where what changed will do."""
    settings = channel_state.settings
    if basis is None or basis.read_from is None or basis.swept_at is None:
        return "there was none yet"
    # A clock that was set back makes an age negative: then none can be trusted.
    swept_ago, read_ago = now - basis.swept_at, now - (basis.last_success_at or 0)
    period, patience = settings.sweep_every_ms, settings.stale_after_ms
    reasons = (
        (channel_state.wants_sweep, "asked for"),
        (basis.last_outcome != "good", f"the last poll was {basis.last_outcome}"),
        (
            basis.configured_as != configured,
            "a person judged a poll, or the configuration has changed",
        ),
        (not 0 <= swept_ago < period, f"the last one is {duration_text(period)} old or older"),
        (not 0 <= read_ago <= patience, f"no good poll for {duration_text(patience)}"),
        (basis.has_absent, "the last one lacked listings that were there before"),
        (basis.awaits_proof, "an accepted update has not shown in its time"),
    )
    return next((words for applies, words in reasons if applies), None)


async def must_begin_again(
    context: EngineContext, channel_state: ChannelState, sweep: Sweep, *, behind_before_ms: int
) -> bool:
    """Whether what changed will not do after all; the sweep is ready to read all then.

    All pages must be in. Raises StoreError.
    """
    reason = await context.database.awrite(deltas.contradicted, sweep)
    behind_ms = clock_behind_ms(channel_state)
    if reason is None and behind_ms - behind_before_ms > OVERLAP_MS:
        # Only its answers say so. In a new process the first of them comes too late.
        reason = f"its clock is behind ours by {behind_ms // 1000} s"
    if reason is None:
        return False
    context.log.info("full sweep", channel=channel_state.name, why=reason)
    await context.database.awrite(
        deltas.begin_again,
        sweep,
        channel_state.memory,
        now=context.clock.now(),
        list_lag_ms=channel_state.settings.read_back_within_ms,
    )
    return True


def cut_short(sweep: Sweep) -> str:
    """Say that fewer changed records came than the channel announced; empty where all did."""
    came = sweep.came + len(sweep.refused)
    if sweep.announced is None or came >= sweep.announced:
        return ""
    return f"cut short: the channel announced {sweep.announced:,} changed records, {came:,} came"


async def report_unreported(
    context: EngineContext, channel_state: ChannelState, words: str
) -> None:
    """Raise or close the incident of changes that only a full sweep found. Raises StoreError."""
    now = context.clock.now()
    await context.database.awrite(deltas.report_unreported, channel_state.name, words, now=now)
    if words:
        context.log.warning("changes not reported", channel=channel_state.name, why=words)


async def find_unreported(
    context: EngineContext, channel_state: ChannelState, sweep: Sweep
) -> str | None:
    """Say what a full sweep found changed that no list of changes names; empty: nothing.

    None where there is nothing to compare with. All pages must be in. Raises StoreError.
    """
    if sweep.configured_as is None or sweep.is_part:
        return None
    now = context.clock.now()
    basis = await context.database.aread(deltas.basis, channel_state.name, now=now)
    if basis is None or basis.read_from is None or not basis.is_after_delta:
        return None
    if basis.configured_as != sweep.configured_as:
        return None
    found = await context.database.awrite(deltas.differing, sweep)
    if not found:
        return ""
    # Asked after the sweep, so that the list also has what changed while it was read.
    source = cast("SinceSource", channel_state.channel)
    named: set[tuple[str, str]] = set()
    try:
        since = basis.read_from - OVERLAP_MS - clock_behind_ms(channel_state)
        async with closing(source.changed(since)) as pages:
            async for page in pages:
                named.update((record.sku, record.location) for record in page.records)
                named.update((bad.sku, bad.location) for bad in page.refused if bad.sku)
    except ChannelError as error:
        # The sweep itself came, so the poll counts; the next sweep compares again.
        context.log.info("deltas not checked", channel=channel_state.name, error=error_text(error))
        return None
    return _in_words(found - named, basis.swept_at) if found - named else ""


def _in_words(found: AbstractSet[tuple[str, str]], swept_at: Millis | None) -> str:
    changes = "1 change" if len(found) == 1 else f"{len(found):,} changes"
    since = ""
    if swept_at is not None:
        since = f" since {datetime.fromtimestamp(swept_at / 1000, UTC):%H:%MZ}"
    skus = sorted({sku for sku, _ in found})
    more = f" and {len(skus) - NAMED_MAX:,} more" if len(skus) > NAMED_MAX else ""
    return (
        f"the full sweep found {changes} that the polls of only what changed{since} did not "
        f"report: {', '.join(skus[:NAMED_MAX])}{more}"
    )


def configured_as(settings: ChannelSettings) -> str:
    """A digest of what decides which listings a channel shows, and under which names."""
    # A credential counts by where it is kept: what it is never gets here.
    options = msgspec.to_builtins(settings.options, enc_hook=repr)
    said = (
        settings.kind,
        options,
        sorted(settings.locations.items()),
        sorted(settings.aliases.items()),
        settings.writes_all,
    )
    return hashlib.blake2b(msgspec.json.encode(said), digest_size=16).hexdigest()
