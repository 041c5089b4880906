"""The command palette: every action of the page that is on the screen, by name, with its key."""

from functools import partial
from typing import Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from console.keys import shown_key
from console.keys.action import Action
from console.tui.drawing.tones import Cell, Tone, write
from console.tui.pages.page import Page
from console.tui.session.state import ConsoleState


class Host(Protocol):
    """What the palette asks the app: which page is shown, and what may be done there."""

    @property
    def session(self) -> ConsoleState: ...
    @property
    def page(self) -> Page: ...


class ActionPalette(Provider):
    """Every action of the page, by name."""

    def _actions(self) -> list[Action]:
        app = cast("Host", self.app)
        past = app.session.replay is not None
        return [
            action
            for action in app.session.actions
            if app.page.place in action.on and action.past in (None, past)
        ]

    async def discover(self) -> Hits:
        for action in self._actions():
            yield DiscoveryHit(
                write(Cell(f"{action.title}  "), Cell(shown_key(action), Tone.DIM)),
                partial(self.app.run_action, f"app.do('{action.name}')"),
                text=action.title,
                help=action.help,
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._actions():
            score = matcher.match(action.title)
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(action.title),
                    partial(self.app.run_action, f"app.do('{action.name}')"),
                    help=action.help,
                )
