"""Which actions a few typed letters mean, the likeliest first. Pure."""

from collections.abc import Sequence
from enum import IntEnum

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


def search(text: str, actions: Sequence[Action]) -> list[Action]:
    """The actions that fit, the best first; of an empty text all, in the order of the table.

    Among those that fit equally well, and where nothing is typed, what decides stands last.
    """
    typed = text.strip().casefold()
    if not typed:
        return sorted(actions, key=lambda action: action.writes)
    matches = {action.name: _match(text.strip(), action) for action in actions}
    fitting = [action for action in actions if matches[action.name] is not None]
    return sorted(fitting, key=lambda action: (matches[action.name] or 0, action.writes))


def chosen(text: str, found: Sequence[Action]) -> int | None:
    """Which of the found actions enter does; None: none, until one is chosen with the arrows."""
    typed = text.strip()
    if not typed or not found:
        return None
    return None if found[0].writes and len(typed) < SURE else 0


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
