"""What became of one operator's act on one correction."""

import msgspec

from store.model import CorrectionStatus
from store.reasons import HeldBack


class Decision(msgspec.Struct, frozen=True):
    """What became of one operator's act on one correction."""

    id: int
    ok: bool
    why: str = ""
    """What stood in the way, or should be known; held back, how the sentence begins."""
    held_back: HeldBack | None = None
    status: CorrectionStatus | None = None
    """The correction's, where that stood in the way."""
