"""What can be said of a disagreement at this moment, as SQL: the verdicts that hang on the clock.

One definition serves the reports, the console, the proposals and the recheck before a write
(rule 10). It reads `:now` and the aliases that `SOURCES` sets: d (disagreements), l (its listing),
i (its item), c (its channel), a (the authority's listing) and ac (the authority's channel).
"""

SOURCES = """disagreements d
JOIN listings l ON l.id = d.listing_id
JOIN items i ON i.id = d.item_id
JOIN channels c ON c.id = d.channel_id
LEFT JOIN listings a ON a.id = coalesce(d.rests_on, CASE WHEN d.kind = 'state'
  THEN i.state_listing_id ELSE i.quantity_listing_id END)
LEFT JOIN channels ac ON ac.id = a.channel_id"""

RAISES = "(d.kind IN ('quantity', 'negative') AND d.delta > 0)"


def _stale(channel: str, listing: str) -> str:
    """SQL for whether what `channel` says of `listing` is too old to act on (rule 4)."""
    source = f":now - coalesce({listing}.source_at, {channel}.as_of)"
    return (
        # A clock that was set back leaves instants that are still to come: they prove nothing.
        f"(abs(:now - {channel}.last_success_at) > {channel}.stale_after_ms "
        f"OR coalesce({source} > {channel}.max_source_age_ms, 0))"
    )


def authority_as_of(listing: str, channel: str) -> str:
    """SQL for the time that a channel's word on a listing is of (rule 7).

    Nothing in a poll is of a later time than its start, whatever the source's clock says.
    """
    return f"""min(coalesce({listing}.source_at, {channel}.as_of), {read_at(channel)})"""


def read_at(channel: str) -> str:
    """SQL for when the channel's last good poll began."""
    return f"""coalesce((SELECT p.started_at FROM polls p
      WHERE p.id = {channel}.good_poll_id), {channel}.as_of)"""


TROUBLED = """({listing}.problem IS NOT NULL OR {listing}.copies > 1
  OR {channel}.quarantined_poll_id IS NOT NULL)"""
"""SQL for whether what a channel says of a listing is in doubt, whatever the time."""

# What a bundle or a pool is made of: the truth of any part may be the one that can't be trusted.
_PART_IN_DOUBT = f"""EXISTS (SELECT 1 FROM parts pp JOIN items pi ON pi.id = pp.part_id
  JOIN listings pl ON pl.id = pi.quantity_listing_id JOIN channels pc ON pc.id = pl.channel_id
  WHERE pp.item_id = d.item_id
    AND ({_stale("pc", "pl")} OR {TROUBLED.format(listing="pl", channel="pc")}))"""

# A source's own time is often that of its last movement: an authority that has not moved for
# `unseen_after` since the channel fell, and has been read since, is not going to.
_UNSEEN_FALL = f"""{authority_as_of("a", "ac")} <= l.fell_at + ac.lag_ms
    AND {read_at("ac")} <= l.fell_at + ac.lag_ms + ac.unseen_after_ms"""

REASON = f"""CASE
  WHEN c.last_success_at IS NULL THEN 'never read'
  WHEN c.quarantined_poll_id IS NOT NULL THEN 'quarantined'
  WHEN {_stale("c", "l")} THEN 'channel stale'
  WHEN l.problem IS NOT NULL THEN 'unreadable'
  WHEN ac.quarantined_poll_id IS NOT NULL THEN 'authority quarantined'
  WHEN ac.id IS NOT NULL AND {_stale("ac", "a")} THEN 'authority stale'
  WHEN a.problem IS NOT NULL THEN 'authority unreadable'
  WHEN a.copies > 1 AND ac.id <> c.id THEN 'authority duplicate'
  WHEN d.rests_on IS NULL AND {_PART_IN_DOUBT} THEN 'authority stale'
  WHEN d.settles_at > :now THEN 'settling'
  WHEN {RAISES} AND ac.id <> c.id AND l.fell_at IS NOT NULL
    AND {_UNSEEN_FALL}
  THEN 'authority not read since this channel fell'
  WHEN {RAISES} AND ac.id <> c.id AND c.last_success_at <= l.observed_at
  THEN 'awaits a second reading'
  ELSE '' END"""
"""Why it cannot be acted on; empty where it can."""

_SETTLING = """('settling', 'authority not read since this channel fell',
  'awaits a second reading')"""


def status_of(reason: str) -> str:
    """SQL for the status that a reason (an SQL expression) means."""
    return (
        f"CASE WHEN {reason} = '' THEN 'open' WHEN {reason} IN {_SETTLING} THEN 'settling' "
        "ELSE 'unknown' END"
    )


FRESHNESS = """CASE
  WHEN c.quarantined_poll_id IS NOT NULL THEN 'quarantined'
  WHEN c.last_success_at IS NULL THEN 'never'
  WHEN abs(:now - c.last_success_at) > c.stale_after_ms
    OR coalesce(:now - c.as_of > c.max_source_age_ms, 0) THEN 'stale'
  WHEN c.last_outcome = 'failed' THEN 'failing'
  ELSE 'fresh' END"""
"""SQL for a channel's freshness; alias c."""
