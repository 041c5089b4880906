"""What is done with a batch that was approved: it is shown, followed to its end, cancelled."""

from collections.abc import Callable, Coroutine
from typing import Any

from textual.app import App

from console.text.format import clean, plural
from console.tui.data.source import DataSource
from console.tui.dialogs.batch import BatchDialog
from console.tui.dialogs.dialog import DialogApp
from console.tui.drawing.tones import Tone
from console.tui.handlers.base import Handler
from console.tui.session.state import ConsoleState
from console.tui.views import batch
from store.corrections import batches
from store.database.connection import Database
from store.decision import Decision
from store.errors import StoreError
from sync.corrections.batch_progress import BatchProgress, Stage


class BatchHandler(Handler):
    """The batches of this operator; anybody's can be shown."""

    def __init__(
        self,
        app: App[Any],
        database: Database,
        source: DataSource,
        session: ConsoleState,
        turn_back: Callable[[int], Coroutine[None, None, None]],
    ) -> None:
        """`turn_back` turns the batch of an update back."""
        super().__init__(app, database, source, session)
        self._turn_back = turn_back

    _followed: tuple[int, ...] = ()
    """One update of each batch that is not over yet, the newest last."""
    shown: int | None = None
    """One update of the batch that was shown last."""
    last: int | None = None
    """One update of the batch that was approved last on this console."""

    async def begin(self, correction_id: int) -> None:
        """Show a batch that has just been approved, and follow it."""
        self.last = correction_id
        self._followed = (*self._followed, correction_id)
        await self.show(correction_id)

    async def show(self, correction_id: int | None) -> None:
        """Show how far the batch of an update is, else the last one."""
        progress = await self._progress(
            correction_id, "no batch to show: this update was never approved"
        )
        if progress is None:
            return
        # A batch has no number of its own: it is found again by any one of its updates. The dialog
        # stays open while updates end, and all of them stay in their batch.
        number = self.shown = progress.updates[0].correction.id
        if self._app.screen.is_modal:
            return  # What is being asked goes first; the key shows the batch after that.
        await self._app.push_screen(
            BatchDialog(
                self._session,
                progress,
                lambda: self._source.batches.of(number),
                self.cancel,
            ),
            self._closed,
        )

    def _closed(self, wants_back: bool | None) -> None:  # noqa: FBT001 - what the dialog answers.
        if wants_back and self.shown is not None:
            act = self._turn_back_as_an_act(self.shown)
            self._app.run_worker(act, group="act", exit_on_error=True)

    async def _turn_back_as_an_act(self, number: int) -> None:
        # The dialog was itself a question: what is asked now is one of a new act.
        assert isinstance(self._app, DialogApp)
        self._app.begin_act(holds_keys=True)
        try:
            await self._turn_back(number)
        finally:
            self._app.end_act()

    async def cancel_of(self, correction_id: int | None) -> None:
        """Cancel the batch of an update, else the last one, as far as it is not written."""
        none = "nothing to cancel: no batch waits to be written"
        progress = await self._progress(correction_id, none)
        if progress is None:
            return
        if not progress.cancellable:
            self._say(none, Tone.WARN)
            return
        await self.cancel(progress)

    async def cancel(self, progress: BatchProgress) -> None:
        """Cancel what of a batch is not being written yet; say how much is written already."""
        if self._session.read_only:
            self._say("this console is read-only", Tone.WARN)
            return
        # All of them are named, not those that could be cancelled when the dialog was painted: the
        # store decides in one transaction which of them the engine has not begun to write.
        ids = [update.correction.id for update in progress.updates]
        note = "its batch was cancelled"
        decided: list[Decision] = await self._decide(
            lambda: self._database.write(
                batches.cancel, ids, who=self._who, now=self._now, note=note
            )
        )
        self._source.batches.forget()
        self._session.last, self._session.held_until = (), 0
        back = sum(decision.ok for decision in decided)
        left = len(decided) - back
        text = f"{self._who} cancelled {plural(back, 'update')} of the batch"
        rest = f" {left} {'is' if left == 1 else 'are'} being written already" if left else ""
        text += f";{rest}" if rest else ""
        self._say(text if back else f"nothing cancelled{rest}", Tone.STRONG)

    async def follow(self) -> None:
        """Log how each batch ended, once it is over. Raises StoreError."""
        running: list[BatchProgress] = []
        for number in self._followed:
            progress = await self._source.batches.of(number)
            if progress is not None and not progress.over:
                running.append(progress)
                continue
            self._followed = tuple(followed for followed in self._followed if followed != number)
            if progress is not None:
                self._ended(progress)
        key = self._session.key("batch")
        shows = f" ({key} shows it)" if key else ""
        self._session.busy = f"{batch.brief(running[-1])}{shows}" if running else ""

    def _ended(self, progress: BatchProgress) -> None:
        counts, total = progress.counts, len(progress.updates)
        if counts.get(Stage.TAKEN_BACK, 0) == total:
            return  # The operator who cancelled it has seen that at once.
        good = counts.get(Stage.VERIFIED, 0) == total
        words = batch.summary(progress)
        why = "; ".join(batch.stops(progress))
        self._session.say(f"batch over: {words}" + (f": {why}" if why else ""),
                          Tone.OK if good else Tone.WARN)  # fmt: skip
        if not good:
            self._app.notify(
                clean(f"{words}. {why}"), title="Batch over", severity="warning", markup=False
            )

    async def _progress(self, correction_id: int | None, none: str) -> BatchProgress | None:
        """The batch of an update, else the last one; where there is neither, `none` is logged."""
        try:
            for number in (correction_id, self.last):
                found = None if number is None else await self._source.batches.of(number)
                if found is not None:
                    return found
        except StoreError as error:
            self._say(f"the cache can't be read: {error}", Tone.BAD)
            return None
        self._say(none, Tone.WARN)
        return None
