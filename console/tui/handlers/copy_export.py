"""What leaves the console: a row for the clipboard, a list for a file."""

from collections.abc import Iterable
from typing import Any

from textual.app import App

from console.reports.clipboard import CopyChoice
from console.text.format import clean, cut, plural
from console.tui.data.export import ExportView, default_name
from console.tui.dialogs.copy_export import CopyDialog, ExportDialog
from console.tui.drawing.terminal import COPIED_MAX, put_on_clipboard
from console.tui.drawing.tones import Tone
from console.tui.session.state import ConsoleState


class CopyExportHandler:
    """Asks in which form, does it, and logs what was done."""

    def __init__(self, app: App[Any], session: ConsoleState) -> None:
        self._app = app
        self._session = session

    async def copy(self, offered: Iterable[CopyChoice]) -> None:
        """Copy one of these, as the operator chooses."""
        ways = tuple(offered)
        if not ways:
            self._say("there is nothing under the cursor to copy", Tone.WARN)
            return
        chosen = await self._app.push_screen_wait(CopyDialog(ways))
        if chosen is None:
            return
        if len(chosen.text.encode()) > COPIED_MAX:
            self._say(f"{chosen.name}: too long for a terminal's clipboard; export it", Tone.WARN)
            return
        put_on_clipboard(self._app, chosen.text)
        text = cut(clean(chosen.text.replace("\t", "  ")), 60)
        self._say(f"copied {chosen.name}: {text}", Tone.STRONG)

    async def export(self, view: ExportView | None) -> None:
        """Write a list into a file that the operator names."""
        if view is None or not view.count:
            self._say("there is nothing here to export", Tone.WARN)
            return
        name = default_name(view, self._session.clock.now())
        done = await self._app.push_screen_wait(ExportDialog(view, name))
        if done is None:
            self._say("nothing exported", Tone.DIM)
            return
        gone = view.count - done.rows
        left = f"; {gone:,} had gone meanwhile" if gone else ""
        what = plural(done.rows, view.name.removesuffix("s"), view.name)
        self._say(f"exported {what} to {done.path}{left}", Tone.STRONG)

    def _say(self, text: str, tone: Tone) -> None:
        self._session.say(text, tone)
        self._session.request_refresh()
