"""What a finished poll would change, in numbers."""

import msgspec

JUMP_TIMES = 20
JUMP_FROM = 10
"""A number that grows or shrinks so many times over has jumped; fewer pieces count as so many."""


def jumps(before: str, after: str) -> str:
    """SQL for whether a number has jumped: as where thousands are read as ones, or boxes as pieces.

    What is usual on a listing is what its last good reading showed; a sell-out is none.
    """
    old, new = f"max({before}, {JUMP_FROM})", f"max({after}, {JUMP_FROM})"
    return f"({new} > {JUMP_TIMES} * {old} OR {old} > {JUMP_TIMES} * {new})"


class FirstCounts(msgspec.Struct, frozen=True):
    """What a channel's first poll can be judged by."""

    at_zero: int
    """Listings without stock where none has any; those that the authority has none of left out."""
    comparable: int
    """How many SKUs could be on both sides, its own and the authority's; 0: not known yet."""
    met: int
    """How many are, counted up to where it is plainly enough."""
    is_hardly: bool
    """Whether that is hardly one of them."""
    is_authority: bool
    """Whether the poll is of the authority, and the other side the channels."""


class PollCounts(msgspec.Struct, frozen=True):
    """What a finished, not yet judged poll would change; the guard judges this and nothing else.

    `zeroed` and `changed` leave out what equals its target, `zeroed` also what reported sales
    explain. `known` had the last good poll, `back` had gone; `stocked` is counted where few are.
    `new_refused` could be read in it, or were not there. Bad records without a SKU may be up to
    `anonymous` listings.
    `uncounted` had a number and have none now; `jumped` have one that is far from it (`jumps`).
    """

    known: int
    seen: int
    changed: int
    zeroed: int
    gone: int
    added: int
    refused: int
    back: int = 0
    announced: int | None = None
    stocked: int | None = None
    new_refused: int = 0
    anonymous: int = 0
    uncounted: int = 0
    jumped: int = 0
    first: FirstCounts | None = None
    """Of a poll that has no good one before it."""
