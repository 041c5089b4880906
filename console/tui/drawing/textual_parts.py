"""Textual without its own command palette, which this console never opens.

`textual.app` imports it, and with it trees, lists and selections: a fifth of its import, before the
first frame. Source: textual 8.2.8, `app.py`, `theme.py` and `command.py`.
"""

import sys
from types import ModuleType

_PALETTE = "textual.command"


class _NoPalette(ModuleType):
    """Stands for the palette's module: whatever is asked of it is a class that nobody uses."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def import_app() -> None:
    """Import Textual's app; whoever asks for its palette afterwards gets it all the same."""
    if "textual.app" in sys.modules or _PALETTE in sys.modules:
        return
    sys.modules[_PALETTE] = _NoPalette(_PALETTE)
    try:
        import textual.app  # noqa: F401 - from now on it is there for whoever imports it.
    finally:
        del sys.modules[_PALETTE]
