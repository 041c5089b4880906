"""Whether a disagreement can be acted on now, and why not, as SQL: what depends on the clock.

One definition for reports, screens, proposals and the check before a write (rule 10,
docs/architecture.md). It reads `:now` and the aliases that `SOURCES` sets: d (disagreements), l
(its listing), i (its item), c (its channel), a (the authority's listing), ac (the authority's
channel).
"""

from store.model import CORRECTABLE, UNCOUNTED, Status
from store.reasons import SETTLING, STANDING, Reason

RESTS_ON = f"""coalesce(d.rests_on, CASE WHEN d.kind = 'state'
    AND NOT (d.state = '{UNCOUNTED}' AND d.target_quantity = 0)
  THEN i.state_listing_id ELSE i.quantity_listing_id END)"""
"""SQL for the authority's listing that a disagreement's target rests on; NULL: none."""


def sources(disagreements: str) -> str:
    """SQL for what a verdict rests on; `disagreements` is a table or a query of rows like them."""
    return f"""{disagreements} d
JOIN listings l ON l.id = d.listing_id
JOIN items i ON i.id = d.item_id
JOIN channels c ON c.id = d.channel_id
LEFT JOIN listings a ON a.id = {RESTS_ON}
LEFT JOIN channels ac ON ac.id = a.channel_id"""


SOURCES = sources("open_disagreements")

CORRECTED = f"({', '.join(repr(str(kind)) for kind in CORRECTABLE)})"
"""SQL for the kinds that Skew proposes corrections for."""

CONFIGURED = "c.configured = 1"

# A rule that has run out ignores nothing from that moment on, though nobody has ended it yet.
IGNORED = """(d.ignored_by IS NOT NULL AND d.ignored_by IN
  (SELECT r.id FROM ignore_rules r WHERE r.until_at IS NULL OR r.until_at > :now))"""
"""SQL for whether a rule of a person's ignores it now; never NULL."""

LISTED = f"{CONFIGURED} AND NOT {IGNORED}"
"""SQL for whether it is one of the disagreements: what every list shows, and every count counts."""

# Nothing that we noted is of a time to come, unless our clock was set back since. Then it was
# before the first of the polls that came after the last one from ahead.
SET_BACK_AT = """coalesce((SELECT min(p.started_at) FROM polls p WHERE p.id >
  (SELECT max(q.id) FROM polls q WHERE q.started_at > :now)), :now)"""
"""SQL for when our clock was set back: an instant that we noted, and that is ahead, was before."""
AHEAD_MS = 60_000
"""Less is waited for: the clocks of two processes that look at once differ by less."""


def is_ahead(instant: str) -> str:
    """SQL for whether an instant that we noted is from before our clock was set back."""
    return f"{instant} > :now + {AHEAD_MS}"


def was_after(instant: str, lag: str = "0") -> str:
    """SQL for whether an instant that we noted is from after that, by `lag`."""
    return f"({instant} <= :now AND {instant} >= {SET_BACK_AT} + {lag})"


_SETTLE = "max(c.settle_reduce_ms, c.settle_raise_ms)"
SETTLES_AT = f"""CASE WHEN {is_ahead(f"d.settles_at - {_SETTLE}")} THEN {SET_BACK_AT} + {_SETTLE}
  ELSE d.settles_at END"""
"""SQL for the instant from which a number or a state can be acted on; 0: at once."""

SHOWN = """CASE WHEN l.present = 1 THEN
  CASE WHEN l.twins IS NULL THEN l.available ELSE d.available END END"""
"""SQL for the number that a disagreement's listing shows; NULL where it has none."""

RAISES = "(d.kind IN ('quantity', 'negative') AND d.delta > 0)"


def _stale(channel: str, listing: str) -> str:
    """SQL for whether `listing` was read too long ago to act on (rule 4, docs/architecture.md)."""
    source = f":now - coalesce({source_time(listing)}, {channel}.as_of)"
    return (
        # A clock that was set back leaves readings that seem to come from the future. They prove
        # nothing about now, so that the distance counts whatever its sign.
        f"(abs(:now - {channel}.last_success_at) > {channel}.stale_after_ms "
        # Asked first, for most have no limit, and the listing's own time stands elsewhere.
        f"OR {channel}.max_source_age_ms IS NOT NULL "
        f"AND coalesce({source} > {channel}.max_source_age_ms, 0))"
    )


def authority_as_of(listing: str, channel: str) -> str:
    """SQL for the instant that a reading of a listing shows (rule 7, docs/architecture.md).

    Nothing in a file is of a later time than the file, and nothing in a poll of a later time than
    its start, whatever the source's clock says.
    """
    return as_of_within(listing, whole_as_of(channel))


def as_of_within(listing: str, whole: str) -> str:
    """The same by SQL for what the channel's whole last good poll shows."""
    return f"min(coalesce({source_time(listing)}, {whole}), {whole})"


def source_time(listing: str) -> str:
    """SQL for when the source says that a listing last moved; never later than we first saw it."""
    # A time to come would be later than every event, and new at every poll.
    return f"coalesce({listing}.source_seen_at, {listing}.source_at)"


def whole_as_of(channel: str) -> str:
    """SQL for the instant that the channel's whole last good poll shows."""
    return f"""min({channel}.as_of, coalesce((SELECT p.started_at FROM polls p
      WHERE p.id = {channel}.good_poll_id), {channel}.as_of))"""


TROUBLED = """({listing}.problem IS NOT NULL OR {listing}.copies > 1
  OR {channel}.quarantined_poll_id IS NOT NULL)"""
"""SQL for whether a channel's reading of a listing is in doubt, whatever the time."""

# The truth of any part of a bundle or a pool may be the one that can't be trusted, and the parts of
# a pool may be bundles themselves. Most shops and most items have no parts: asking that first, of
# the shop once, spares the rest.
_PARTS = """items pi WHERE pi.id IN (SELECT p.part_id FROM parts p WHERE p.item_id = d.item_id
  UNION SELECT q.part_id FROM parts p JOIN parts q ON q.item_id = p.part_id
    WHERE p.item_id = d.item_id)"""
HAS_PARTS = """(EXISTS (SELECT 1 FROM parts)
  AND EXISTS (SELECT 1 FROM parts p WHERE p.item_id = d.item_id))"""
"""SQL for whether a disagreement's item is a bundle or a pool."""
_OF_PARTS = f"""FROM listings pl JOIN channels pc ON pc.id = pl.channel_id
  WHERE pl.id IN (SELECT pi.quantity_listing_id FROM {_PARTS}"""
_PART_IN_DOUBT = f"""{HAS_PARTS}
  AND EXISTS (SELECT 1 {_OF_PARTS} UNION SELECT pi.state_listing_id FROM {_PARTS})
    AND ({_stale("pc", "pl")} OR {TROUBLED.format(listing="pl", channel="pc")}))"""

# Where a channel can't show states, an item on hold has a target of 0. That number rests on the
# state's authority as well, whose reading may be older than the quantity's.
_STATE_IN_DOUBT = f"""(d.kind IN ('quantity', 'negative') OR d.state = '{UNCOUNTED}')
  AND c.collapses = 1
  AND i.state_listing_id <> i.quantity_listing_id
  AND EXISTS (SELECT 1 FROM listings sl JOIN channels sc ON sc.id = sl.channel_id
    WHERE sl.id = i.state_listing_id
      AND ({_stale("sc", "sl")} OR {TROUBLED.format(listing="sl", channel="sc")}))"""


def _unseen_fall(listing: str, channel: str) -> str:
    """SQL for whether the authority's reading may be from before listing l last fell.

    Rule 3, docs/architecture.md.
    """
    # A listing's own time is often that of its last movement. Where it has not moved for
    # `unseen_after` since the fall, and the whole poll is from after that, the fall was no sale
    # that the authority will still take in. A file that nobody has written since proves nothing,
    # however often it is read.
    lag, seen = f"{channel}.lag_ms", f"{channel}.lag_ms + {channel}.unseen_after_ms"
    as_of, whole = authority_as_of(listing, channel), whole_as_of(channel)
    return f"""CASE WHEN {is_ahead("l.fell_at")}
      THEN NOT ({was_after(as_of, lag)} OR {was_after(whole, seen)})
    ELSE {as_of} <= l.fell_at + {lag} AND {whole} <= l.fell_at + {seen} END"""


_READ_ONCE = f"""CASE WHEN {is_ahead("{0}")} THEN NOT {was_after("c.last_success_at")}
  ELSE c.last_success_at <= {{0}} END"""
"""SQL for whether the channel was not read again since an instant: its `format`."""

_PART_UNSEEN = f"""d.rests_on IS NULL AND {HAS_PARTS}
  AND EXISTS (SELECT 1 {_OF_PARTS}) AND {_unseen_fall("pl", "pc")})"""
_PART_WITH_GAP = f"""d.rests_on IS NULL AND {HAS_PARTS}
  AND EXISTS (SELECT 1 {_OF_PARTS}) AND pc.gap IS NOT NULL)"""


def _reason(*, parts: bool) -> str:
    """SQL for the reason; not `parts`: of a disagreement whose item has none."""

    def or_part(sql: str) -> str:
        return f"OR {sql}" if parts else ""

    # The order is that of what a person has to do first: a channel that is not read at all comes
    # before an authority that is not, and both before what passes by itself.
    return f"""CASE
  WHEN c.last_success_at IS NULL THEN '{Reason.NEVER_READ}'
  WHEN c.quarantined_poll_id IS NOT NULL THEN '{Reason.QUARANTINED}'
  WHEN {_stale("c", "l")} THEN '{Reason.CHANNEL_STALE}'
  WHEN l.problem IS NOT NULL THEN '{Reason.UNREADABLE}'
  WHEN ac.quarantined_poll_id IS NOT NULL THEN '{Reason.AUTHORITY_QUARANTINED}'
  WHEN ac.id IS NOT NULL AND {_stale("ac", "a")} THEN '{Reason.AUTHORITY_STALE}'
  WHEN a.problem IS NOT NULL THEN '{Reason.AUTHORITY_UNREADABLE}'
  WHEN a.copies > 1 AND ac.id <> c.id THEN '{Reason.AUTHORITY_DUPLICATE}'
  WHEN d.rests_on IS NULL AND ({_STATE_IN_DOUBT}
    {or_part(_PART_IN_DOUBT)}) THEN '{Reason.AUTHORITY_STALE}'
  WHEN l.frozen_at IS NOT NULL AND d.kind IN {CORRECTED} THEN '{Reason.FROZEN}'
  WHEN {SETTLES_AT} > :now THEN '{Reason.SETTLING}'
  WHEN {RAISES} AND (c.gap IS NOT NULL OR ac.gap IS NOT NULL
    {or_part(_PART_WITH_GAP)}) THEN '{Reason.INCOMPLETE}'
  WHEN {RAISES} AND ac.id <> c.id AND l.fell_at IS NOT NULL
    AND ({_unseen_fall("a", "ac")} {or_part(_PART_UNSEEN)}) THEN '{Reason.AUTHORITY_BEHIND}'
  WHEN {RAISES} AND ac.id <> c.id AND ({_READ_ONCE.format("l.observed_at")}
    OR l.twins IS NOT NULL AND {_READ_ONCE.format("l.fell_at")})
  THEN '{Reason.SECOND_READING}'
  ELSE '' END"""


REASON = _reason(parts=True)
"""SQL for its `Reason`, why it can't be acted on now; empty where it can."""

REASON_WITHOUT_PARTS = _reason(parts=False)
"""The same of a disagreement whose item has no parts, which SQLite prepares in half the time."""

STANDS = f"""CASE
  WHEN {IGNORED} THEN '{Reason.IGNORED}'
  WHEN d.kind NOT IN {CORRECTED} OR d.kind = 'state' AND d.available IS NULL THEN ''
  WHEN EXISTS (SELECT 1 FROM corrections x WHERE x.listing_id = d.listing_id AND x.live = 1)
    THEN ''
  WHEN c.direction = 'observe' THEN '{Reason.OBSERVED}'
  WHEN d.kind <> 'state' AND i.truth_quantity IS NULL THEN '{Reason.NO_TARGET}'
  WHEN instr(c.writes, CASE WHEN d.kind = 'state' THEN 'state' ELSE 'quantity' END) = 0
    THEN '{Reason.NOT_WRITTEN}'
  WHEN d.kind = 'state' AND l.available < 0 THEN '{Reason.NEGATIVE_FIRST}'
  WHEN (SELECT CASE WHEN x.reverts IS NULL THEN x.status WHEN x.silences THEN 'rejected' END
    FROM corrections x WHERE x.listing_id = d.listing_id
    ORDER BY x.id DESC LIMIT 1) IN ('rejected', 'failed', 'not_applied', 'unknown', 'expired')
    THEN '{Reason.DECIDED}'
  ELSE '' END"""
"""SQL for the `Reason` why nothing is proposed for what is open; empty where something is."""

_SETTLING = ", ".join(f"'{reason}'" for reason in SETTLING)
_STANDING = ", ".join(f"'{reason}'" for reason in STANDING)


def is_open(reason: str) -> str:
    """SQL for whether the status that a reason (an SQL expression) means is `open`."""
    return f"{reason} IN ('', {_STANDING})"


def status_of(reason: str) -> str:
    """SQL for the status that a reason (an SQL expression) means."""
    return (
        f"CASE WHEN {is_open(reason)} THEN 'open' WHEN {reason} IN ({_SETTLING}) "
        "THEN 'settling' ELSE 'unknown' END"
    )


def status(reason: Reason | None) -> Status:
    """The same of a reason that is known."""
    if reason is None or reason in STANDING:
        return Status.OPEN
    return Status.SETTLING if reason in SETTLING else Status.UNKNOWN


def is_settling(reason: str) -> str:
    """SQL for whether the status that a reason means is `settling`."""
    return f"{reason} IN ({_SETTLING})"


def is_unknown(reason: str) -> str:
    """SQL for whether the status that a reason means is `unknown`; looks at the reason once."""
    return f"{reason} NOT IN ('', {_SETTLING}, {_STANDING})"


FRESHNESS = """CASE
  WHEN c.quarantined_poll_id IS NOT NULL THEN 'quarantined'
  WHEN c.last_success_at IS NULL THEN 'never'
  WHEN abs(:now - c.last_success_at) > c.stale_after_ms
    OR coalesce(:now - c.as_of > c.max_source_age_ms, 0) THEN 'stale'
  WHEN c.last_outcome = 'failed' THEN 'failing'
  ELSE 'fresh' END"""
"""SQL for a channel's freshness; alias c."""
