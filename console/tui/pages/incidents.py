"""The incidents' page: trouble with a channel rather than with a SKU, and how it ended.

A list with a cursor, and under it or beside it all there is to show of the one under the cursor:
of a quarantined poll also what accepting it would change, computed once for each poll.
"""

from array import array
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content

from console.keys.action import PageName
from console.reports.clipboard import CopyChoice, incident_choices
from console.text.incidents import IncidentDetail, awaits_decision
from console.tui.data import export
from console.tui.data.export import ExportView
from console.tui.data.filters import incident_filter
from console.tui.data.filters.disagreement_filter import FilterError
from console.tui.data.filters.incident_filter import STATES
from console.tui.drawing.tones import Tone
from console.tui.pages.context import PageContext
from console.tui.pages.listing import ListPage
from console.tui.pages.page import Acts
from console.tui.views import incidents
from console.tui.views.incidents import IncidentSheet
from console.tui.widgets.table import VirtualTable
from console.tui.widgets.text import TextBlock
from store.channels.incident_list import IncidentFilter, IncidentSort
from store.corrections.freeze import FREEZING
from store.model import Incident, IncidentKind
from store.polling.preview.quarantine_effect import QuarantineEffect


class IncidentsPage(ListPage):
    """See the module."""

    place: ClassVar[PageName] = PageName.INCIDENTS
    AUTO_FOCUS = "#incident-rows"
    filter_hint = incident_filter.HINT
    SORTS: ClassVar[Mapping[str, str]] = {
        IncidentSort.SEVERITY: "severity",
        IncidentSort.NEWEST: "since",
        IncidentSort.CHANNEL: "channel",
        IncidentSort.KIND: "kind",
        IncidentSort.COUNT: "count",
    }
    sort: str = IncidentSort.SEVERITY

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self.wanted = IncidentFilter()
        self.trouble: IncidentDetail | None = None
        self._states = 0
        """Which of `STATES` is shown, unless the filter names states itself."""
        self._computed: QuarantineEffect | None = None
        self._computing: int | None = None
        """The poll whose effect is being computed: once, however often the page is read."""
        self.rows: VirtualTable[Incident] = VirtualTable(
            IncidentSheet(),
            empty="● No incident is open.",
            id="incident-rows",
        )

    @property
    def table(self) -> "VirtualTable[Any]":
        return self.rows

    def body(self) -> ComposeResult:
        with Container(id="incident-body"):
            with Vertical(id="incident-rows-panel", classes="panel"):
                yield self.rows
            with VerticalScroll(id="incident-panel", classes="panel"):
                yield TextBlock(self._trouble, id="incident")

    async def reload(self, *, at_once: bool = False) -> None:
        states = self.wanted.states or STATES[self._states].states
        ids = await self.context.source.incident_ids(
            msgspec.structs.replace(self.wanted, states=tuple(states)),
            IncidentSort(self.sort),
            backwards=self.backwards,
        )
        self.rows.empty = self._nothing()
        self.rows.offer(ids, now=self.session.clock.now(), at_once=at_once)
        await self.fetch(self.rows, self.rows.window())
        await self.look()

    async def fetch(self, table: "VirtualTable[Any]", ids: Sequence[int]) -> None:
        if ids:
            table.fill(dict(await self.context.source.incidents(ids)), ids)

    async def look(self) -> None:
        number = self.rows.cursor_id
        found = await self.context.source.incident(number) if number is not None else None
        if found is not None and found.quarantined is not None:
            known = self._computed
            if known is not None and known.poll_id == found.quarantined:
                found = found.with_effect(known)
            elif found.incident.channel is not None and self._computing != found.quarantined:
                self._computing = found.quarantined
                self._compute_effect(found.incident.channel)
        self.trouble = found
        self.rewrite("incident", "legend")
        self.write_titles()

    @work(group="effect")
    async def _compute_effect(self, channel: str) -> None:
        """Compute what accepting the channel's poll would change, beside everything else."""

        async def read() -> None:
            try:
                effect = self._computed = await self.context.source.effect(channel)
            finally:
                self._computing = None
            under = self.trouble
            if under is not None and effect is not None and under.quarantined == effect.poll_id:
                self.trouble = under.with_effect(effect)
                self.rewrite("incident")

        await self.session.guarded(read)

    def tick(self) -> None:
        self.rows.tick(self.session.clock.now())
        self.rewrite("header", "log", "incident")

    def point_at(self, channel: str) -> bool:
        """Put the cursor on the channel's poll that waits, where that is in sight."""
        for line, incident in self.rows.lines():
            if (incident.channel, incident.kind) == (channel, IncidentKind.QUARANTINED):
                self.rows.go_to(line)
                return True
        return False

    def copies(self) -> Iterator[CopyChoice]:
        incident = self.rows.current
        return (
            iter(()) if incident is None else incident_choices(incident, self.session.clock.now())
        )

    def view(self) -> ExportView:
        ids = array("q", self.rows.ids)
        return export.incidents(self.context.source, ids, self.session.clock.now())

    def able(self) -> tuple[str, ...]:
        incident = self.rows.current
        if incident is None or incident.closed_at is not None:
            return self.session.able(self.picked(), marks=False)
        can = ("acknowledge", "snooze")
        return (*can, "accept", "discard") if awaits_decision(incident) else can

    def filter_by(self, text: str) -> None:
        self.wanted = incident_filter.parse(text, self.context.settings.channels)
        self.filter_text = text.strip()

    def actions(self) -> Acts:
        return {
            **super().actions(),
            "next_state": self.do_next_state,
            "acknowledge": self.do_acknowledge,
            "accept": self.do_accept,
            "discard": self.do_discard,
            "unfreeze": self.do_unfreeze,
            "detail": self.do_detail,
        }

    def do_next_state(self) -> None:
        self._states = (self._states + 1) % len(STATES)
        if self.wanted.states:
            self.session.say("the filter names the states that are shown; esc clears it", Tone.WARN)
        self.session.request_refresh()

    def do_acknowledge(self) -> Coroutine[None, None, None] | None:
        incident = self._under()
        return None if incident is None else self.context.incidents.acknowledge(incident)

    def do_snooze(self) -> Coroutine[None, None, None]:
        incident = self._under()
        return _nothing() if incident is None else self.context.incidents.snooze(incident)

    def do_accept(self) -> Coroutine[None, None, None] | None:
        channel = self._channel_to_judge("accept")
        return None if channel is None else self.context.incidents.accept(channel)

    def do_discard(self) -> Coroutine[None, None, None] | None:
        channel = self._channel_to_judge("discard")
        return None if channel is None else self.context.incidents.discard(channel)

    async def do_unfreeze(self) -> None:
        incident = self._under()
        if incident is None:
            return
        if incident.channel is None or incident.kind not in FREEZING:
            self._say("no incident of a frozen SKU is under the cursor")
        else:
            await self.context.freezing.unfreeze(incident.key, incident.channel)

    async def do_detail(self) -> None:
        """Turn to what the trouble is with: the channel's disagreements, or the SKU's there."""
        incident = self._under()
        if incident is None:
            return
        if incident.channel is None:
            self._say("this incident is not about one channel: nothing to open")
            return
        # The filter splits at blanks: a SKU with one in it can't be filtered by, and the keys of
        # other kinds of incidents are not SKUs.
        sku = (
            incident.key
            if incident.kind in FREEZING and not any(map(str.isspace, incident.key))
            else ""
        )
        try:
            await self.context.navigator.show_disagreements_of(incident.channel, sku)
        except FilterError as error:
            self._say(str(error))

    def _channel_to_judge(self, verb: str) -> str | None:
        """The channel whose quarantined poll is under the cursor; None is logged."""
        incident = self._under()
        if incident is None or incident.channel is None:
            return None
        if not awaits_decision(incident):
            self._say(f"no quarantined poll is under the cursor to {verb}")
            return None
        return incident.channel

    def _under(self) -> Incident | None:
        incident = self.rows.current
        if incident is None:
            self._say("no incident is under the cursor")
        return incident

    def _say(self, text: str) -> None:
        self.session.say(text, Tone.WARN)
        self.repaint()

    def _nothing(self) -> str:
        if self.filter_text:
            return "No incident fits the filter; esc clears it."
        word = STATES[self._states].word
        if word == "open":
            return "● No incident is open."
        return f"No {word} incidents." if word != "all" else "No incident so far."

    def _trouble(self, width: int) -> Content:
        now, unfreeze = self.session.clock.now(), self.session.key("unfreeze") or "the palette"
        return incidents.whole(self.trouble, now=now, width=width, unfreeze=unfreeze)

    def write_titles(self) -> None:
        word = STATES[self._states].word if not self.wanted.states else "filtered"
        snapshot = self.session.snapshot
        text = f" · {word}"
        if snapshot is not None:
            quiet = len(snapshot.status.incidents) - snapshot.status.overview.incidents
            text += f" · {quiet} snoozed" if quiet else ""
        self.entitle("incident-rows-panel", f"Incidents {len(self.rows.ids):,}", text)
        self.set_title("incident-panel", incidents.title(self.trouble))


async def _nothing() -> None:
    """Do nothing: the log says already why."""
