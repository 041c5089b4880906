"""What a finished poll would change, in numbers."""

import msgspec


class PollCounts(msgspec.Struct, frozen=True):
    """What a finished, not yet judged poll would change; the guard judges this and nothing else.

    `zeroed` and `changed` leave out what equals its target, `zeroed` also what reported sales
    explain. `known` had the last good poll, `back` had gone; `stocked` is counted where few are.
    `new_refused` could be read in it, or were not there; of `anonymous` ones the SKU is not known.
    `uncounted` had a number and have none now.
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
