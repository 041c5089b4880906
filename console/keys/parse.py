"""Keys as an operator writes them (`a`, `A`, `space`, `ctrl+x`), and which may be bound. Pure."""

import unicodedata
from collections.abc import Collection, Iterator, Sequence

from console.keys.action import Action

NAMED = (
    "space",
    "enter",
    "escape",
    "tab",
    "backspace",
    "delete",
    "insert",
    "up",
    "down",
    "left",
    "right",
    "home",
    "end",
    "pageup",
    "pagedown",
    *(f"f{number}" for number in range(1, 13)),
)
MODIFIERS = ("ctrl", "alt", "shift")
ALWAYS_BOUND = ("help", "quit")
"""Without them nobody would find the way round, or out."""

LIST_KEYS = ("up", "down", "j", "k", "pageup", "pagedown", "home", "end", "tab", "shift+tab")
"""They move, on every page."""

_SAME_BYTE = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+[": "escape", "ctrl+h": "backspace"}
"""What a terminal sends the same byte for."""
_OF_THE_TERMINAL = {"ctrl+c": "interrupts", "ctrl+z": "suspends", "ctrl+q": "quits already"}


def read(value: object) -> tuple[str, ...]:
    """Read one key or a list of them; an empty list unbinds.

    Raises ValueError or TypeError with the remedy.
    """
    listed = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(_key(key) for key in listed))


def conflicts(actions: Sequence[Action], chosen: Collection[str]) -> Iterator[tuple[str, str]]:
    """Find what can't be: each with the action whose key is at fault, one of `chosen`."""
    for action in actions:
        if action.name in ALWAYS_BOUND and not action.keys:
            yield action.name, "needs a key: without one nobody finds it"
    for number, action in enumerate(actions):
        for other in actions[number + 1 :]:
            if not set(action.on) & set(other.on):
                continue
            for key in sorted(set(action.keys) & set(other.keys)):
                at_fault = other if other.name in chosen else action
                rest = action if at_fault is other else other
                yield at_fault.name, f"{key} is bound to {rest.name} too"


def _key(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError('must be a key in quotes, or a list of them: "x", ["x", "f5"]')
    *modifiers, base = text.split("+") if len(text) > 1 else [text]
    _check(text, modifiers, base)
    key = "+".join([*(modifier for modifier in MODIFIERS if modifier in modifiers), base])
    if key in LIST_KEYS:
        raise ValueError(f"{key} moves in the lists: choose another key")
    if key in _SAME_BYTE:
        raise ValueError(
            f"a terminal sends the same for {key} and {_SAME_BYTE[key]}: choose another key"
        )
    if key in _OF_THE_TERMINAL:
        raise ValueError(f"{key} {_OF_THE_TERMINAL[key]}: choose another key")
    return key


def _check(text: str, modifiers: Sequence[str], base: str) -> None:
    character = len(base) == 1 and base.isprintable() and base != " "
    wide = character and unicodedata.east_asian_width(base) in "WF"
    if not (character or base in NAMED) or wide or set(modifiers) - set(MODIFIERS):
        raise ValueError(
            f"“{text[:24]}” is not a key: write one character, or one of {', '.join(NAMED)},"
            f" after {'+, '.join(MODIFIERS)}+ or nothing"
        )
    if character and "shift" in modifiers:
        raise ValueError(f"“{text[:24]}”: write what it types, such as {base.upper()}")
    if character and "ctrl" in modifiers and not base.islower():
        raise ValueError(f"“{text[:24]}”: only a letter, written small, can follow ctrl+")
