"""What the console reads: the cache's views, asked off the screen's thread, as frozen values.

The one seam between the screens and the store: no screen calls the database itself.
"""

import asyncio
import contextlib
from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from console.text.disagreement_groups import Explained
from console.text.incidents import POLLS_SHOWN, IncidentDetail, awaits_decision
from console.text.why.target_sum import target_sum
from console.tui.data.crowds import KeptCrowds
from console.tui.data.kept_progress import KeptProgress
from console.tui.data.values import (
    ChannelDetail,
    DisagreementRow,
    PauseEffect,
    RowDetail,
    StatusSnapshot,
)
from store.causes import find_facts, peers, similar_skus
from store.causes.channel_facts import ChannelsOfSnapshot
from store.causes.facts import Facts
from store.causes.similar_skus import KINDS_WITH_SIMILAR
from store.channels import incident_list
from store.channels.incident_list import IncidentFilter, IncidentSort
from store.corrections import audit, batches, conflicts, lifecycle, update_list
from store.corrections.audit import AuditRow, OperatorAct
from store.corrections.guards import obstacles
from store.corrections.guards.pushed import pushed_since
from store.corrections.update_list import UpdateFilter, UpdateList, UpdateSort
from store.database.connection import Database
from store.errors import DatabaseBusy, StoreError
from store.history import timeline
from store.model import (
    Cause,
    Correction,
    CorrectionStatus,
    Disagreement,
    Incident,
    Millis,
    Status,
)
from store.polling.preview.quarantine_effect import QuarantineEffect
from store.queries import poll_health, ranking, status_counts, views
from store.queries.ranking_values import GroupBy, Grouped, Ranked, RankingHints
from store.queries.sql import severity_sql
from store.queries.values import (
    ChannelHealth,
    DisagreementFilter,
    ShownCell,
    Sort,
    StatusCounts,
)
from sync.causes import explain
from sync.clock import Clock
from sync.corrections import decide
from sync.corrections.batch_progress import BatchProgress, of_batch
from sync.settings import Settings
from sync.targets import terms

if TYPE_CHECKING:
    from console.tui.data.checklist import ChecklistData
    from console.tui.data.sku import SkuData

P = ParamSpec("P")
T = TypeVar("T")

POLLS_TOLD = 60
MANY = 200
"""More than so many causes are computed off the screen's thread."""
RECENT = 10
"""Lines of the past in the preview."""


class DataSource:
    """Reads for the screens. Raises StoreError where the cache can't be read."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self._database = self._live = database
        self._clock = clock
        self._terms = terms.terms(settings)
        self._crowds = KeptCrowds(self._count_crowds)

    @cached_property
    def skus(self) -> "SkuData":
        # As this and the next one serve a page each, they are imported with it, not at the start.
        from console.tui.data.sku import SkuData

        return SkuData(self._ask, self._causes, self._terms, self._clock, self.settings)

    @cached_property
    def checklist(self) -> "ChecklistData":
        from console.tui.data.checklist import ChecklistData

        return ChecklistData(self._ask, self.settings, self._clock)

    @property
    def configuration(self) -> Path | None:
        """The file that a command beside this console would read; None: the demo has none."""
        path = self.settings.path
        return path.resolve() if path.is_file() else None

    def version(self) -> int:
        """Changes when anyone has committed. Always ask from the same thread."""
        self._live.check_file()
        return self._live.data_version()

    def show(self, past: Database | None) -> None:
        """Read what was so from now on, from a cache of the past; None: what is so."""
        self._database = self._live if past is None else past
        self.batches.forget()

    async def _ask(
        self, work: Callable[Concatenate[Any, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        # Each call reads one snapshot on a thread of the pool, so that no query ever holds up a
        # key. Two calls may see two commits: what must agree is asked in one call.
        try:
            return await self._database.aread(work, *args, **kwargs)
        except RuntimeError as error:
            # Its reader threads have gone: somebody closed it under us.
            raise StoreError("the cache is closed") from error

    async def snapshot(self) -> StatusSnapshot:
        now = self._clock.now()
        await asyncio.to_thread(self._database.check_file)
        counts = await self._ask(status_counts.status, now=now)
        window = await asyncio.to_thread(decide.window_at, self.settings, now)
        return StatusSnapshot(now, counts, window)

    async def disagreement_ids(self, wanted: DisagreementFilter, sort: Sort) -> "array[int]":
        now = self._clock.now()
        return await self._ask(views.disagreement_ids, wanted, now=now, sort=sort)

    async def typical_prices(self) -> Mapping[int, int]:
        return await self._ask(severity_sql.typical_prices)

    async def ranked(self, wanted: DisagreementFilter, sort: Sort, hints: RankingHints) -> Ranked:
        now = self._clock.now()
        return await self._ask(ranking.ranked, wanted, now=now, sort=sort, hints=hints)

    async def grouped(
        self, wanted: DisagreementFilter, by: GroupBy, sort: Sort, hints: RankingHints
    ) -> Grouped:
        now = self._clock.now()
        return await self._ask(ranking.grouped, wanted, by, now=now, sort=sort, hints=hints)

    async def disagreement_rows(
        self, ids: Sequence[int], hints: RankingHints | None = None
    ) -> dict[int, DisagreementRow]:
        now = self._clock.now()
        found, shown = await self._ask(views.disagreements_with_shown, ids, now=now, hints=hints)
        causes = await self._causes(found, now)
        return {
            disagreement.id: _row(
                disagreement, shown[disagreement.sku], causes.get(disagreement.id)
            )
            for disagreement in found
        }

    async def explained(self, ids: Sequence[int]) -> list[Explained]:
        """These disagreements with their causes; one that has closed meanwhile is left out."""
        found = await self.disagreements(ids)
        known = await self._known(found)
        now = self._clock.now()
        # For as many as an export asks for, this takes longer than a screen may stand still.
        causes = await asyncio.to_thread(explain.causes, found, known, self._terms, now=now)
        return [(disagreement, causes.get(disagreement.id)) for disagreement in found]

    async def channel(self, name: str, status: StatusCounts) -> ChannelDetail | None:
        """All there is to show of a channel; `status` as it was read last. None: there is none."""
        channel = next((channel for channel in status.channels if channel.name == name), None)
        settings = self.settings.channels.get(name)
        if channel is None or settings is None:
            return None
        from store.polling import events  # The first page needs nothing of it.

        return ChannelDetail(
            channel,
            settings,
            await self._ask(poll_health.recent_polls, name, limit=POLLS_TOLD),
            await self._ask(events.cursor, name),
            [incident for incident in status.incidents if incident.channel == name],
        )

    async def pause_effect(self, channel: ChannelHealth) -> PauseEffect:
        """What pausing a channel comes to, for the dialog before it."""
        authority = bool(channel.roles)
        wanted = DisagreementFilter(
            channels=() if authority else (channel.name,), statuses=(Status.OPEN, Status.SETTLING)
        )
        found = await self.disagreement_ids(wanted, Sort.SKU)
        approved = await self._ask(
            views.updates, statuses=(CorrectionStatus.APPROVED,), channel=channel.name
        )
        stale_after_ms = self.settings.channels[channel.name].stale_after_ms
        read_at = channel.last_success_at
        return PauseEffect(
            channel=channel.name,
            authority=authority,
            disagreements=len(found),
            approved=len(approved),
            running=channel.running is not None,
            stale_at=None if read_at is None else read_at + stale_after_ms,
        )

    async def update_ids(self) -> "array[int]":
        return await self._ask(views.update_ids)

    async def incident_ids(
        self, wanted: IncidentFilter, sort: IncidentSort, *, backwards: bool
    ) -> "array[int]":
        read = partial(incident_list.incident_ids, sort=sort, backwards=backwards)
        return await self._ask(read, wanted, now=self._clock.now())

    async def incidents(self, ids: Sequence[int]) -> dict[int, Incident]:
        return {
            incident.id: incident
            for incident in await self._ask(incident_list.incidents_by_id, ids)
        }

    async def incident(self, row_id: int) -> IncidentDetail | None:
        """All there is to show of one but the effect of a poll; None where it is no more."""
        found = (await self.incidents([row_id])).get(row_id)
        if found is None or found.channel is None:
            return None if found is None else IncidentDetail(found)
        polls = await self._ask(poll_health.recent_polls, found.channel, limit=POLLS_SHOWN)
        poll_id = await self.quarantined_poll(found.channel) if awaits_decision(found) else None
        return IncidentDetail(found, tuple(polls), poll_id)

    async def quarantined_poll(self, channel: str) -> int | None:
        """The poll of the channel that waits for a person, if one does."""
        from store.polling import quarantine  # The first page needs nothing of it.

        found = await self._ask(quarantine.waiting, channel)
        return None if found is None else found[0]

    async def effect(self, channel: str) -> QuarantineEffect | None:
        """What accepting the channel's quarantined poll would change; None where it has none.

        Of the past neither: of a poll that has been judged or replaced the rows are gone.
        """
        if self._database.at is not None:
            return None
        from store.polling.preview import quarantine_preview  # The first page needs nothing of it.

        comparison = terms.comparison(self.settings)
        return await self._ask(quarantine_preview.preview_accepting, channel, comparison)

    async def updates(self, ids: Sequence[int]) -> dict[int, Correction]:
        return {correction.id: correction for correction in await self._ask(lifecycle.by_id, ids)}

    async def history_ids(
        self, wanted: UpdateFilter, sort: UpdateSort, *, backwards: bool
    ) -> UpdateList:
        return await self._ask(update_list.find, wanted, sort=sort, backwards=backwards)

    async def steps(self, correction_id: int) -> list[AuditRow]:
        """Everything that happened to an update, oldest first."""
        return await self._ask(audit.rows, correction_id)

    async def meanwhile(self, seen: Sequence[tuple[int, int | None]]) -> dict[int, str]:
        """Who moved what of these since they were seen; those that nobody moved are left out."""
        return await self._ask(conflicts.of_all, seen)

    @cached_property
    def batches(self) -> KeptProgress:
        """How far batches have come."""
        return KeptProgress(self._progress)

    async def _progress(self, correction_id: int) -> BatchProgress | None:
        now = self._clock.now()
        batch = await self._ask(batches.of_correction, correction_id, now=now)
        return None if batch is None else await asyncio.to_thread(of_batch, batch, now=now)

    async def outlook(self, batch: Sequence[Correction], who: str) -> decide.ApprovalPreview:
        """What approving all of these would meet."""
        now = self._clock.now()
        pushed = await self._ask(pushed_since, now - decide.HOUR_MS)
        not_now = await self._ask(obstacles.counted, batch, now=now)
        held = decide.held_by_window(self.settings, now)
        if held is not None:
            raises = sum(decide.raise_or_reduce(correction) == "raise" for correction in batch)
            not_now |= {held: raises} if raises else {}
        return decide.preview_approval(batch, self.settings, pushed, not_now, who=who)

    async def newest_step(self) -> int:
        return await self._ask(audit.newest_step)

    async def acts_since(self, after: int, but: Sequence[str]) -> list[OperatorAct]:
        """What other people decided after that step."""
        return await self._ask(audit.acts_since, after, except_by=but)

    async def disagreements(self, ids: Sequence[int]) -> list[Disagreement]:
        now = self._clock.now()
        return await self._ask(views.disagreements_by_id, ids, now=now)

    async def detail_of_disagreement(self, row_id: int) -> RowDetail | None:
        """None where it has closed."""
        found = await self.disagreements([row_id])
        if not found:
            return None
        disagreement = found[0]
        seen = (
            await self.updates([disagreement.correction_id]) if disagreement.correction_id else {}
        )
        return await self._detail(disagreement, seen.get(disagreement.correction_id or 0))

    async def detail_of_update(self, row_id: int) -> RowDetail | None:
        """None where there is no such update."""
        found = await self.updates([row_id])
        if not found:
            return None
        correction = found[row_id]
        about = DisagreementFilter(skus=(correction.sku,), channels=(correction.channel,))
        now = self._clock.now()
        same = await self._ask(views.disagreements, about, now=now, estimates=False)
        disagreement = next(
            (
                disagreement
                for disagreement in same
                if disagreement.listing_id == correction.listing_id
            ),
            None,
        )
        return await self._detail(disagreement, correction)

    async def _causes(self, found: Sequence[Disagreement], now: Millis) -> dict[int, Cause]:
        known = await self._known(found)
        if len(found) < MANY:
            return explain.causes(found, known, self._terms, now=now)
        return await asyncio.to_thread(explain.causes, found, known, self._terms, now=now)

    async def _known(self, found: Sequence[Disagreement]) -> dict[int, Facts]:
        if any(disagreement.kind in KINDS_WITH_SIMILAR for disagreement in found):
            # A part of it at a time: each commit brings the screen here again, until all is done.
            await self._ask_lookalikes()
        ids, at = [disagreement.id for disagreement in found], self._database.at
        channels = ChannelsOfSnapshot(self._crowds.lend(at))
        facts = await self._ask(find_facts.find, ids, channels)
        self._crowds.keep(channels.crowds, at)
        return facts

    async def _count_crowds(self, channels: Sequence[int]) -> peers.Crowds:
        return await self._ask(peers.of_channels, channels)

    async def _ask_lookalikes(self) -> None:
        if not self._database.read_only and await self._ask(similar_skus.is_behind):
            with contextlib.suppress(DatabaseBusy):
                await self._database.awrite(similar_skus.fill)

    async def _detail(
        self, disagreement: Disagreement | None, correction: Correction | None
    ) -> RowDetail:
        about = disagreement or correction
        if about is None:
            raise ValueError("a detail is of a disagreement or of an update")
        now = self._clock.now()
        shown = (await self._ask(views.shown, [about.sku], now=now))[about.sku]
        # A channel without locations of its own has one reading for all of them, under an empty
        # name: it belongs to every location.
        cells = tuple(cell for cell in shown if cell.location in (about.location, ""))
        causes = await self._causes([disagreement], now) if disagreement is not None else {}
        history = await self._ask(timeline.history, about.sku, limit=RECENT)
        return RowDetail(
            sku=about.sku,
            title=about.title,
            channel=about.channel,
            location=about.location,
            disagreement=disagreement,
            cells=cells,
            correction=correction,
            cause=causes.get(disagreement.id) if disagreement is not None else None,
            target_sum=target_sum(about.sku, about.channel, about.location, cells, self._terms),
            history=tuple(history),
        )


def _row(
    disagreement: Disagreement, cells: Sequence[ShownCell], cause: Cause | None
) -> DisagreementRow:
    here = {cell.channel: cell for cell in cells if cell.location == disagreement.location}
    if cause is None:
        return DisagreementRow(disagreement, here)
    return DisagreementRow(disagreement, here, cause.kind, cause.evidence)
