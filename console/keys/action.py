"""What an action is: its name, keys, words, and the pages that have it."""

from collections.abc import Collection
from enum import StrEnum

import msgspec


class PageName(StrEnum):
    """The console's pages, in the order of their tabs and of the keys from 1 up."""

    DISAGREEMENTS = "disagreements"
    CHANNELS = "channels"
    UPDATES = "updates"
    INCIDENTS = "incidents"
    SKU = "sku"
    CHECKLIST = "checklist"


EVERYWHERE = frozenset(PageName)
DECIDING = frozenset((PageName.DISAGREEMENTS, PageName.UPDATES, PageName.SKU))
LISTS = frozenset((PageName.DISAGREEMENTS, PageName.UPDATES))
PANED = frozenset(PageName) - {PageName.SKU, PageName.CHECKLIST}
"""The pages that are lists with panes beside them."""
ON_CHANNELS = frozenset((PageName.CHANNELS,))


class Chapter(StrEnum):
    """The help's chapters."""

    DECIDE = "Decide"
    CHANNEL = "Channel"
    CHOOSE = "Choose"
    LOOK = "Look"
    PAST = "The past"
    MOVE = "Move"
    DEMO = "The demo"
    PROGRAM = "Skew"


class Action(msgspec.Struct, frozen=True):
    """One thing that an operator can do: a page's `actions` have it by its name, else the app's."""

    name: str
    keys: tuple[str, ...]
    """As the operator presses them; the first is the one shown."""
    title: str
    help: str
    group: Chapter
    legend: str = ""
    """The word in the footer; empty: not in the footer."""
    brief: str = ""
    """The word in the footer of a narrow terminal; empty: not in that one."""
    writes: bool = False
    """It ends in a decision: a read-only console refuses it."""
    on: Collection[PageName] = EVERYWHERE
    """The pages that have it."""
    asks_engine: bool = False
    """It waits for the engine's answer, which may take its time."""
    yields: tuple[str, ...] = ()
    """Those of its keys that came later: an operator's own key, chosen before, goes on working."""
    past: bool | None = None
    """Only a console on the past has it; False: only one that is live."""
    demo: bool = False
    """Only the demo has it."""
