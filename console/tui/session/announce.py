"""Which incidents are new: said once, by the log, a toast and the bell."""

from typing import TYPE_CHECKING

from textual.app import App

from console.tui.session.state import ConsoleState

if TYPE_CHECKING:
    from console.tui.views.incidents import Known


class IncidentAnnouncer:
    """Knows what was announced; the header carries it from then on."""

    def __init__(self, app: App[int], session: ConsoleState, *, bell: bool) -> None:
        self._app = app
        self._session = session
        self._bell = bell
        self._known: Known | None = None

    def announce(self) -> bool:
        """Announce what is new; whether the log has a new line."""
        snapshot = self._session.snapshot
        if snapshot is None or self._session.replay is not None:
            return False
        from console.tui.views import incidents  # The first frame needs none of it.

        # What was open at the start is known, not new: `self._known` is None until then.
        announced = incidents.announce(
            self._known, snapshot.status.incidents, snapshot.at, bell=self._bell
        )
        self._known = announced.known
        for text, tone in announced.lines:
            self._session.say(text, tone, aside=True)
        if announced.toast is not None:
            title, text, severe = announced.toast
            self._app.notify(
                text, title=title, severity="error" if severe else "warning", markup=False
            )
        if announced.bell:
            self._app.bell()
        return bool(announced.lines)
