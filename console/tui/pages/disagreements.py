"""The list of disagreements and all that sorts, folds, narrows and walks through it.

Nothing is decided here but what is acknowledged.
"""

import asyncio
from array import array
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import work
from textual.widget import Widget

from console.text.format import clean, plural
from console.tui.data.filters.disagreement_filter import completed, parse
from console.tui.data.grouping import DisagreementList, jump, worst
from console.tui.data.values import DisagreementRow
from console.tui.drawing.tones import Tone, write
from console.tui.pages.context import PageContext
from console.tui.pages.listing import ListPage
from console.tui.pages.page import Acts
from console.tui.session.memory import PageMemory
from console.tui.views.age_line import age_line
from console.tui.views.disagreements import DisagreementSheet, GroupRow
from console.tui.widgets.decision_table import DecisionTable
from store.model import Disagreement
from store.queries.ranking_values import GroupBy, Severity
from store.queries.values import DisagreementFilter, Sort

if TYPE_CHECKING:
    from console.tui.data.disagreements import DisagreementData
    from console.tui.data.export import ExportView

GROUPINGS = tuple(GroupBy)
FIRST_PAGE = 100
"""Rows fetched before the first paint."""

LEARN_REST_S = 3.0
"""While causes are found the list is read again so often."""


class DisagreementsPage(ListPage):
    """See the module."""

    is_apart = True
    SORTS: ClassVar[Mapping[str, str]] = {
        Sort.RISK: "risk",
        Sort.SEVERITY: "why",
        Sort.AGE: "age",
        Sort.SKU: "sku",
        Sort.CHANNEL: "channel",
        Sort.DELTA: "delta",
    }
    sort: str = Sort.RISK
    filter_hint = 'channel:shop state:open sku:DS-* side:oversell risk>100 age>1h -lamp "a phrase"'

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self.wanted = DisagreementFilter()
        self.by = GroupBy.NONE
        self.opened: set[int] = set()
        """The groups that are open, by their id."""
        self.listed: DisagreementList | None = None
        self._learning = False
        self.rows: DecisionTable[DisagreementRow | GroupRow] = DecisionTable(
            DisagreementSheet(context.settings.compared),
            empty="",
            id="disagreements",
        )

    @cached_property
    def data(self) -> "DisagreementData":
        """What the list is read through."""
        from console.tui.data.disagreements import DisagreementData  # See `PageContext`.

        return DisagreementData(self.context.source)

    async def read_list(self, *, at_once: bool) -> None:
        """Read the list again. Raises StoreError."""
        now, by = self.session.clock.now(), self.by
        sort, backwards = Sort(self.sort), self.backwards
        listed = await self.data.read(self.wanted, sort, by, self.opened, backwards=backwards)
        if by is not self.by:
            return  # The operator changed the grouping meanwhile: that reading is on its way.
        self.listed = listed
        self.say_why_empty()
        begins = not self.rows.loaded
        if begins:
            # The first paint has its rows at once, rather than a screen of dots and then the rows.
            await self.fetch(self.rows, listed.ids[:FIRST_PAGE])
        elif at_once:
            await self.fetch(self.rows, self.rows.window(listed.ids))
        fresh = 0
        # Counting what is new compares two sets of up to 100,000 ids. It is done only while the
        # list is held still, for only then is the number shown.
        if self.rows.is_touched and not at_once:
            fresh = await asyncio.to_thread(_count_new, listed.ranked.ids, self.rows.markable)
        self.rows.offer(
            listed.ids,
            now=now,
            fresh=fresh,
            at_once=at_once,
            tags=listed.severities,
            markable=listed.ranked.ids,
        )
        self._mark_groups()
        if begins or not at_once:
            await self.fetch(self.rows, self.rows.window())
        if self._asks_for_causes():
            self._learn()

    def say_why_empty(self) -> None:
        """Say what a list without a row means: what can't be seen is no agreement."""
        text = "No disagreement fits the filter; esc clears it."
        snapshot = self.session.snapshot
        if not self.filter_text and snapshot is not None:
            from console.text import remedies  # As in `PageContext`.

            status = snapshot.status
            reasons = list(remedies.not_compared(status.channels, status.incidents, ()))
            text = "● No disagreements: every channel shows what it should."
            if ignored := status.overview.ignored:
                text = f"● No disagreements but {ignored:,} ignored by a rule: ignored:yes"
            if reasons:
                blind = remedies.blind(status.channels, ()) or f"Not all can be read: {reasons[0]}"
                text = clean(f"○ No disagreements known. {blind}")
        if text != self.rows.empty:
            self.rows.empty = text
            self.rows.refresh()

    async def rows_of(self, ids: Sequence[int]) -> dict[int, DisagreementRow | GroupRow]:
        """The rows of these ids, groups' own among them."""
        from store.queries import ranking  # As in `PageContext`.

        found: dict[int, DisagreementRow | GroupRow] = dict(
            await self.data.rows([row_id for row_id in ids if row_id > 0])
        )
        totals = self.listed.totals if self.listed is not None else {}
        for row_id in ids:
            if row_id in totals:
                found[row_id] = GroupRow(ranking.total_of(totals[row_id]), row_id in self.opened)
        return found

    def head(self) -> GroupRow | None:
        """The group under the cursor, where one is."""
        value = self.table.current
        return value if isinstance(value, GroupRow) else None

    def complete(self, text: str) -> str | None:
        return completed(text, tuple(self.context.settings.channels))

    def filter_by(self, text: str) -> None:
        self.wanted = parse(text, self.context.settings.channels)
        super().filter_by(text)

    def page_memory(self) -> PageMemory:
        return msgspec.structs.replace(super().page_memory(), group=self.by)

    def restore(self, before: PageMemory) -> None:
        super().restore(before)
        self.opened.clear()
        self.by = next((group for group in GROUPINGS if group == before.group), self.by)

    def view(self) -> "ExportView":
        """All that the filter lets through, what is folded away included."""
        from console.tui.data import export  # As in `PageContext`.

        if self.table is not self.rows or self.listed is None:
            return super().view()
        return export.disagreements(self.context.source, self.listed.ranked.ids)

    def actions(self) -> Acts:
        return {
            **super().actions(),
            "group": self.do_group,
            "expand": self.do_expand,
            "collapse": self.do_collapse,
            "next_worst": self.do_next_worst,
            "previous_worst": self.do_previous_worst,
            "acknowledge": self.do_acknowledge,
        }

    def do_group(self) -> None:
        self.by = GROUPINGS[(GROUPINGS.index(self.by) + 1) % len(GROUPINGS)]
        self.opened.clear()
        text = "grouping off" if self.by is GroupBy.NONE else f"grouped by {self.by}"
        self.session.say(text, Tone.DIM)
        self.rewrite("log")
        self.session.request_refresh()

    def do_expand(self) -> None:
        head = self.head()
        if head is not None:
            self.turn(head, opened=True)

    def do_collapse(self) -> None:
        """Fold away the group under the cursor, or the one that the row under it is of."""
        ids, line = self.rows.ids, self.rows.cursor
        if not ids or self.by is GroupBy.NONE:
            return
        while line >= 0 and ids[line] > 0:
            line -= 1
        if line >= 0:
            self.rows.go_to(line)
            self._turn(ids[line], opened=False)

    def turn(self, head: GroupRow, *, opened: bool) -> None:
        self._turn(head.total.id, opened=opened)

    def do_mark(self) -> None:
        head = self.head()
        if head is None or self.listed is None:
            super().do_mark()
        else:
            self.rows.mark(self.listed.members(head.total.id))
            self.rows.action_move(1)
        self._mark_groups()

    def do_mark_all(self) -> None:
        super().do_mark_all()
        self._mark_groups()

    def clear_marks_or_filter(self) -> bool:
        done = super().clear_marks_or_filter()
        self._mark_groups()
        return done

    def do_next_worst(self) -> None:
        self._jump(forward=True)

    def do_previous_worst(self) -> None:
        self._jump(forward=False)

    async def do_acknowledge(self) -> None:
        """Of what is marked, else of the group or the row under the cursor."""
        await self.context.acknowledging.acknowledge(await self._meant())

    async def do_ignore(self) -> None:
        row = self.rows.current
        if self.table is self.rows and isinstance(row, DisagreementRow):
            # In a burst of keys the detail is still that of the row before.
            await self.context.ignoring.ignore_like(row.disagreement)
        elif self.table is self.rows:
            await self.context.ignoring.ignore_like(None)
        else:
            await super().do_ignore()

    async def _meant(self) -> list[Disagreement]:
        """What was seen of it: the row as it is painted, of many what they are now."""
        value = self.rows.current
        if self.table is not self.rows:
            # The other list has the focus: the disagreement that the update under its cursor ends.
            of, update = self.detail, self.table.current
            same = of is not None and update is not None and of.correction == update
            return (
                [of.disagreement] if of is not None and same and of.disagreement is not None else []
            )
        if self.rows.marks:
            return await self.context.source.disagreements(sorted(self.rows.marks))
        if isinstance(value, GroupRow) and self.listed is not None:
            return await self.context.source.disagreements(self.listed.members(value.total.id))
        return [value.disagreement] if isinstance(value, DisagreementRow) else []

    def _turn(self, group_id: int, *, opened: bool) -> None:
        (self.opened.add if opened else self.opened.discard)(group_id)
        self.session.request_refresh()

    def _jump(self, *, forward: bool) -> None:
        tags = self.rows.tags
        found, place = worst(tags), jump(tags, self.rows.cursor, forward=forward)
        if found is None or place is None:
            self.session.say("no disagreement is left that is not decided or acknowledged", Tone.OK)
            self.repaint()
            return
        self.panes.show(self.rows)
        self.rows.focus()
        self.rows.go_to(place)
        of, nth = tags.count(found), tags.count(found, 0, place + 1)
        self.session.say(f"{found.word} {nth:,} of {of:,}{self._after(tags, found)}", Tone.DIM)
        self.repaint()

    def _after(self, tags: bytes, found: Severity) -> str:
        """What comes when all of the worst are acknowledged or gone."""
        left = (
            (severity, tags.count(severity))
            for severity in Severity
            if found < severity < Severity.SNOOZED_OR_REJECTED
        )
        after = next((f"{count:,} {severity.word}" for severity, count in left if count), "")
        return f"; next: {after}" if after else ""

    def _mark_groups(self) -> None:
        signs = self.listed.marked(self.rows.marks) if self.listed is not None else {}
        if signs != self.rows.group_marks:
            self.rows.group_marks = signs
            self.rows.refresh()

    def _asks_for_causes(self) -> bool:
        return self.by is GroupBy.CAUSE or self.wanted.asks_for_causes

    @work(group="learn")
    async def _learn(self) -> None:
        """Find the causes that are lacking, some at a time, while they are asked for."""
        if self._learning:
            return
        self._learning = True
        try:
            await self.session.guarded(self._learn_all)
        finally:
            self._learning = False

    async def _learn_all(self) -> None:
        told_at, everything = 0.0, await self._all_ids()
        clock = asyncio.get_running_loop().time
        # In chunks, so that the page can be left in between, and a commit be shown: 100,000 causes
        # take some seconds of a core.
        while chunk := self.data.missing(everything):
            await self.data.learn(chunk)
            if not self.is_attached or not self._asks_for_causes() or self.app.page is not self:  # type: ignore[attr-defined]
                return
            if clock() - told_at >= LEARN_REST_S:
                told_at = clock()
                self.session.request_refresh()
        self.data.forget_others(everything)
        self.session.request_refresh()

    async def _all_ids(self) -> "array[int]":
        """All that may have a cause that is asked for, whatever the filter knows by now."""
        if self.listed is not None and not self.wanted.asks_for_causes:
            return self.listed.ranked.ids
        read = await self.data.read(DisagreementFilter(), Sort.RISK, GroupBy.NONE, ())
        return read.ranked.ids

    def grouping(self) -> str:
        """How the list is folded, for its title."""
        if self.by is GroupBy.NONE or self.listed is None:
            return ""
        noun = {GroupBy.SKU: "SKU", GroupBy.CHANNEL: "channel"}.get(self.by, "cause")
        return f" in {plural(len(self.listed.totals), noun)}"

    def chosen(self) -> str:
        """How many are decided or acknowledged, of how many the cause is known: for the title."""
        if self.listed is None:
            return ""
        ranked = self.listed.ranked
        counted = (
            (severity.word, ranked.severities.count(severity))
            for severity in (Severity.SNOOZED_OR_REJECTED, Severity.ACKNOWLEDGED)
        )
        text = "".join(f" · {count:,} {word}" for word, count in counted if count)
        snapshot = self.session.snapshot
        if snapshot is not None and (ignored := snapshot.status.overview.ignored):
            text += f" · {ignored:,} ignored"
        if self._asks_for_causes():
            known, total = self.data.known(ranked.ids), len(ranked.ids)
            if known < total or self.wanted.asks_for_causes:
                text += f" · causes known for {known:,} of {total:,}" if known < total else ""
        return text

    def show_ages(self, panel: str) -> None:
        """Write the buckets of ages on the panel's lower edge."""
        counts = self.listed.ages if self.listed is not None else ()
        found = self.query_one_optional(f"#{panel}", Widget)
        if found is not None:
            found.border_subtitle = write(*age_line(counts, found.size.width - 4))


def _count_new(ids: "array[int]", known: "array[int]") -> int:
    return len(set(ids).difference(known))
