"""What the keys do to listings that are frozen: let them be corrected again, with a reason."""

from console.tui.dialogs.confirm import ReasonDialog
from console.tui.drawing.tones import Tone
from console.tui.handlers.base import Handler
from store.corrections import freeze
from store.errors import NoSuchThing

REASONS = (
    "the other writer was stopped",
    "the rule was corrected",
    "the other change was made once, and for a reason",
)


class FreezeHandler(Handler):
    """One operator's word that something else writes no more."""

    async def unfreeze(self, sku: str, channel: str) -> None:
        """Let a SKU be corrected again on a channel, and where that is one side of a loop, on both.

        Raises StoreError where the cache can't be read.
        """
        about = f"{sku} on {channel}"
        if await self._database.aread(freeze.why_frozen, sku, channel) is None:
            self._say(f"can't unfreeze {about}: it is not frozen", Tone.WARN)
            return
        dialog = ReasonDialog(
            about,
            tuple(self._reasons),
            verb="Unfreeze",
            text="It is corrected again. If something else sets it back, it freezes again.",
            reasons=REASONS,
        )
        why = await self._app.push_screen_wait(dialog)
        if why is None:
            self._say("nothing unfrozen", Tone.DIM)
            return
        self._reasons.appendleft(why)
        by = (self._who, why)

        def act() -> list[int]:
            try:
                return [self._database.write(freeze.unfreeze, sku, channel, now=self._now, by=by)]
            except NoSuchThing:
                return [0]

        for count in await self._decide(act):
            if not count:
                self._say(f"not unfrozen: {about} is not frozen any more", Tone.WARN)
                continue
            both = " and what answers it" if count > 1 else ""
            self._say(f"{self._who} unfroze {about}{both}", Tone.STRONG)
            if self._session.engine is not None:
                self._session.engine.wake()
