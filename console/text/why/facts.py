"""What a SKU's explanation is made from, and what it is: values."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from store.channels.write_pauses import WritePause
from store.model import Cause, Freshness, Millis, Terms
from store.queries.sku_summary import SkuSummary
from store.queries.values import ChannelHealth
from store.reasons import HeldBack
from sync.settings import WindowStanding

SEEN = (Freshness.FRESH, Freshness.FAILING)
"""Channels whose readings count: a failing one was read well not long ago."""


class ListingVerdict(StrEnum):
    """How a listing stands, in a word."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    SETTLING = "settling"
    UNKNOWN = "unknown"
    """What it shows now, or what it should show, can't be seen."""
    AUTHORITY = "authority"
    """It is what the others are compared with."""
    UNCOUNTED = "uncounted"
    NOT_COMPARED = "not_compared"
    NOT_LISTED = "not_listed"


class WhyLine(NamedTuple):
    """One thing that is so, and what it is about."""

    about: str
    """`reading`, `authority`, `policy`, `target`, `parts`, `state`, `disagreement`, `cause`,
    `guard` or `update`."""
    text: str


class ListingWhy(NamedTuple):
    """One channel's listing of a SKU at a place, and why it is so."""

    channel: str
    location: str
    listing_id: int | None
    """None where the channel does not list it and need not."""
    verdict: ListingVerdict
    summary: str
    lines: tuple[WhyLine, ...]


class WhyFacts(NamedTuple):
    """All that is known of one SKU at one moment."""

    now: Millis
    summary: SkuSummary
    health: Mapping[str, ChannelHealth]
    """By the channel's name, in the configuration's order."""
    causes: Mapping[int, Cause]
    """By the disagreement's id."""
    held: Mapping[int, HeldBack]
    """What holds its updates back, by their ids."""
    terms: Terms
    mode: str = "manual"
    """`[approval] mode`."""
    write_pause: WritePause | None = None
    window: WindowStanding | None = None
    """What the approval windows say of raises and rules."""
