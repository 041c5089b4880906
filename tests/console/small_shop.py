"""A small shop in a real cache, and the console on it: what every screen's test starts from."""

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from textual import events
from textual.keys import _character_to_key, _get_unicode_name_from_key
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input

from console.tui.app import SkewApp
from console.tui.dialogs.dialog import LiveDialog
from console.tui.pages.listing import ListPage
from console.tui.session.preferences import SessionPreferences
from console.tui.session.state import ConsoleState
from store.corrections import lifecycle
from store.database.connection import Database
from store.model import Correction, Millis, Record
from store.polling import merge, staging
from sync.config.load import decode
from sync.settings import Settings
from sync.targets import terms
from tests.console.quick_textual import paint, unpainted

NOW: Millis = 1_795_701_731_000  # 2026-11-26 14:02:11Z
MINUTE = 60_000
PATIENCE_S = 1.5
"""How long a test waits for what goes on to come to an end."""

WAREHOUSE = (
    ("SKU-0004411", 19, "Blue widget 12 mm", 1900),
    ("SKU-0009120", 2, "Kettle 1.7 l", 2900),
    ("SKU-0001007", 57, "Lamp, walnut", 8900),
    ("SKU-0007733", 202, "Cable USB-C 2 m", 900),
    ("SKU-0000555", 40, "Tea towel, striped", 700),
)
STOCK = tuple(quantity for _, quantity, _, _ in WAREHOUSE)
SHOWN = {
    "shop": (17, 0, 55, 200, 38),
    "market": (31, 2, 55, 180, 38),
    "outlet": (17, 0, 41, 200, 38),
}
"""What each channel shows, in the warehouse's order; its target is two less than the warehouse."""


class StillClock:
    """A clock that a test moves."""

    def __init__(self, now: Millis = NOW) -> None:
        self.at = now

    def now(self) -> Millis:
        return self.at

    async def sleep(self, span_ms: int) -> None:
        self.at += span_ms


class Shop:
    """A warehouse, three outlets, and the cache that has read them."""

    def __init__(self, folder: Path, **approval: object) -> None:
        self.clock = StillClock()
        self.settings = settings(folder, **approval)
        self.comparison = terms.comparison(self.settings)
        self.database = Database.open(self.settings.database)
        self.database.write(self.comparison.configure, now=NOW - 90 * MINUTE)

    def read(self, channel: str, records: Sequence[Record], *, at: Millis) -> None:
        """Have a good poll of `channel` bring these records."""

        def poll(connection: Any) -> None:
            sweep = staging.begin(connection, channel, None, now=at)
            staging.stage(connection, sweep, records)
            merge.merge(connection, sweep, self.comparison, now=at + 400, as_of=None)

        self.database.write(poll)

    def show(self, channel: str, quantities: Sequence[int], *, at: Millis) -> None:
        """Have `channel` show these, in the warehouse's order of SKUs."""
        records = [
            record(sku, quantity, title, price)
            for (sku, _, title, price), quantity in zip(WAREHOUSE, quantities, strict=True)
        ]
        self.read(channel, records, at=at)

    def open(self) -> None:
        """Read everything twice: the disagreements are decided and their updates proposed."""
        for ago in (3, 1):
            at = NOW - ago * MINUTE
            self.show("warehouse", STOCK, at=at)
            for channel, quantities in SHOWN.items():
                self.show(channel, quantities, at=at + 1_000)


def record(sku: str, available: int, title: str, price: int) -> Record:
    return Record(sku=sku, available=available, title=title, price_minor=price)


def settings(folder: Path, **approval: object) -> Settings:
    def outlet(name: str) -> dict[str, object]:
        return {
            "kind": "simulated",
            "url": f"http://127.0.0.1:9/{name}",
            "token": {"env": "NO_SUCH_TOKEN"},
            "states": [],
            "direction": "push",
            "every": "60s",
            "stale_after": "10m",
            "buffer": 2,
        }

    return decode(
        {
            "skew": {"database": "skew.db"},
            "authority": {"quantity": "warehouse"},
            "approval": approval,
            "channels": {
                "warehouse": {"kind": "csv", "path": "warehouse.csv", "stale_after": "10m"},
                **{name: outlet(name) for name in SHOWN},
            },
        },
        source="test",
        base=folder,
        environ=None,
    )


class IdleEngine:
    """An engine that is there and does nothing: the console needs to know no more of it."""

    mode = "running"
    problem: str | None = None
    holder = "test"
    followed: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


@asynccontextmanager
async def console(
    shop: Shop,
    size: tuple[int, int] = (160, 45),
    *,
    read_only: bool = False,
    preferences: SessionPreferences | None = None,
    operator: str = "ana",
    toasts: bool = False,
) -> AsyncIterator[tuple[SkewApp, Pilot[int]]]:
    """The console on a shop, read once; it reads again when a test says so."""
    session = ConsoleState(
        name="acme-eu",
        clock=shop.clock,
        operator=operator,
        read_only=read_only,
        engine=None if read_only else IdleEngine(),
        request_refresh=lambda: None,
    )
    app = SkewApp(shop.database, shop.settings, session, preferences=preferences, watch=False)
    async with AsyncExitStack() as stack:
        with unpainted(app):
            running = app.run_test(size=size, notifications=toasts)
            pilot = await stack.enter_async_context(running)
            await settle(app, pilot)
        yield app, pilot


async def press(app: SkewApp, pilot: Pilot[int], *keys: str) -> None:
    """Press keys one after another, letting each have its effect."""
    for key in keys:
        app.post_message(key_of(app, key))
        if len(key) == 1:
            with unpainted(app):
                await rest(app, pilot)
            if isinstance(app.focused, Input):
                continue
        await settle(app, pilot)


def key_of(app: SkewApp, key: str) -> events.Key:
    """A key as the terminal hands it to the app."""
    name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
    event = events.Key(name, key if len(key) == 1 else _character_of(name))
    event.set_sender(app)
    return event


async def settle(app: SkewApp, pilot: Pilot[int]) -> None:
    """Let the keys, the reads and the acts come to an end, and show what the cache holds now."""
    with unpainted(app):
        await rest(app, pilot)
        end = monotonic() + PATIENCE_S
        # A dialog's worker waits for its answer; what a dialog looks up itself ends.
        while any(
            w.is_running and (w.group == "find" or not app.screen.is_modal) for w in app.workers
        ):
            if monotonic() > end:
                break  # Some wait for what a test has yet to do.
            await asyncio.sleep(0.002)
            await rest(app, pilot)
        if not app.screen.is_modal or isinstance(app.screen, LiveDialog):
            await app.refresh_now()
        await rest(app, pilot)
    if app.screen.is_modal:
        # What changed under the dialog reaches it by a message.
        await rest(app, pilot)


async def rest(app: SkewApp, pilot: Pilot[int]) -> None:
    """Wait until every message has been handled, and what they changed is painted.

    Not by looking whether the processor rests, as Textual's pilot does, which takes longer and
    is no promise.
    """
    for _ in range(100):
        await pilot._wait_for_screen()
        screen = app.screen
        nodes: list[MessagePump] = [app, *screen.walk_children(with_self=True)]
        if sum(node._message_queue.qsize() + len(node._next_callbacks) for node in nodes):
            continue
        if not (screen._layout_required or screen._scroll_required or screen._callbacks):
            break
        # What is laid out anew has more to handle: sizes, and often another layout.
        screen._on_timer_update()
    app.screen._on_timer_update()


def _character_of(key: str) -> str | None:
    """What a key with a name types, if it types anything."""
    try:
        return unicodedata.lookup(_get_unicode_name_from_key(key))
    except KeyError:
        return None


def strips_of(app: SkewApp) -> list[Strip]:
    """The screen as it is painted, line by line."""
    paint(app)
    return app.screen._compositor.render_strips()


def text_of(app: SkewApp) -> str:
    """The screen as text, as its strips are painted."""
    strips = strips_of(app)
    return "\n".join("".join(s.text for s in strip).rstrip() for strip in strips)


def style_at(app: SkewApp, needle: str) -> Any:
    """The style of the first segment of the screen that begins with `needle`, else that has it.

    Neighbours of one style may be painted as one segment.
    """
    segments = [segment for strip in strips_of(app) for segment in strip]
    for begins in (True, False):
        for segment in segments:
            text = segment.text.strip()
            if text.startswith(needle) or (not begins and needle in text):
                return segment.style
    raise AssertionError(f"{needle!r} is not on the screen")


def newest_update(shop: Shop, sku: str) -> Correction:
    """The newest correction of a SKU."""
    found = shop.database.read(lifecycle.by_id, range(1, 50))
    return [correction for correction in found if correction.sku == sku][-1]


async def move_cursor_to(app: SkewApp, pilot: object, sku: str) -> None:
    """Put the cursor on a SKU of the list that has the focus."""
    assert isinstance(app.page, ListPage)
    table = app.page.table
    for line, row_id in enumerate(table.ids):
        row = table._rows[row_id]
        if (row.sku if isinstance(row, Correction) else row.disagreement.sku) == sku:
            table.go_to(line)
    await settle(app, pilot)  # type: ignore[arg-type]
