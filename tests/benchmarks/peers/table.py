"""Textual's own DataTable with as many rows as the console lists, timed as the console is."""

import asyncio
import functools
import time
from collections.abc import Callable
from typing import Any

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import DataTable

from store.model import Record
from tests.benchmarks.screen import PATIENCE_S, SIZE, Wire

COLUMNS = ("SKU", "TITLE", "CHANNEL", "TARGET", "SHOWS", "Δ")
PAGES = 40
SORTS = 6
REST_S = 0.1


class TableApp(App[None]):
    """A table of disagreements, as a first console would be written."""

    def __init__(self, rows: list[Record]) -> None:
        super().__init__()
        self._rows = rows
        self._painted: asyncio.Future[float] | None = None
        self.is_filled = asyncio.Event()
        self._is_shown: Callable[[], bool] = lambda: True

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        table = self.table
        for name in COLUMNS:
            table.add_column(name, key=name)
        table.add_rows(
            (row.sku, row.title, "market", row.available, (row.available or 0) + 3, -3)
            for row in self._rows
        )
        self.is_filled.set()

    @property
    def table(self) -> DataTable[Any]:
        return self.query_one(DataTable)

    def _display(self, screen: Any, renderable: Any) -> None:
        super()._display(screen, renderable)
        waits = self._painted is not None and not self._painted.done()
        if renderable is not None and waits and self._is_shown():
            assert self._painted is not None
            self._painted.set_result(time.perf_counter())

    async def until_painted(self, act: Callable[[], object], is_shown: Callable[[], bool]) -> float:
        """Milliseconds from an act to the frame that shows it."""
        self._painted, self._is_shown = asyncio.get_running_loop().create_future(), is_shown
        began = time.perf_counter()
        act()
        async with asyncio.timeout(PATIENCE_S):
            return (await self._painted - began) * 1000

    def press(self, key: str) -> None:
        assert self._driver is not None
        self._driver.process_message(events.Key(key, None))


async def turns(rows: list[Record]) -> tuple[list[float], list[float]]:
    """Milliseconds of each page turned, and of each sort of the whole table."""
    app = TableApp(rows)
    app.driver_class = Wire
    task = asyncio.create_task(app.run_async(size=SIZE))
    async with asyncio.timeout(PATIENCE_S):
        await app.is_filled.wait()
    await asyncio.sleep(1.0)
    pages, sorts = [], []
    for turn in range(PAGES):
        before = app.table.cursor_row
        key = "pagedown" if turn % 4 < 2 else "pageup"
        pages.append(
            await app.until_painted(
                lambda key=key: app.press(key),  # type: ignore[misc]
                lambda before=before: app.table.cursor_row != before,  # type: ignore[misc]
            )
        )
        await asyncio.sleep(REST_S)
    for turn in range(SORTS):
        sort = functools.partial(app.table.sort, COLUMNS[3 + turn % 2])
        sorts.append(await app.until_painted(sort, lambda: True))
        await asyncio.sleep(REST_S)
    app.exit()
    await task
    return pages, sorts
