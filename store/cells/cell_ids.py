"""How a cell is numbered and what its columns hold: SQL fragments for everything that reads one.

A cell is one item on one channel. Its id is the channel's number times 2**28 plus the item's: so a
channel's cells lie together in the order of its items, and no index is needed to find one.

`cells` has what every comparison reads. What is rarely read, or rarely there, stands beside it
under the same id: `cell_details` (the channel's own price and time), `cell_figures` (what the
number is made of), `cell_accounts` (from the first change on: what the balance counts from),
`cell_oddities` (a problem, several copies, a freeze). The view `listings` shows all of it.
"""

from collections.abc import Mapping

from store.model import UNCOUNTED, Kind, State

ITEMS_MAX = 2**28 - 1
"""The largest id of an item."""

STATE_CODES = {
    word: code
    for code, word in enumerate(
        (State.ACTIVE, State.PREORDER, State.BACKORDER, State.HOLD, State.DISABLED, State.ARCHIVED,
         UNCOUNTED), 1
    )
}  # fmt: skip
"""What a state is kept as in `cells`: the usual one takes no byte. Any other word stays a word."""


KIND_CODES: Mapping[str, int] = {
    kind: code
    for code, kind in enumerate(
        (Kind.QUANTITY, Kind.STATE, Kind.MISSING, Kind.UNLISTED, Kind.NEGATIVE, Kind.DUPLICATE), 1
    )
}
"""What the kind of a closed disagreement is kept as."""


def cell(channel: str, item: str) -> str:
    """SQL for the id of an item's cell on a channel."""
    return f"(({channel} << 28) + {item})"


def of_channel(cell_id: str, channel: str) -> str:
    """SQL for whether a cell is one of the channel's; the ids lie together, which is one range."""
    return f"({cell_id} BETWEEN {channel} << 28 AND ({channel} << 28) + {ITEMS_MAX})"


def channel_of(cell_id: str) -> str:
    """SQL for the channel of a cell."""
    return f"({cell_id} >> 28)"


def item_of(cell_id: str) -> str:
    """SQL for the item of a cell."""
    return f"({cell_id} & {ITEMS_MAX})"


def code(word: str, codes: Mapping[str, int] = STATE_CODES) -> str:
    """SQL for what a state is kept as, or a word of other `codes`."""
    arms = " ".join(f"WHEN '{name}' THEN {number}" for name, number in codes.items())
    return f"CASE {word} {arms} ELSE {word} END"


def word(kept: str) -> str:
    """SQL for the state that is kept so."""
    arms = " ".join(f"WHEN {number} THEN '{name}'" for name, number in STATE_CODES.items())
    return f"CASE {kept} {arms} ELSE {kept} END"


SINCE = """CASE WHEN {0}.since_kept IS NULL AND ({0}.target_quantity IS NOT NULL
    OR {0}.target_state IS NOT NULL) THEN {0}.observed_kept ELSE {0}.since_kept END"""
"""SQL for since when a target is in force. Older caches keep none where it is since the reading."""

REF = """CASE WHEN {0}.ref = {0}.sku THEN x''
  WHEN {0}.ref = CAST(CAST({0}.ref AS INTEGER) AS TEXT) THEN CAST({0}.ref AS INTEGER)
  ELSE nullif({0}.ref, '') END"""
"""SQL for what a record's ref is kept as: digits as a number, and a SKU's own as nothing at all."""


def instant(kept: str) -> str:
    """SQL for the instant that is kept so (`store.cells.instants`)."""
    shared = f"(SELECT x.at FROM instants x WHERE x.id = {kept})"
    return f"CASE WHEN {kept} < 0 THEN {shared} ELSE {kept} END"
