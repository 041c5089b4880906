"""Benchmarks of the screen: from a key to the frame that shows it, beside a cache that moves.

Run alone: python -m tests.benchmarks.screen [DISAGREEMENTS…]   (default 100 100000)

The real console on a real cache at 160 × 45, on a wire without a terminal; another process brings
100 changed readings a second. A key is timed from its event to the end of the frame that shows
what it did: by the app's own display, for a pilot waits. How late a timer of an idle process comes
is told beside, for that much is the machine's and not ours. The limits: p95 of a key at most
50 ms, no stall above 100 ms.
"""

import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual import events
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Input

import console.tui.app
from console.keys import ACTIONS
from console.tui.app import SkewApp
from console.tui.data.refresh import put_the_screen_first
from console.tui.session.state import ConsoleState
from console.tui.widgets.table import VirtualTable
from store.database.connection import Database
from sync.clock import SystemClock
from tests.benchmarks import screen_shop, screen_wire

SIZES = (100, 100_000)
CHANGES_A_SECOND = 100
SIZE = (160, 45)
PATIENCE_S = 20.0
WARM_S = 3.0

Seen = Callable[[set[int]], bool]
"""Whether the frame that painted these lines shows what is waited for."""


class Wire(HeadlessDriver):
    """A terminal of which only the wire is there: all that is written counts, nothing is shown."""

    bytes_written = 0

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.bytes_written += len(data.encode())


class Collector:
    """The engine is another process's."""

    mode = "attached"
    problem = None
    holder = "benchmark"
    followed = ("benchmark",)

    def wake(self) -> None:
        """Nothing to wake here."""


class Timed(SkewApp):
    """The console, which tells when a frame has been painted."""

    CSS_PATH = str(Path(console.tui.app.__file__).with_name("console.tcss"))
    seen: Seen | None = None
    shown: "asyncio.Future[float] | None" = None
    whole_since = 0.0
    """When the last reading of everything began that has ended."""
    reads_since = 0.0
    """When that began which goes on, or ended last."""
    order_before: "array[int] | None" = None
    """What was listed at that time."""

    async def refresh_now(self, *, at_once: bool = True) -> None:
        self.reads_since, self.order_before = time.perf_counter(), self.rows.ids
        await super().refresh_now(at_once=at_once)
        self.whole_since = self.reads_since

    def _display(self, screen: Any, renderable: Any) -> None:
        super()._display(screen, renderable)
        if renderable is None or self.seen is None or self.shown is None or self.shown.done():
            return
        spans = getattr(renderable, "spans", None)
        lines = set(range(SIZE[1])) if spans is None else {y for y, _, _ in spans}
        if self.seen(lines):
            self.shown.set_result(time.perf_counter())

    async def key(self, key: str, seen: Seen) -> float:
        """Milliseconds from a key to the frame in which `seen`."""
        return await self.shows(events.Key(key, key if len(key) == 1 else None), seen)

    async def shows(self, event: events.Event, seen: Seen) -> float:
        """The same of any event of the terminal."""
        self.seen, self.shown = seen, asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        assert self._driver is not None
        self._driver.process_message(event)
        async with asyncio.timeout(PATIENCE_S):
            return (await self.shown - began) * 1000

    @property
    def rows(self) -> VirtualTable[Any]:
        return self.dashboard.rows

    def cursor_painted(self, lines: set[int]) -> bool:
        rows = self.rows
        return rows._cursor - round(rows.scroll_y) + 1 + rows.region.y in lines


def run(sizes: tuple[int, ...] = SIZES) -> None:
    medians: dict[int, dict[str, float]] = {}
    for count in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            screen_shop.fill(folder, count)
            print(f"\n  {count:,} open disagreements, {CHANGES_A_SECOND} changes a second")
            first_s = screen_wire.seconds_until(screen_wire.WATCH, folder, screen_wire.FIRST_ROW)
            print(f"  {'process start to first row':24} {first_s * 1000:8.0f} ms")
            medians[count] = asyncio.run(_measure(folder, count))
    if len(medians) > 1:
        few, many = medians[min(medians)], medians[max(medians)]
        told = ", ".join(f"{name} {many[name] / few[name]:.1f}" for name in many)
        print(f"\n  medians at {max(medians):,} against {min(medians):,}: {told}")


@dataclass(frozen=True)
class ScreenTimes:
    """What some series of keys took, and how the console's loop fared meanwhile; all in ms."""

    series: dict[str, list[float]]
    stalls: list[float]
    """How late a timer of the console's loop came."""
    idle: list[float]
    """How late one of an idle process came: the machine's own."""
    share: float
    """Of one core, while no key is pressed."""


async def _measure(folder: Path, count: int) -> dict[str, float]:
    times = await press(folder, count, count)
    _tell(times.series, times.stalls, times.idle, times.share)
    return {name: statistics.median(spans) for name, spans in times.series.items() if spans}


async def press(
    folder: Path, skus: int, open_count: int, names: Collection[str] = ()
) -> ScreenTimes:
    """Press the keys of these series, or of all, on a real console beside a cache that moves."""
    found: dict[str, list[float]] = {}
    changing = screen_shop.changing(folder, skus, CHANGES_A_SECOND, open_count)
    with changing, screen_shop.idle() as machine:
        async with _console(folder) as app:
            await asyncio.sleep(WARM_S)
            stalls: list[float] = []
            watch = asyncio.create_task(_watch(stalls))
            # The clock of this process, its readers' threads included: the console's own share.
            cpu_s, began = time.process_time(), time.perf_counter()
            await asyncio.sleep(WARM_S)
            share = (time.process_time() - cpu_s) / (time.perf_counter() - began)
            for name in names or _SERIES:
                found[name] = [took async for took in _SERIES[name](app)]
            watch.cancel()
        late = machine()
    return ScreenTimes(found, stalls, late, share)


def _tell(
    found: dict[str, list[float]], stalls: list[float], late: list[float], share: float
) -> None:
    for name, spans in found.items():
        if not spans:
            print(f"  {name:24} not there")
            continue
        low, high = statistics.median(spans), _high(spans, 20)
        limit = "" if name in _WHOLE_LISTS else "   p95 at most 50"
        print(
            f"  {name:24} p50 {low:7.1f}  p95 {high:7.1f}  max {max(spans):7.1f} ms"
            f"  of {len(spans)}{limit}"
        )
    for name, spans in (("stalls of the loop", stalls), ("of an idle process", late)):
        print(
            f"  {name:24} p50 {statistics.median(spans):7.1f}  p99 {_high(spans, 100):7.1f}"
            f"  max {max(spans):7.1f} ms"
        )
    print(f"  {'processor, keys at rest':24} {share * 100:7.0f} % of one core")


def _high(spans: list[float], parts: int) -> float:
    return statistics.quantiles(spans, n=parts)[-1] if len(spans) > 1 else spans[0]


@asynccontextmanager
async def _console(folder: Path) -> AsyncIterator[Timed]:
    settings = screen_shop.settings(folder)
    with Database.open(settings.database) as database:
        session = ConsoleState(
            name="benchmark",
            clock=SystemClock(),
            operator="ana",
            read_only=False,
            engine=Collector(),
            request_refresh=lambda: None,
        )
        app = Timed(database, settings, session)
        app.driver_class = Wire
        app.seen, app.shown = _filled(app), asyncio.get_running_loop().create_future()
        put_the_screen_first()
        task = asyncio.create_task(app.run_async(size=SIZE))
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait((task, app.shown), return_when=asyncio.FIRST_COMPLETED)
        assert not task.done(), task.exception()
        yield app
        app.exit(0)
        await task


def _filled(app: Timed) -> Seen:
    """The list is there, and every row of it that is in view."""
    return lambda lines: app.rows.loaded and len(lines) > 1 and not app.rows.missing()


async def _watch(stalls: list[float]) -> None:
    """Note how late a timer of this loop comes, in ms."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(screen_shop.NAP_S)
        stalls.append((time.perf_counter() - began - screen_shop.NAP_S) * 1000)


async def _moves(
    app: Timed, keys: Iterator[str], count: int, rest_s: float
) -> AsyncIterator[float]:
    """Keys that move the cursor, until its row is painted."""
    for _, key in zip(range(count), keys, strict=False):
        before = app.rows._cursor

        def moved(lines: set[int], before: int = before) -> bool:
            return app.rows._cursor != before and app.cursor_painted(lines)

        yield await app.key(key, moved)
        await asyncio.sleep(rest_s)


def _to_and_fro(there: str, back: str, length: int) -> Iterator[str]:
    while True:
        yield from [there] * length
        yield from [back] * length


async def _cursor(app: Timed) -> AsyncIterator[float]:
    async for took in _moves(app, _to_and_fro("down", "up", 50), 200, 0.033):
        yield took


async def _pages(app: Timed) -> AsyncIterator[float]:
    async for took in _moves(app, _to_and_fro("pagedown", "pageup", 2), 60, 0.1):
        yield took


async def _ends(app: Timed) -> AsyncIterator[float]:
    async for took in _moves(app, _to_and_fro("end", "home", 1), 40, 0.1):
        yield took


async def _page_with_rows(app: Timed) -> AsyncIterator[float]:
    """Until the rows of the new page are there, which were not read before."""
    for _, key in zip(range(40), _to_and_fro("end", "home", 1), strict=False):
        before = app.rows._cursor

        def filled(lines: set[int], before: int = before) -> bool:
            there = app.rows._cursor != before and not app.rows.missing()
            return there and app.cursor_painted(lines)

        yield await app.key(key, filled)
        await asyncio.sleep(0.15)


async def _marks(app: Timed) -> AsyncIterator[float]:
    async for took in _moves(app, iter(["space"] * 40), 40, 0.05):
        yield took


async def _wheel(app: Timed) -> AsyncIterator[float]:
    """Turns of the mouse's wheel over the list."""
    turns = _to_and_fro("down", "up", 10)
    for _, way in zip(range(60), turns, strict=False):
        sort = events.MouseScrollDown if way == "down" else events.MouseScrollUp
        place = app.rows.region.x + 5, app.rows.region.y + 5
        turned = sort(app.rows, *place, 0, 0, 0, False, False, False, *place)
        before = app.rows.scroll_y
        yield await app.shows(
            turned, lambda lines, y=before: app.rows.scroll_y != y and len(lines) > 1  # type: ignore[misc]
        )  # fmt: skip
        await asyncio.sleep(0.05)


async def _relisted(app: Timed, key: str) -> float:
    """A key that asks for another list, until that is painted with its rows."""
    began = time.perf_counter()

    def listed(_: set[int]) -> bool:
        is_taken = app.reads_since > began and app.rows.ids is not app.order_before
        return (is_taken or app.whole_since > began) and not app.rows.missing()

    return await app.key(key, listed)


async def _sort_told(app: Timed) -> AsyncIterator[float]:
    """Until the screen says what it is sorted by: the list comes when it has been sorted."""
    for _ in range(12):
        before = app.dashboard.sort
        yield await app.key("s", lambda _, before=before: app.dashboard.sort != before)  # type: ignore[misc]
        await asyncio.sleep(1.0)


async def _sorts(app: Timed) -> AsyncIterator[float]:
    for _ in range(12):
        yield await _relisted(app, "s")
        await asyncio.sleep(0.5)


async def _filters(app: Timed) -> AsyncIterator[float]:
    for turn in range(12):
        await app.key("slash", lambda _: isinstance(app.focused, Input))
        app.dashboard.query_one("#filter", Input).value = "" if turn % 2 else "thing 9"
        await asyncio.sleep(0.3)
        yield await _relisted(app, "enter")
        await asyncio.sleep(0.5)


async def _groups(app: Timed) -> AsyncIterator[float]:
    if any(action.name == "group" for action in ACTIONS):
        for _ in range(8):
            yield await _relisted(app, "O")
            await asyncio.sleep(0.5)


async def _turns(app: Timed) -> AsyncIterator[float]:
    """From one page to the next, until it is painted."""
    for turn in range(24):
        key = "2341"[turn % 4]
        before, painted = app.page, set[int]()

        def turned(lines: set[int], before: object = before, painted: set[int] = painted) -> bool:
            # A busy machine paints a page in several frames.
            if app.page is not before:
                painted |= lines
            return len(painted) > SIZE[1] // 2

        yield await app.key(key, turned)
        await asyncio.sleep(0.3)
        # A key that comes while a page is still read for seconds is let go, on purpose.
        for _ in range(round(PATIENCE_S / 0.1)):
            if not app._beginning:
                break
            await asyncio.sleep(0.1)


_SERIES: dict[str, Callable[[Timed], AsyncIterator[float]]] = {
    "cursor by a row": _cursor,
    "cursor by a page": _pages,
    "to the end and back": _ends,
    "the same, rows read": _page_with_rows,
    "mark": _marks,
    "scroll": _wheel,
    "another page": _turns,
    "sort, told": _sort_told,
    "sort, list painted": _sorts,
    "filter, list painted": _filters,
    "group, list painted": _groups,
}
_WHOLE_LISTS = ("sort, list painted", "filter, list painted", "group, list painted")
"""These read all of the disagreements, and are told of before they are done."""


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        run(tuple(int(word) for word in sys.argv[1:]) or SIZES)
