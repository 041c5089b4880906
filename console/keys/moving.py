"""How a list is moved through by letters, as in vi, less and k9s. The arrows are the lists' own."""

from console.keys.action import Action, Chapter


def _move(name: str, key: str, title: str, text: str) -> Action:
    return Action(name, (key,), title, text, Chapter.MOVE, yields=(key,))


MOVING_ACTIONS: tuple[Action, ...] = (
    _move("first", "g", "First row", "`gg`, as in vi, goes there too."),
    _move("last", "G", "Last row", "The end of the list, or of the page."),
    _move("half_page_down", "ctrl+d", "Half a page down", "The cursor goes with it."),
    _move("half_page_up", "ctrl+u", "Half a page up", "The same, upwards."),
    _move("page_down", "ctrl+f", "One page down", "As PgDn."),
    _move("page_up", "ctrl+b", "One page up", "As PgUp."),
)
