"""Views with names: what the palette offers of them, and opening, saving and forgetting one."""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from console.keys.action import Action, Chapter, PageName
from console.tui.data.filters.disagreement_filter import FilterError
from console.tui.drawing.tones import Tone
from console.tui.session.memory import PageMemory
from console.tui.session.saved_views import NAME, NAME_RULE, PAGES, SavedView, SavedViews
from console.tui.session.state import ConsoleState
from sync.errors import ConfigErrors

_NAMED = re.compile(r"\s*views?\s+(?P<name>\S.*?)\s*", re.IGNORECASE)
_OPEN, _SAVE, _FORGET = "open view ", "save view ", "forget view "


class ViewedPage(Protocol):
    """What a view needs of a page."""

    fresh: PageMemory

    @property
    def place(self) -> PageName: ...
    def filter_by(self, text: str) -> None: ...
    def page_memory(self) -> PageMemory: ...
    def restore(self, before: PageMemory) -> None: ...
    def repaint(self) -> None: ...


class PagedApp(Protocol):
    """What a view needs of the app."""

    @property
    def page(self) -> ViewedPage: ...
    def page_of(self, place: PageName) -> ViewedPage: ...
    async def show(self, place: PageName) -> None: ...


class ViewHandler:
    """One operator's views."""

    def __init__(self, app: PagedApp, session: ConsoleState, views: SavedViews) -> None:
        self._app = app
        self._session = session
        self._views = views

    def offers(self, typed: str) -> Sequence[Action]:
        """What the palette can do with views, when so much is typed: `view buyers`."""
        views = self._views.all
        found = [
            _offer(_OPEN, name, f"View {name}", view.summary()) for name, view in views.items()
        ]
        match = _NAMED.fullmatch(typed)
        if match is None or self._app.page.place not in PAGES:
            return found
        name = match["name"]
        known = "takes its place" if name in views else "filter, order, groups and columns"
        found.append(_offer(_SAVE, name, f"Save as view {name}", f"What is shown now: {known}."))
        if name in self._views.own:
            found.append(_offer(_FORGET, name, f"Forget view {name}", "Nothing else changes."))
        return found

    async def do(self, offer: str) -> bool:
        """Do what was chosen in the palette; False: that is none of a view."""
        acts: dict[str, Callable[[str], None]] = {_SAVE: self._save, _FORGET: self._forget}
        if offer.startswith(_OPEN):
            await self.open(offer.removeprefix(_OPEN))
            return True
        for begin, act in acts.items():
            if offer.startswith(begin):
                act(offer.removeprefix(begin))
                self._app.page.repaint()
                return True
        return False

    async def open(self, name: str) -> None:
        """Turn to a view, whatever the page showed before."""
        view = self._views.all[name]
        page = self._app.page_of(view.page)
        try:
            page.filter_by(view.memory.filter)
        except FilterError as error:
            self._session.say(f"view {name}: {error}", Tone.WARN)
            self._app.page.repaint()
            return
        page.restore(_over(page, view.memory))
        self._session.say(f"view {name}: {view.summary()}", Tone.STRONG)
        await self._app.show(view.page)
        page.repaint()
        self._session.request_refresh()

    def _save(self, name: str) -> None:
        if not NAME.fullmatch(name):
            self._session.say(f"“{name[:24]}”: {NAME_RULE}", Tone.WARN)
            return
        page = self._app.page
        view = SavedView(page.place, page.page_memory())
        if self._changes(lambda: self._views.save(name, view)):
            self._session.say(f"view {name} saved: {view.summary()}", Tone.STRONG)

    def _forget(self, name: str) -> None:
        if self._changes(lambda: self._views.forget(name)):
            self._session.say(f"view {name} forgotten", Tone.DIM)

    def _changes(self, change: Callable[[], None]) -> bool:
        try:
            change()
        except OSError as error:
            self._session.say(f"the views can't be written: {error.strerror}", Tone.BAD)
        except ConfigErrors as error:
            self._session.say(f"nothing written: {str(error).splitlines()[0]}", Tone.BAD)
        else:
            return True
        return False


def _over(page: ViewedPage, memory: PageMemory) -> PageMemory:
    """What is empty in it as the page begins: a view opens alike, whatever was there before."""
    given = {name: value for name, value in msgspec.structs.asdict(memory).items() if value}
    return msgspec.structs.replace(page.fresh, **given)


def _offer(what: str, name: str, title: str, text: str) -> Action:
    return Action(f"{what}{name}", (), title, text, Chapter.CHOOSE)
