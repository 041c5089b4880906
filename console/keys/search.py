"""Which actions, SKUs, channels and updates a few typed letters mean, the likeliest first. Pure."""

from collections.abc import Collection, Sequence
from enum import IntEnum, StrEnum
from typing import NamedTuple

from console.keys import shown_key
from console.keys.action import Action

SURE = 3
"""From so many letters on it is plain which decision is meant: fewer choose none by themselves."""


class _Match(IntEnum):
    """How well an action fits what was typed, the best first."""

    KEY = 0
    BEGINS = 1
    WORD = 2
    INSIDE = 3
    SCATTERED = 4


class EntryKind(StrEnum):
    """What an entry of the palette is."""

    ACTION = "action"
    SKU = "sku"
    CHANNEL = "channel"
    UPDATE = "update"


class PaletteEntry(NamedTuple):
    """Something that is done, or gone to."""

    kind: EntryKind
    name: str
    """The action's, the SKU, the channel's, or the update's number."""
    more: str = ""
    """What is said of it."""


def search(
    text: str, actions: Sequence[Action], recent: Sequence[PaletteEntry] = ()
) -> list[Action]:
    """The actions that fit, the best first; of an empty text all, in the order of the table.

    Among those that fit equally well, and where nothing is typed, what decides stands last, and
    what was done lately first.
    """
    lately = {entry.name: n for n, entry in enumerate(recent) if entry.kind is EntryKind.ACTION}

    def rank(action: Action) -> tuple[bool, int]:
        return action.writes, lately.get(action.name, len(lately))

    typed = text.strip().casefold()
    if not typed:
        return sorted(actions, key=rank)
    matches = {action.name: _match(text.strip(), action) for action in actions}
    fitting = [action for action in actions if matches[action.name] is not None]
    return sorted(fitting, key=lambda action: (matches[action.name] or 0, rank(action)))


def listed(
    text: str,
    actions: Sequence[Action],
    found: Sequence[PaletteEntry],
    recent: Sequence[PaletteEntry],
) -> list[PaletteEntry]:
    """All that fits: what has just this name, the actions, then what begins with it.

    With nothing typed what was gone to lately stands first; a decision never does.
    """
    here = [PaletteEntry(EntryKind.ACTION, action.name) for action in actions]
    if not text.strip():
        writes = {action.name for action in actions if action.writes}
        known = {action.name for action in actions}
        first = [
            entry
            for entry in recent
            if entry.kind is not EntryKind.ACTION or entry.name in known - writes
        ]
        return [*first, *(entry for entry in here if entry not in first)]
    typed = text.strip().lstrip("#").casefold()
    exact = [entry for entry in found if entry.name.casefold() == typed]
    return [*exact, *here, *(entry for entry in found if entry not in exact)]


def chosen(text: str, found: Sequence[PaletteEntry], deciding: Collection[str]) -> int | None:
    """Which of what is listed enter does; None: none, until one is chosen with the arrows.

    `deciding` are the names of the actions that decide.
    """
    typed = text.strip()
    if not typed or not found:
        return None
    decides = found[0].kind is EntryKind.ACTION and found[0].name in deciding
    return None if decides and len(typed) < SURE else 0


def _match(typed: str, action: Action) -> _Match | None:
    title, text = action.title.casefold(), typed.casefold()
    # Whoever types `:q` means the key, as in an editor. A decision is never meant so: its key, when
    # the palette was opened by mistake, would decide.
    if typed == shown_key(action) and not action.writes:
        return _Match.KEY
    if title.startswith(text):
        return _Match.BEGINS
    if any(word.startswith(text) for word in title.split()):
        return _Match.WORD
    if text in title or text in action.name.replace("_", " "):
        return _Match.INSIDE
    letters = iter(title)
    return _Match.SCATTERED if all(letter in letters for letter in text.split()[0]) else None
