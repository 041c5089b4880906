"""What the machine of events draws: who speaks, how old it is, what has moved, what is reported."""

from hypothesis import strategies

from store.event_kinds import EventKind
from tests.store.event_model import LISTED

SECOND = 1000

CHANNELS = strategies.sampled_from(tuple(LISTED))
SPANS = strategies.integers(1, 90).map(lambda seconds: seconds * SECOND)
AGES = strategies.none() | strategies.integers(0, 300).map(lambda seconds: seconds * SECOND)
# What of a channel's listings has moved since it last spoke: often nothing, for a raise wants the
# same word twice.
MOVES = strategies.none() | strategies.tuples(
    strategies.integers(0, 3), strategies.integers(-1, 12)
)
KINDS = strategies.sampled_from(
    (*[EventKind.ORDERED] * 3, EventKind.CANCELLED, EventKind.ADJUSTED, EventKind.SHIPPED)
)
REPORTED = strategies.tuples(
    CHANNELS, strategies.integers(0, 30), KINDS, strategies.integers(0, 2),
    strategies.integers(1, 3), strategies.integers(-200, 0),
    strategies.sampled_from((None, "X", "Y")),
)  # fmt: skip
