"""What the keys do to disagreements: acknowledge them with a reason, and take that back."""

from collections import Counter
from collections.abc import Sequence

from console.text.format import clean, plural
from console.tui.dialogs.confirm import ReasonDialog
from console.tui.drawing.tones import Tone
from console.tui.handlers.base import Handler
from store.decision import Decision
from store.model import Disagreement
from store.queries import acknowledgements
from store.queries.acknowledgements import SeenDisagreement

REASONS = (
    "a recount is due",
    "counted again",
    "the channel is right",
    "known, being fixed on the channel's side",
)


class AcknowledgeHandler(Handler):
    """One operator's acknowledgements of disagreements."""

    async def acknowledge(self, seen: Sequence[Disagreement]) -> None:
        """Acknowledge what was seen, with a reason; where all of it is, take that back."""
        if not seen:
            self._say("can't acknowledge: there is nothing under the cursor", Tone.WARN)
            return
        about = _about(seen)
        if all(disagreement.acknowledged_at is not None for disagreement in seen):
            ids = [disagreement.id for disagreement in seen]
            self._report(
                await self._decide(lambda: self._database.write(acknowledgements.take_back, ids)),
                "no longer acknowledges",
                about,
            )
            return
        # What the operator saw goes with the decision. Where a target or a reading moves while the
        # dialog is open, the store refuses that row: it is not what was acknowledged.
        fresh = [
            SeenDisagreement.of(disagreement)
            for disagreement in seen
            if disagreement.acknowledged_at is None
        ]
        dialog = ReasonDialog(
            about,
            tuple(self._reasons),
            verb="Acknowledge",
            text="It stays open and is listed last, until its target or reading changes.",
            reasons=REASONS,
        )
        why = await self._app.push_screen_wait(dialog)
        if why is None:
            self._say("nothing acknowledged", Tone.DIM)
            return
        self._reasons.appendleft(why)
        made = await self._decide(
            lambda: self._database.write(
                acknowledgements.acknowledge, fresh, who=self._who, why=why, now=self._now
            )
        )
        self._report(made, "acknowledged", about)

    def _report(self, made: Sequence[Decision], verb: str, about: str) -> None:
        """Log what was done, and what stood in the way of the rest."""
        left = Counter(decision.why for decision in made if not decision.ok)
        if left:
            words = "; ".join(f"{why} ({count:,})" for why, count in left.most_common(3))
            refused = words if len(made) > 1 else next(iter(left))
            self._app.notify(clean(refused), title="Refused", severity="warning", markup=False)
            self._say(f"refused: {refused}", Tone.WARN)
        done = sum(decision.ok for decision in made)
        if done:
            what = about if len(made) == 1 else plural(done, "disagreement")
            self._say(f"{self._who} {verb} {what}", Tone.STRONG)
        self._session.request_refresh()


def _about(seen: Sequence[Disagreement]) -> str:
    if len(seen) > 1:
        return plural(len(seen), "disagreement")
    return f"{seen[0].sku} on {seen[0].channel}"
