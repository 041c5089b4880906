"""What the keys do to disagreements: acknowledge them with a reason, and take that back."""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from textual.app import App

from console.text.format import clean, plural
from console.tui.data.source import DataSource
from console.tui.dialogs.confirm import Reason
from console.tui.drawing.tones import Tone
from console.tui.handlers.base import Handler
from console.tui.session.state import ConsoleState
from store.database.connection import Database
from store.model import Decision, Disagreement
from store.queries import acknowledgements
from store.queries.acknowledgements import SeenDisagreement

REASONS = (
    "a recount is due",
    "counted by hand",
    "the channel is right",
    "known, being fixed there",
)


class AcknowledgeHandler(Handler):
    """One operator's word on disagreements."""

    def __init__(
        self, app: App[Any], database: Database, source: DataSource, session: ConsoleState
    ) -> None:
        super().__init__(app, database, source, session)
        self._reasons: deque[str] = deque(maxlen=6)

    async def acknowledge(self, seen: Sequence[Disagreement]) -> None:
        """Acknowledge what was seen, with a reason; where all of it is, take that back."""
        if not seen:
            self._tell("can't acknowledge: there is nothing under the cursor", Tone.WARN)
            return
        about = _about(seen)
        if all(one.acknowledged_at is not None for one in seen):
            ids = [one.id for one in seen]
            self._told(
                await self._decide(lambda: self._database.write(acknowledgements.take_back, ids)),
                "no longer acknowledges",
                about,
            )
            return
        fresh = [SeenDisagreement.of(one) for one in seen if one.acknowledged_at is None]
        dialog = Reason(
            about,
            tuple(self._reasons),
            verb="Acknowledge",
            told="It stays open, is told last, and comes back when its target or reading moves.",
            reasons=REASONS,
        )
        why = await self._app.push_screen_wait(dialog)
        if why is None:
            self._tell("nothing acknowledged", Tone.DIM)
            return
        self._reasons.appendleft(why)
        made = await self._decide(
            lambda: self._database.write(
                acknowledgements.acknowledge, fresh, who=self._who, why=why, now=self._now
            )
        )
        self._told(made, "acknowledged", about)

    def _told(self, made: Sequence[Decision], verb: str, about: str) -> None:
        """Say what was done, and what stood in the way of the rest."""
        left = Counter(one.why for one in made if not one.ok)
        if left:
            words = "; ".join(f"{count:,} × {why}" for why, count in left.most_common(3))
            refused = words if len(made) > 1 else next(iter(left))
            self._app.notify(clean(refused), title="Refused", severity="warning", markup=False)
            self._tell(f"refused: {refused}", Tone.WARN)
        done = sum(one.ok for one in made)
        if done:
            what = about if len(made) == 1 else plural(done, "disagreement")
            self._tell(f"{self._who} {verb} {what}", Tone.STRONG)
        self._session.stir()


def _about(seen: Sequence[Disagreement]) -> str:
    if len(seen) > 1:
        return plural(len(seen), "disagreement")
    return f"{seen[0].sku} on {seen[0].channel}"
