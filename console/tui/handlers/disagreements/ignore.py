"""What the keys do to rules that ignore disagreements: set one by example, list them, end one."""

from console.text import ignoring
from console.text.format import plural
from console.text.reasons import ignored_text
from console.tui.data.values import SkuListing
from console.tui.dialogs.confirm import ReasonDialog
from console.tui.dialogs.ignore import LIST, IgnoreDialog, IgnoreRulesDialog, NewIgnoreRule
from console.tui.drawing.tones import Tone
from console.tui.handlers.base import Handler
from store.corrections import ignore_rules
from store.corrections.ignore_rules import IgnorePreview, IgnoreWhere
from store.errors import NoSuchThing
from store.model import Disagreement
from store.queries.values import DisagreementFilter, Sort

REASONS = ("the cause is mended", "it hid too much", "it was set by mistake")


class IgnoreHandler(Handler):
    """One operator's rules."""

    async def ignore_like(self, example: Disagreement | SkuListing | None) -> None:
        """Ask for a rule that begins as the example is, and set it. Raises StoreError."""
        if isinstance(example, SkuListing):
            example = await self._of_listing(example)
        if example is None:
            self._say("can't ignore: no disagreement is under the cursor", Tone.WARN)
            return
        if already := ignored_text(example):
            key = self._session.key("ignore_rules")
            ends = f"; {key} lists the rules, and ends one" if key else ""
            self._say(f"{example.sku} is {already}{ends}", Tone.WARN)
            return
        channels, now = tuple(self._source.settings.channels), self._now
        dialog = IgnoreDialog(ignoring.like(example), channels, self._preview, now)
        new: NewIgnoreRule | None = await self._app.push_screen_wait(dialog)
        if new is None:
            self._say("nothing ignored", Tone.DIM)
            return

        def act() -> list[ignore_rules.IgnoreRule]:
            return [
                self._database.write(
                    ignore_rules.add, new.where, who=self._who, why=new.why, now=self._now
                )
            ]

        for rule in await self._decide(act):
            count = plural(rule.hides, "disagreement")
            self._say(f"{self._who} set rule {rule.id}: {count} ignored", Tone.STRONG)

    async def show_rules(self) -> bool:
        """List the rules, and end those that the operator ends; whether to list what is ignored.

        Raises StoreError.
        """
        while True:
            now = self._now
            rules = await self._database.aread(ignore_rules.rules, now=now, ended=True)
            chosen = await self._app.push_screen_wait(IgnoreRulesDialog(rules, now))
            if not chosen or LIST in chosen:
                return bool(chosen)
            (rule,) = chosen
            await self._end(int(rule))

    async def _end(self, rule: int) -> None:
        if self._session.read_only:
            self._say(f"can't end rule {rule}: this console is read-only", Tone.WARN)
            return
        dialog = ReasonDialog(
            f"rule {rule}",
            tuple(self._reasons),
            verb="End",
            text="What it ignores is open again, and an update is proposed for it.",
            reasons=REASONS,
        )
        why = await self._app.push_screen_wait(dialog)
        if why is None:
            return
        self._reasons.appendleft(why)

        def act() -> list[int | str]:
            try:
                return [
                    self._database.write(
                        ignore_rules.end, rule, who=self._who, why=why, now=self._now
                    )
                ]
            except NoSuchThing as error:
                return [str(error)]

        for back in await self._decide(act):
            if isinstance(back, str):
                self._say(f"not ended: {back}", Tone.WARN)
                continue
            count = plural(back, "disagreement")
            self._say(f"{self._who} ended rule {rule}: {count} no longer ignored", Tone.STRONG)

    async def _preview(self, where: IgnoreWhere) -> IgnorePreview:
        return await self._database.aread(ignore_rules.preview, where, now=self._now)

    async def _of_listing(self, of: SkuListing) -> Disagreement | None:
        """What is open of a listing, a number before a state; None where nothing is."""
        for ignored in (False, True):
            wanted = DisagreementFilter(skus=(of.sku,), channels=(of.channel,), ignored=ignored)
            ids = await self._source.disagreement_ids(wanted, Sort.SEVERITY)
            found = await self._source.disagreements(list(ids))
            mine = [row for row in found if row.location == of.location]
            if mine:
                return min(mine, key=lambda row: row.delta is None)
        return None
