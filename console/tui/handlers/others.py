"""What other people decide on the same cache, logged here as it happens."""

from console.text.format import clean, plural
from console.tui.drawing.tones import Tone
from console.tui.handlers.base import Handler
from store.corrections.audit import OperatorAct
from store.people import MACHINE

_DID = {
    "first approval": "gave the first of two approvals to",
    "undone": "undid",
    "snooze ended": "ended the snooze of",
    "rejection undone": "took back the rejection of",
    "asked anew": "retried",
}


class OthersHandler(Handler):
    """Logs each decision of another person once."""

    _last_step: int | None = None

    async def log_deeds(self) -> None:
        """Log what others decided since the last call. Raises StoreError."""
        if self._last_step is None:
            self._last_step = await self._source.newest_step()
            return
        newest = await self._source.newest_step()
        # The newest step's number is one look into an index. The acts themselves are read only when
        # there are any, for this runs at every repaint.
        if newest == self._last_step:
            return
        deeds = await self._source.acts_since(self._last_step, (*MACHINE, self._who))
        self._last_step = newest
        for deed in deeds:
            self._session.say(_in_words(deed), Tone.ACCENT, aside=True)
            if deed.step == "first approval":
                self._app.notify(
                    clean(f"{_in_words(deed)}: another person must approve it too"),
                    title="A second person is needed",
                    markup=False,
                )


def _in_words(deed: OperatorAct) -> str:
    what = f"#{deed.correction_id}" if deed.count == 1 else plural(deed.count, "update")
    note = f" ({deed.note})" if deed.note else ""
    return f"{deed.who} {_DID.get(deed.step, deed.step)} {what}{note}"
