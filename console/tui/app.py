"""The live console: `skew watch`, and the screen of `skew demo`.

It owns the pages and the refresh loop, and leads each key to the page that knows it. The pages read
through `DataSource`; decisions are in `console.tui.handlers`. What the first
page lacks is imported when it is opened.
"""

import asyncio
import inspect
import signal
from collections.abc import Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segments
from rich.text import Text
from textual import work
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import WorkerFailed

from console.keys import by_name
from console.keys.action import Action, PageName
from console.keys.search import PaletteEntry
from console.text.format import clean
from console.text.looks.themes import PALETTES
from console.tui.data.refresh import RefreshLoop
from console.tui.dialogs.dialog import LiveDialog
from console.tui.drawing.terminal import Ascii, bound
from console.tui.drawing.tones import THEMES, Tone, name_of, theme_of, variables
from console.tui.pages.context import PageContext, Subject
from console.tui.pages.dashboard import Dashboard
from console.tui.pages.navigation import NavigatingApp
from console.tui.pages.page import Acts
from console.tui.session.announce import IncidentAnnouncer
from console.tui.session.memory import PageMemory, Remembered
from console.tui.session.preferences import SessionPreferences
from console.tui.session.state import ConsoleState
from console.tui.widgets.table import AGES_MS
from store.database.connection import Database
from store.errors import StoreError
from sync.settings import Settings

if TYPE_CHECKING:
    from console.tui.data.source import DataSource


class SkewApp(NavigatingApp):
    """The console on an open cache. Everything that it shows comes from the cache."""

    CSS_PATH = "console.tcss"
    LATER_CSS_PATH: ClassVar[Path] = Path(__file__).with_name("after_first_frame.tcss")
    TITLE = "skew"

    def __init__(
        self,
        database: Database,
        settings: Settings,
        session: ConsoleState,
        *,
        preferences: SessionPreferences | None = None,
        watch: bool = True,
        opening: Subject | None = None,
    ) -> None:
        """`watch` off: nothing is read but by `refresh_now`, for tests that own the time.

        `opening`: what it was opened on, from the table of several stores, to which it leads back.
        """
        super().__init__(session)
        self.leads_out, self._opening = opening is not None, opening
        self.preferences = preferences or SessionPreferences()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = theme_of(self.preferences.theme(self.console.color_system))
        self._plain = Ascii(enabled=self.preferences.ascii)
        session.actions = self.offered(self.preferences.preferences.actions)
        for action in session.actions:
            if action.keys:
                self.bind(bound(action.keys), f"do('{action.name}')", description=action.title)
        self._page_context = PageContext(
            self, database, settings, session, make_source=self.make_source, navigator=self
        )
        self.dashboard = self.make_first_page(self._page_context)
        self._watching = watch
        self._reading = asyncio.Lock()
        self._refresh_loop = RefreshLoop(self._version, is_past=session.replay is not None)
        bell = self.preferences.preferences.bell
        self._announcing = IncidentAnnouncer(self, session, bell=bell)
        self._ticked_at = 0
        self._actions: Acts = {
            **{f"show_{place}": partial(self.show, place) for place in PageName},
            # The key of the SKU's page opens it on what is under the cursor.
            "show_sku": self.do_show_sku,
            "pause": self.do_pause,
            "theme": self.do_theme,
            "palette": self.do_palette,
            "views": partial(self.do_palette, "view "),
            "help": self.do_help,
            "log": self.do_log,
            "repaint": self.do_repaint,
            "quit": partial(self.exit, 0),
        }
        session.request_refresh = self.request_refresh

    @property
    def _source(self) -> "DataSource":
        return self._page_context.source

    def _version(self) -> int:
        return self._source.version()

    def make_source(self, database: Database, settings: Settings) -> "DataSource":
        """What everything is read through."""
        from console.tui.data.source import DataSource  # See `PageContext`.

        return DataSource(database, settings, self.session.clock)

    def make_first_page(self, context: PageContext) -> Dashboard:
        """The page that it begins with."""
        return Dashboard(context)

    def offered(self, actions: Sequence[Action]) -> tuple[Action, ...]:
        """Those of the table that this app has."""
        return tuple(actions)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variables(dark=self.current_theme.dark)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *([self._plain] if self._plain.enabled else [])]

    def get_default_screen(self) -> Screen[None]:
        # Textual's own would be mounted, styled and laid out below the first page, and never seen.
        self._install(self.dashboard)
        self.dashboard._push_result_callback(self.dashboard, None)  # noqa: SLF001 - as pushing does.
        return self.dashboard

    def _load_screen_css(self, screen: Screen[Any]) -> None:
        # As Textual does with a screen's own style, so that none is shown before it is there.
        super()._load_screen_css(screen)
        if screen is not self.dashboard:
            self._load_later_css()

    def _load_later_css(self) -> None:
        """Read the style of all that the first frame does not show, once."""
        if not self.stylesheet.has_source(str(self.LATER_CSS_PATH), ""):
            self.stylesheet.read(self.LATER_CSS_PATH)
            self.stylesheet.parse()

    async def on_mount(self) -> None:
        self.call_after_refresh(self._load_later_css)
        self.set_interval(1.0, self._tick)
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Leaving in good order gives the terminal and the lease back.
            asyncio.get_running_loop().add_signal_handler(number, self.exit, 0)
        if self._watching:
            self.request_refresh()
            self._refresh_forever()
        self._take_up()

    def on_unmount(self) -> None:
        self._refresh_loop.stop()
        self._page_context.close()

    @work(group="act")
    async def _take_up(self) -> None:
        """Go to the page that was left last, and ask who decides where nobody knows."""
        if self.preferences.memory.trouble:
            self.session.say(self.preferences.memory.trouble, Tone.WARN)
        before = self.preferences.memory.remembered.page
        if self._opening is not None:
            self.sku.look_at(self._opening)
            with self.batch_update():  # A page that is not read yet looks as if it had no SKU.
                await self._turn_to(PageName.SKU)
                await self._arrive()
        elif before in tuple(PageName) and before != PageName.SKU:
            await self.show(PageName(before))
        if self.preferences.asks and not self.session.read_only:
            from console.tui.dialogs.copy_export import OperatorNameDialog

            name = await self.push_screen_wait(OperatorNameDialog(self.session.operator))
            if name:
                self.session.operator = name
                self.preferences.gave_name(name)
                self.session.say(f"{name} decides here", Tone.STRONG)
                self.page.repaint()

    def remember_page(self) -> None:
        """Remember where the operator is, for the next run."""
        self.preferences.leave(self._where())

    def _where(self) -> Remembered:
        pages: dict[str, PageMemory] = {place: self._remembered(place) for place in PageName}
        pages |= {place: page.page_memory() for place, page in self.pages.items()}
        return self.preferences.where(self._place, pages)

    def _remembered(self, place: PageName) -> PageMemory:
        return self.preferences.memory.remembered.pages.get(place, PageMemory())

    @property
    def _overlay(self) -> LiveDialog | None:
        """The living dialog that lies over the page; none while the app closes."""
        top = next(reversed(self.screen_stack), None)
        return top if isinstance(top, LiveDialog) else None

    def request_refresh(self) -> None:
        """Read everything again at once, because the operator asked or acted."""
        self._refresh_loop.request()

    async def refresh_now(self, *, at_once: bool = True) -> None:
        """Read the cache and show it. Trouble with the cache shows in the header, no more.

        One reading at a time: two would race for the lists, and the older one could be the last to
        write.
        """
        async with self._reading:
            await self._refresh(at_once=at_once)

    async def _refresh(self, *, at_once: bool) -> None:
        before, past = self.session.trouble, self.session.replay is not None
        try:
            await self._read(at_once=at_once)
            if not past:
                await self._page_context.updates.follow()
            if (overlay := self._overlay) is not None:
                await overlay.reload()
            self.session.trouble = ""
            if not past:
                self.session.log_engine()
        except StoreError as error:
            self.session.fail(error)
            if not before:
                self.session.say(f"the cache can't be read: {error}", Tone.BAD)
        self.page.repaint()
        if self._announcing.announce():
            self.page.rewrite("log")

    async def _read(self, *, at_once: bool) -> None:
        """Read the header's numbers and the page: both at a time where the page does without."""
        page = self.page
        reads = [self._read_snapshot(), *([page.reload(at_once=at_once)] if page.is_apart else [])]
        # Neither may be left running when the other fails: it would write to the screen later on.
        for error in filter(None, await asyncio.gather(*reads, return_exceptions=True)):
            raise error
        if not page.is_apart or self.page is not page:
            # One that was turned to meanwhile has shown only what was known until then.
            await self.page.reload(at_once=at_once)

    async def _read_snapshot(self) -> None:
        self.session.snapshot = await self._source.snapshot()

    def _tick(self) -> None:
        if self.session.replay is not None:
            return
        where = self._where()
        # Written while the console runs and not only at its end: a terminal that is closed or a
        # machine that goes down gives no chance to do it later. Only a change is written.
        if where != self.preferences.memory.remembered:
            self.run_worker(partial(self.preferences.leave, where), thread=True, group="memory")
        now, before = self.session.clock.now(), self._ticked_at
        if self.session.paused:
            self.page.rewrite("header")
        elif now // AGES_MS != before // AGES_MS or self.session.held_until > before:
            self._ticked_at = now
            self.page.tick()
        else:
            self.page.rewrite("header", "log")
        if (overlay := self._overlay) is not None and not self.session.paused:
            overlay.tick()

    @work(group="refresh")
    async def _refresh_forever(self) -> None:
        # Nothing keeps the first frame waiting. The watcher, which asks the source from a thread of
        # its own, comes when that is made.
        await self.painted.wait()
        await asyncio.to_thread(lambda: self._source)
        self._refresh_loop.start()
        async for refresh in self._refresh_loop.refreshes():
            # What is committed now changes nothing of the past.
            still = self.session.paused or self.session.replay is not None
            if refresh.asked or (refresh.everything and not still):
                await self.refresh_now(at_once=refresh.asked)
            elif not still:
                await self.session.guarded(self.page.freshen)

    async def action_do(self, name: str) -> None:
        """Do what the table of actions names, on the page that is on the screen."""
        if self.screen.is_modal:
            return  # The key came before its dialog did: what is asked goes first.
        action, page = by_name(name), self.page
        act = page.actions().get(name) or self._actions.get(name)
        if act is None or page.place not in action.on:
            self._refuse(f"{action.title}: not on this page")
        elif why := self.session.refuses(action):
            self._refuse(f"{action.title}: {why}")
        else:
            doing = act()
            # An act that may ask runs as a worker: the loop must go on reading keys and the cache.
            if inspect.iscoroutine(doing):
                self.begin_act(holds_keys=not action.asks_engine)
                self.run_worker(self._act(doing), group="act", exit_on_error=True)

    async def _act(self, doing: Coroutine[None, None, None]) -> None:
        """See an act to its end; where what it acts on can't be read, the log says so."""
        try:
            await doing
        except StoreError as error:
            self.session.say(f"the cache can't be read: {error}", Tone.BAD)
            self.page.repaint()
        finally:
            self.end_act()

    def _refuse(self, why: str) -> None:
        self.session.say(why, Tone.WARN)
        self.page.repaint()

    def do_pause(self) -> None:
        self.session.paused = not self.session.paused
        paused = self.session.paused
        self.session.say("the screen is held; collecting goes on" if paused else "live", Tone.WARN)
        self.page.repaint()
        if not paused:
            self.request_refresh()

    def do_theme(self) -> None:
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.preferences.chose_theme(name := name_of(self.theme))
        self.session.say(f"theme {name}: for {PALETTES[name].purpose}", Tone.DIM)
        self.page.repaint()

    def do_palette(self, typed: str = "") -> None:
        """Open the palette, with something typed into it."""
        from console.tui.dialogs.palette import PaletteDialog
        from console.tui.handlers.views import ViewHandler

        views = ViewHandler(self, self.session, self.preferences.views)

        async def do(entry: PaletteEntry | None) -> None:
            if entry is not None and not await views.do(entry.name):
                self.session.choose(entry)
                self.call_later(self.go_to, entry, self.action_do)

        actions, recent = self.session.timely_actions, tuple(self.session.chosen)
        self.push_screen(
            PaletteDialog(actions, self.page.place, recent, self.find, views.offers, typed), do
        )

    def action_command_palette(self) -> None:
        """Textual's own key for it."""
        if not self.screen.is_modal:
            self.do_palette()

    def do_help(self) -> None:
        from console.tui.dialogs.texts.help import HelpDialog

        self.push_screen(HelpDialog(self.page.place, self.session.actions))

    def do_log(self) -> None:
        from console.tui.dialogs.texts.log import LogDialog

        self.push_screen(LogDialog(self.session.log))

    async def action_quit(self) -> None:
        """Leave; Textual's own keys end here too."""
        self.exit(0)

    def _fatal_error(self) -> None:
        """Leave with the place of a redacted report; Textual's own way prints every local."""
        error: BaseException | None = self._exception
        if isinstance(error, WorkerFailed):
            error = error.error  # What went wrong, and where: the wrapper has no traceback.
        self.bell()
        from console.text import failure

        text = failure.bug_in_the_console(error)
        self._exit_renderables.append(Segments(self.console.render(Text(clean(text)))))
        self._close_messages_no_wait()
