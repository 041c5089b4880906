"""Which of the keys that came before a dialog could be seen are meant for it. Pure.

A paste or a slow line brings keys in one burst: those after the one that opens a dialog were typed
before anybody saw what it asks. Text is typed into it, in order; nothing is decided by them.
"""

from collections.abc import Sequence
from enum import StrEnum

from textual import events


class EarlyKeys(StrEnum):
    """What of them a dialog takes."""

    NONE = "none"
    """It asks for a decision: only to leave it is taken."""
    TEXT = "text"
    """It begins with a text to type: that, up to the first key that is none."""
    ALL = "all"
    """Nothing is decided in it."""


def taken(keys: Sequence[events.Key], what: EarlyKeys) -> list[events.Key]:
    """Those that are meant for a dialog, in the order in which they came."""
    in_order = sorted(keys, key=lambda event: event.time)
    if what is EarlyKeys.ALL:
        return in_order
    if what is EarlyKeys.NONE:
        return [event for event in in_order if event.key == "escape"][:1]
    text: list[events.Key] = []
    for event in in_order:
        if not event.is_printable and event.key != "backspace":
            return text
        text.append(event)
    return text
