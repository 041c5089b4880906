"""The filter's line: completes what is typed (→ takes it), and remembers what was asked before."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual.binding import BindingType
from textual.suggester import Suggester
from textual.widgets import Input

REMEMBERED = 50


class Completion(Suggester):
    """Offers what a function makes of the text."""

    def __init__(self, complete: Callable[[str], str | None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        return self._complete(value)


class FilterInput(Input):
    """An input with a memory: ↑ the filter before, ↓ the one after."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("up", "recall(-1)", "The filter before"),
        ("down", "recall(1)", "The filter after"),
    ]

    def __init__(self, placeholder: str, complete: Callable[[str], str | None]) -> None:
        super().__init__(placeholder=placeholder, suggester=Completion(complete), id="filter")
        self.past: list[str] = []
        self._place = 0
        self._focused = asyncio.Event()

    async def open(self, text: str) -> None:
        """Start with the filter that holds; ends once what is typed goes there."""
        self.value = text
        self._place = len(self.past)
        self._focused.clear()
        self.focus()
        await self._focused.wait()

    def on_focus(self) -> None:
        self._focused.set()

    def remember(self, text: str) -> None:
        """Keep a filter that was taken, the newest last, each once."""
        if text.strip():
            self.past = [*(past for past in self.past if past != text), text][-REMEMBERED:]

    def action_recall(self, by: int) -> None:
        self._place = max(0, min(len(self.past), self._place + by))
        self.value = self.past[self._place] if self._place < len(self.past) else ""
        self.cursor_position = len(self.value)
