"""What the keys do to updates: approve, reject, snooze, undo, retry.

`sync.corrections.decide` approves within the push limits; the other decisions are the store's own.
"""

from collections.abc import Sequence
from typing import Any

from textual.app import App

from console.text.confirmation import (
    UNDECIDED,
    Confirmation,
    DecisionTarget,
    can_undo,
    confirmation_for,
    why_asked,
)
from console.text.format import clean, plain_times, plural, until_text
from console.text.reasons import why_text
from console.text.update_words import STEPS
from console.tui.data.source import DataSource
from console.tui.dialogs.confirm import ApproveDialog, ReasonDialog, RetryDialog, SnoozeDialog
from console.tui.drawing.tones import Tone
from console.tui.handlers.base import Handler
from console.tui.handlers.batches import BatchHandler
from console.tui.handlers.others import OthersHandler
from console.tui.session.state import ConsoleState, notes, refusals
from console.tui.widgets.decision_table import DecisionTable
from store.corrections import decisions, reverts
from store.corrections.reverts import Revert
from store.database.connection import Database
from store.decision import Decision
from store.errors import StoreError
from store.model import LIVE_CORRECTIONS, Correction, CorrectionStatus
from sync.corrections import decide


class UpdateHandler(Handler):
    """One operator's decisions on updates."""

    def __init__(
        self, app: App[Any], database: Database, source: DataSource, session: ConsoleState
    ) -> None:
        super().__init__(app, database, source, session)
        self._followed: set[int] = set()
        self.batches = BatchHandler(app, database, source, session, self.revert)
        self._others = OthersHandler(app, database, source, session)

    async def approve(self, picked: DecisionTarget, *, bulk: bool) -> None:
        """Approve after asking as much as it needs."""
        if picked.not_now:
            self._refuse(f"can't approve {picked.about}: {picked.not_now}", picked.not_now)
            return
        batch = await self._batch(picked, "approve", bulk=bulk)
        if not batch:
            return
        approval = self._source.settings.approval
        asked = confirmation_for(batch, approval)
        left_out = _left_out(picked, len(batch)) if bulk else ""
        if asked is Confirmation.NOTHING and not bulk:
            # No dialog showed anything newer: what the row showed is what was seen.
            seen: Sequence[tuple[int, int | None]] = picked.seen
        else:
            why = why_asked(batch, approval)
            if asked is Confirmation.NOTHING:
                asked, why = Confirmation.YES, "a batch always asks, one of a single update too"
            seen = [(correction.id, correction.version) for correction in batch]
            outlook = await self._outlook(batch)
            if outlook is None or not await self._app.push_screen_wait(
                ApproveDialog(batch, asked, outlook, left_out=left_out, why_asked=why)
            ):
                self._say("nothing approved", Tone.DIM)
                return
        self._session.say_what_takes_long(f"approving {plural(len(seen), 'update')}…", len(seen))
        decided = await self._decide(
            lambda: decide.approve(
                self._database, self._source.settings, seen, who=self._who, now=self._now
            )
        )
        done = _done(decided)
        approved = await self._read(done) or []
        if done:
            self._session.remember(approved)
        # A first approval of two leaves its update undecided: nothing of it will be written yet, so
        # there is nothing to follow.
        going = [correction.id for correction in approved if correction.status not in UNDECIDED]
        self._report(decided, "approved")
        # The engine sleeps until the next poll or hold that it knows of, and it does not know of
        # this one.
        if self._session.engine is not None:
            self._session.engine.wake()
        if len(going) > 1:
            await self.batches.begin(going[0])
        else:
            self._followed.update(going)

    async def reject(self, picked: DecisionTarget, *, bulk: bool) -> None:
        """Reject with a reason."""
        batch = await self._batch(picked, "reject", bulk=bulk)
        if not batch:
            return
        reason = await self._app.push_screen_wait(ReasonDialog(picked.about, tuple(self._reasons)))
        if reason is None:
            self._say("nothing rejected", Tone.DIM)
            return
        self._reasons.appendleft(reason)
        seen = [(correction.id, correction.version) for correction in batch]
        self._session.say_what_takes_long(f"rejecting {plural(len(seen), 'update')}…", len(seen))
        decided = await self._decide(
            lambda: self._database.write(
                decisions.reject, seen, who=self._who, now=self._now, reason=reason
            )
        )
        self._report(decided, "rejected")

    async def snooze(self, picked: DecisionTarget) -> None:
        """Snooze for a span."""
        batch = await self._batch(picked, "snooze", bulk=False)
        if not batch:
            return
        span = await self._app.push_screen_wait(SnoozeDialog(picked.about, self._now))
        if span is None:
            self._say("nothing snoozed", Tone.DIM)
            return
        until = self._now + span
        seen = [(correction.id, correction.version) for correction in batch]
        decided = await self._decide(
            lambda: self._database.write(
                decisions.snooze, seen, who=self._who, now=self._now, until=until
            )
        )
        self._report(decided, f"snoozed until {until_text(until, self._now)}")

    async def undo(self, picked: DecisionTarget) -> None:
        """Undo the last approval while its hold lasts, else what was decided under the cursor."""
        now = self._now
        # The last approval goes first, wherever the cursor has moved since: `u` right after `a`
        # means that one.
        ids = list(self._session.last) if self._session.held_until > now else []
        if not ids:
            under = await self._read([number for number, _ in picked.seen])
            if under is None:
                return
            ids = [correction.id for correction in under if can_undo(correction, now)]
        if not ids:
            why = "no approval can be undone any more, and the row is neither snoozed nor rejected"
            self._refuse(f"nothing to undo: {why}", why)
            return
        decided = await self._decide(
            lambda: self._database.write(
                decisions.undo, [(number, None) for number in ids], who=self._who, now=self._now
            )
        )
        if decided:
            self._session.last, self._session.held_until = (), 0
        self._report(decided, "undid", "undone")

    async def retry(self, picked: DecisionTarget) -> None:
        """Retry what ended badly, with a reason."""
        if not picked.seen:
            why = picked.why_not or "nothing ended badly"
            self._refuse(f"can't retry: {why}", why)
            return
        reason = await self._app.push_screen_wait(RetryDialog(picked.about, ()))
        if reason is None:
            self._say("nothing retried", Tone.DIM)
            return
        decided = await self._decide(
            lambda: self._database.write(
                decisions.retry, picked.seen, who=self._who, now=self._now, note=reason
            )
        )
        self._report(decided, "retried")

    async def revert(self, number: int | None) -> None:
        """Propose the values from before an update's batch, else the last one, and ask for them."""
        number = self.batches.last if number is None else number
        found = await self._decide(lambda: self._turned_back(number))
        if not found:
            self._say("nothing to turn back: this update was never approved", Tone.WARN)
            return
        (revert,) = found
        left_out = "; ".join(f"#{left.id}: {left.why}" for left in revert.left_out)
        if not revert.proposed:
            self._say(clean(f"nothing can be turned back: {left_out}"), Tone.WARN)
            return
        proposed = plural(len(revert.proposed), "update")
        rest = f"; left out {left_out}" if left_out else ""
        self._say(clean(f"{proposed} proposed with the values from before{rest}"), Tone.STRONG)
        seen = tuple((update.id, update.version) for update in revert.proposed)
        await self.approve(DecisionTarget(seen, "the batch from before", left_out), bulk=True)

    def _turned_back(self, number: int | None) -> list[Revert]:
        found = None
        if number is not None:
            found = self._database.write(reverts.revert_batch, number, who=self._who, now=self._now)
        return [] if found is None else [found]

    async def follow(self) -> None:
        """Log how what this operator approved has ended. Raises StoreError."""
        await self._others.log_deeds()
        await self.batches.follow()
        if not self._followed:
            return
        # Asked for by number each time, because an update that has ended is in no list of what
        # waits any more.
        for correction in (await self._source.updates(sorted(self._followed))).values():
            if correction.status in LIVE_CORRECTIONS and correction.status not in UNDECIDED:
                continue
            self._followed.discard(correction.id)
            if correction.status not in UNDECIDED:
                self._ended(correction)

    def _ended(self, correction: Correction) -> None:
        verified = correction.status is CorrectionStatus.VERIFIED
        result = f": {correction.result}" if correction.result else ""
        what = f"#{correction.id} {correction.sku} on {correction.channel}"
        text = f"{STEPS[correction.status]} {what}{result}"
        self._session.say(text, Tone.OK if verified else Tone.WARN)
        if not verified:
            self._app.notify(clean(text), severity="warning", markup=False)

    async def _batch(self, picked: DecisionTarget, verb: str, *, bulk: bool) -> list[Correction]:
        """The updates that can be decided on; where there are none, the log says why."""
        if not picked.seen or (picked.why_not and not bulk):
            why = picked.why_not or "nothing to decide"
            self._refuse(f"can't {verb}: {why}", why)
            return []
        found = await self._read([number for number, _ in picked.seen])
        if found is None:
            return []
        # What somebody snoozed is not swept up with the rest; alone it can still be decided.
        wanted = (CorrectionStatus.PROPOSED,) if bulk else UNDECIDED
        batch = [correction for correction in found if correction.status in wanted]
        if not batch:
            text = await self._meanwhile(picked) if len(picked.seen) == 1 else ""
            why = text or "it was decided meanwhile"
            self._refuse(f"can't {verb} {picked.about}: {why}", why)
        return batch

    async def _meanwhile(self, picked: DecisionTarget) -> str:
        """Who moved what of the one that was picked."""
        try:
            movers = await self._source.meanwhile(picked.seen)
        except StoreError:
            return ""
        return plain_times(movers.get(picked.seen[0][0], ""), self._now)

    async def _outlook(self, batch: Sequence[Correction]) -> decide.ApprovalPreview | None:
        try:
            return await self._source.outlook(batch, self._who)
        except StoreError as error:
            self._say(f"the cache can't be read: {error}", Tone.BAD)
            return None

    async def _read(self, ids: Sequence[int]) -> list[Correction] | None:
        """The updates of these ids; None where the cache can't be read, which is logged."""
        try:
            return list((await self._source.updates(ids)).values())
        except StoreError as error:
            self._say(f"the cache can't be read: {error}", Tone.BAD)
            return None

    def _remedies(self) -> dict[str, str]:
        """The keys that make possible what was refused."""
        unfreeze, poll = self._session.key("unfreeze"), self._session.key("poll_now")
        channels = self._session.key("show_channels")
        return {
            decisions.FROZEN: f"{unfreeze} unfreezes it" if unfreeze else "",
            decisions.UNREAD: f"{channels}, then {poll} polls it" if channels and poll else "",
        }

    def _report(self, decided: Sequence[Decision], verb: str, participle: str = "") -> None:
        """Log what was done, and what stood in the way of the rest."""
        undone = f"not {participle or verb}"
        done = [decision.id for decision in decided if decision.ok and not decision.why]
        refused = plain_times(refusals(list(decided), self._remedies()), self._now)
        if refused:
            self._app.notify(
                clean(refused), title=undone.capitalize(), severity="warning", markup=False
            )
            self._say(f"{undone}: {refused}", Tone.WARN)
            at_rows = {
                decision.id: f"{undone}: {plain_times(why_text(decision), self._now)}"
                for decision in decided
                if not decision.ok
            }
            for table in self._app.screen.query(DecisionTable):
                table.refuse(at_rows)
        if done:
            what = f"#{done[0]}" if len(done) == 1 else plural(len(done), "update")
            self._say(f"{self._who} {verb} {what}", Tone.STRONG)
        noted = notes(list(decided))
        if noted:
            self._app.notify(clean(noted), markup=False)
            self._say(noted, Tone.ACCENT)
        self._session.request_refresh()


def _left_out(picked: DecisionTarget, taken: int) -> str:
    """What of the marks is not in the batch, and why."""
    moved = len(picked.seen) - taken
    reasons = [picked.why_not, f"{moved} decided or snoozed meanwhile" if moved else ""]
    return ", ".join(reason for reason in reasons if reason)


def _done(decided: Sequence[Decision]) -> list[int]:
    return [decision.id for decision in decided if decision.ok]
