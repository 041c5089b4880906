"""The single table of actions: every key, its name, its title and what it does.

Bindings, legend, help and palette are all made from it, so that nothing works by a key that the
palette lacks. A key means one thing, whatever the page. Nothing here needs Textual.
"""

from console.keys.action import Action
from console.keys.deciding import DECIDING_ACTIONS
from console.keys.moving import MOVING_ACTIONS
from console.keys.navigating import NAVIGATING_ACTIONS
from console.keys.selecting import SELECTING_ACTIONS
from console.keys.story import STORY_ACTIONS

ACTIONS: tuple[Action, ...] = (
    *DECIDING_ACTIONS,
    *SELECTING_ACTIONS,
    *NAVIGATING_ACTIONS,
    *MOVING_ACTIONS,
    *STORY_ACTIONS,
)
"""In the order in which the foot shows them."""


MOVES: tuple[tuple[str, str], ...] = (
    ("↑ ↓  j k", "one row"),
    ("PgUp PgDn", "one page"),
    ("Home End", "first, last"),
    ("Tab", "next panel"),
    ("mouse", "click a row, a tab, or a word of the legend"),
)
"""Keys that move and decide nothing, for the help; the lists own them."""


SHORT = {"space": "spc", "escape": "esc", "pageup": "PgUp", "pagedown": "PgDn"}
"""Keys whose names are long, as the foot and the tabs show them."""


def shown_key(action: Action) -> str:
    """The key that is shown for an action; empty where it has none."""
    return SHORT.get(action.keys[0], action.keys[0]) if action.keys else ""


def by_name(name: str) -> Action:
    return _BY_NAME[name]


_BY_NAME = {action.name: action for action in ACTIONS}
