"""The live console: `skew watch`, and the screen of `skew demo`.

Owns the app, its watcher and its refresh loop; `run` starts the engine beside it, in its own
thread, and stops all of it. The screens read through `Source`; decisions are in `console.acts`.
"""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segments
from rich.text import Text
from textual import work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import DiscoveryHit, Hit, Hits, Provider

from console import failure
from console.actions import ACTIONS, by_name
from console.acts import Acts
from console.caution import Picked
from console.context import login_name
from console.footing import Footing
from console.ink import THEMES, Cell, Tone, variables, write
from console.screens.dashboard import Dashboard
from console.screens.help import Help
from console.screens.sku import SkuPage
from console.source import Source
from console.text import clean
from store.database import Database
from store.errors import StoreError
from sync.clock import Clock, SystemClock
from sync.settings import Settings

if TYPE_CHECKING:
    from sync.beside import EngineThread

WATCH_S = 0.2
"""How often the watcher looks whether anyone has committed: 4 µs each time."""

REPAINT_S = 0.3
"""Data is read anew at most so often; what the operator asks for, at once."""

SILENCE_S = 5.0
"""And at least so often: verdicts hang on the clock too."""

STOP_S = 10.0

Decide = Callable[..., Coroutine[None, None, None]]
"""One of `Acts`: what it is done to, and how, in; nothing out."""


class Palette(Provider):
    """Every action of the table, by name."""

    async def discover(self) -> Hits:
        for action in ACTIONS:
            yield DiscoveryHit(
                write(Cell(f"{action.title}  "), Cell(action.keys[0], Tone.DIM)),
                partial(self.app.run_action, f"app.{action.name}"),
                text=action.title,
                help=action.help,
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in ACTIONS:
            score = matcher.match(action.title)
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(action.title),
                    partial(self.app.run_action, f"app.{action.name}"),
                    help=action.help,
                )


class SkewApp(App[int]):
    """The console on an open cache. Everything that it is told comes from the cache."""

    CSS_PATH = "console.tcss"
    TITLE = "skew"
    COMMANDS = {Palette}  # noqa: RUF012 (Textual's own spelling)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(action.keys), action.name, action.title, show=False) for action in ACTIONS
    ]

    def __init__(
        self,
        database: Database,
        settings: Settings,
        footing: Footing,
        *,
        watch: bool = True,
    ) -> None:
        """`watch` off: nothing is read but by `refresh_now`, for tests that own the time."""
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.footing = footing
        self.dashboard = Dashboard(source := Source(database, settings, footing.clock), footing)
        self._source = source
        self._acts = Acts(self, database, source, footing)
        self._watching = watch
        self._stopped = threading.Event()
        self._stirred = asyncio.Event()
        self._asked = asyncio.Event()
        self._known_incidents: set[int] | None = None
        footing.stir = self.stir

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variables(dark=self.current_theme.dark)

    async def on_mount(self) -> None:
        await self.push_screen(self.dashboard)
        self.set_interval(1.0, self._tick)
        for told in (signal.SIGTERM, signal.SIGHUP):
            # Leaving in good order gives the terminal and the lease back.
            asyncio.get_running_loop().add_signal_handler(told, self.exit, 0)
        if self._watching:
            threading.Thread(target=self._watch, name="skew-watcher", daemon=True).start()
            self._refresh_forever()

    def on_unmount(self) -> None:
        self._stopped.set()

    def stir(self) -> None:
        """Read everything anew at once, because the operator asked or acted."""
        self._asked.set()
        self._stirred.set()

    async def refresh_now(self, *, at_once: bool = True) -> None:
        """Read the cache and show it. Trouble with the cache shows in the header, no more."""
        before = self.footing.trouble
        try:
            await self._acts.follow()
            await self.dashboard.reload(at_once=at_once)
            if isinstance(self.screen, SkuPage):
                await self.screen.reload()
            self.footing.trouble = ""
            self.footing.tell_engine(self.dashboard.glance)
        except StoreError as error:
            self.footing.trouble = clean(str(error))
            if not before:
                self.footing.say(f"the cache can't be read: {error}", Tone.BAD)
            self.dashboard.repaint()
        self._announce()

    def _announce(self) -> None:
        """Tell a new incident once; the header carries it from then on."""
        glance = self.dashboard.glance
        if glance is None:
            return
        found = {one.id: one for one in glance.status.incidents}
        known, self._known_incidents = self._known_incidents, set(found)
        for number in sorted(set(found) - (known if known is not None else set(found))):
            one = found[number]
            text = f"{one.channel or 'skew'}: {one.kind}"
            self.footing.say(text, Tone.WARN)
            self.notify(clean(one.message), title=clean(text), severity="warning", markup=False)

    def _tick(self) -> None:
        screen = self.screen
        if self.footing.paused:
            self.dashboard.rewrite("#header")
            return
        self.dashboard.tick()
        if isinstance(screen, SkuPage):
            screen.tick()

    def _watch(self) -> None:
        """The watcher's thread: notices commits of anyone, on a connection of its own."""
        seen: int | None = None
        loop = self._loop
        while loop is not None and not self._stopped.wait(WATCH_S):
            try:
                version = self._source.version()
            except StoreError:
                version = -1
            if version != seen:
                seen = version
                with contextlib.suppress(RuntimeError):  # The loop has closed: so do we.
                    loop.call_soon_threadsafe(self._stirred.set)

    @work(group="refresh")
    async def _refresh_forever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), SILENCE_S)
            asked = self._asked.is_set()
            self._stirred.clear()
            self._asked.clear()
            began = monotonic()
            if not self.footing.paused or asked:
                await self.refresh_now(at_once=asked)
            # A list that takes long to read is read less often, so that it never takes a core.
            rest = max(REPAINT_S, min(SILENCE_S, 2 * (monotonic() - began)))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), rest)

    def _picked(self) -> Picked:
        screen = self.screen
        if isinstance(screen, Dashboard | SkuPage):
            return screen.picked()
        return Picked(why_not="close the dialog first")

    def _act(self, name: str, decision: Decide, **how: bool) -> None:
        """Start a deciding action, unless this console only looks."""
        if self.footing.read_only:
            self.footing.say(f"{by_name(name).title}: this console is read-only", Tone.WARN)
            self._repaint()
            return
        self._decide(partial(decision, self._picked(), **how))

    @work(group="act")
    async def _decide(self, decision: Callable[[], Coroutine[None, None, None]]) -> None:
        await decision()

    def _act_on_marked(self, name: str, decision: Decide) -> None:
        self._act(name, partial(self._with_marked, decision), approving=name == "approve_marked")

    async def _with_marked(self, decision: Decide, _under: Picked, *, approving: bool) -> None:
        try:
            marked = await self.dashboard.marked(approving=approving)
        except StoreError as error:
            self.footing.say(f"the cache can't be read: {error}", Tone.BAD)
            return
        await decision(marked, bulk=True)

    def _repaint(self) -> None:
        self.dashboard.repaint()
        if isinstance(self.screen, SkuPage):
            self.screen.tick()

    def action_approve(self) -> None:
        self._act("approve", self._acts.approve, bulk=False)

    def action_reject(self) -> None:
        self._act("reject", self._acts.reject, bulk=False)

    def action_snooze(self) -> None:
        self._act("snooze", self._acts.snooze)

    def action_undo(self) -> None:
        self._act("undo", self._acts.undo)

    def action_approve_marked(self) -> None:
        self._act_on_marked("approve_marked", self._acts.approve)

    def action_reject_marked(self) -> None:
        self._act_on_marked("reject_marked", self._acts.reject)

    def action_mark(self) -> None:
        table = self.dashboard.table
        if self.screen is self.dashboard and table.cursor_id is not None:
            table.mark([table.cursor_id])
            table.action_move(1)

    def action_mark_all(self) -> None:
        if self.screen is self.dashboard:
            self.dashboard.table.mark_all()

    def action_filter(self) -> None:
        if self.screen is self.dashboard:
            self.dashboard.open_filter()

    def action_sort(self) -> None:
        self.dashboard.next_sort()
        self.footing.say(f"sorted by {self.dashboard.sort}", Tone.DIM)
        self.stir()

    def action_clear(self) -> None:
        """Step back: close the page or the filter's line, else clear marks, else the filter."""
        if isinstance(self.screen, SkuPage):
            self.pop_screen()
        elif self.dashboard.close_filter():
            return
        elif self.dashboard.table.marks:
            self.dashboard.table.unmark()
        elif self.dashboard.filter_text:
            self.dashboard.filter_by("")
            self.stir()

    async def action_detail(self) -> None:
        detail = self.dashboard.detail
        if self.screen is not self.dashboard:
            return
        if detail is None:
            self.footing.say("there is nothing under the cursor to open", Tone.WARN)
            self._repaint()
            return
        await self.push_screen(page := SkuPage(self._source, self.footing, detail))
        await self.footing.guarded(page.reload)

    def _show(self, view: str) -> None:
        if isinstance(self.screen, SkuPage):
            self.pop_screen()
        self.dashboard.show(view)

    def action_show_disagreements(self) -> None:
        self._show("disagreements")

    def action_show_channels(self) -> None:
        self._show("channels")

    def action_show_updates(self) -> None:
        self._show("updates")

    def action_show_incidents(self) -> None:
        self._show("incidents")

    def action_pause(self) -> None:
        self.footing.paused = not self.footing.paused
        paused = self.footing.paused
        self.footing.say("the screen is held; collecting goes on" if paused else "live", Tone.WARN)
        self._repaint()
        if not paused:
            self.stir()

    def action_theme(self) -> None:
        names = [theme.name for theme in THEMES]
        self.theme = names[1] if self.theme == names[0] else names[0]

    def action_palette(self) -> None:
        self.action_command_palette()

    async def action_help(self) -> None:
        await self.push_screen(Help())

    async def action_quit(self) -> None:
        self.exit(0)

    def _fatal_error(self) -> None:
        """Leave with the place of a redacted report; Textual's own way prints every local."""
        error = self._exception
        self.bell()
        told = "skew: a bug in the console"
        if error is not None:
            where = failure.write_report(error)
            told = f"skew: a bug in the console: {type(error).__name__}"
            told += f"; the details are in {where}" if where else ""
        self._exit_renderables.append(Segments(self.console.render(Text(clean(told)))))
        self._close_messages_no_wait()


def run(
    settings: Settings,
    *,
    read_only: bool = False,
    operator: str | None = None,
    name: str | None = None,
    clock: Clock | None = None,
) -> int:
    """Show the console until the operator leaves; the exit code.

    Runs the engine beside it, or attaches to the one that runs; `read_only` does neither, and
    refuses every decision. Raises StoreError where the cache can't be opened.
    """
    with Database.open(settings.database) as database:
        engine = None if read_only else _engine(settings)
        footing = Footing(
            name=name or _name(settings.path),
            clock=clock or SystemClock(),
            operator=operator or login_name(),
            read_only=read_only,
            engine=engine,
            stir=lambda: None,
        )
        try:
            app = SkewApp(database, settings, footing)
            return app.run() or app.return_code or 0
        finally:
            if engine is not None:
                engine.stop(timeout_s=STOP_S)


def _engine(settings: Settings) -> "EngineThread":
    # A console that only looks pays for no scheduler.
    from sync.beside import EngineThread

    holder = f"skew watch on {socket.gethostname()} ({os.getpid()})"
    engine = EngineThread(settings, settings.database, holder)
    engine.start()
    return engine


def _name(path: Path) -> str:
    """What to call this configuration: its file's name, or its folder's where that says more."""
    return path.resolve().parent.name if path.stem in ("skew", "") else path.stem
