"""What other people decide on the same cache, told here as it happens."""

from console.text.format import clean, plural
from console.tui.drawing.tones import Tone
from console.tui.handlers.base import Handler
from store.corrections.audit import Deed

NOBODY = ("skew", "rule")
"""Who takes steps that no person takes."""

_DID = {
    "first approval": "gave the first of two approvals to",
    "undone": "took back",
    "asked anew": "retried",
}


class OthersHandler(Handler):
    """Remembers up to where it has been told."""

    _heard: int | None = None

    async def hear(self) -> None:
        """Tell what others did since it was last told. Raises StoreError."""
        if self._heard is None:
            self._heard = await self._source.newest_step()
            return
        newest = await self._source.newest_step()
        if newest == self._heard:
            return
        deeds = await self._source.deeds_since(self._heard, (*NOBODY, self._who))
        self._heard = newest
        for deed in deeds:
            self._session.say(_in_words(deed), Tone.ACCENT)
            if deed.step == "first approval":
                self._app.notify(
                    clean(f"{_in_words(deed)}: another person must approve it too"),
                    title="A second person is needed",
                    markup=False,
                )


def _in_words(deed: Deed) -> str:
    what = f"#{deed.correction_id}" if deed.count == 1 else plural(deed.count, "update")
    note = f" ({deed.note})" if deed.note else ""
    return f"{deed.who} {_DID.get(deed.step, deed.step)} {what}{note}"
