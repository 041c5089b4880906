"""A channel that does what a test tells it to, and the bench that the engine's parts stand on.

`Shop` meets the `Channel` protocol over a dictionary. Its faults are queued per method: an
exception to raise, a function to run first, or None to behave.
"""

import asyncio
import dataclasses
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from store.channels import incidents
from store.corrections import audit, decisions, lifecycle, propose
from store.database import lease
from store.database.connection import Database
from store.event_kinds import Event
from store.model import Correction, Direction, Disagreement, Record, Refused
from store.polling import quarantine
from store.queries import views
from store.queries.values import DisagreementFilter
from sync import channels
from sync.channels.abilities import Abilities
from sync.channels.base import Change, EventPage, FreshReadings, ListingRef, Receipt, RecordPage
from sync.clock import Clock
from sync.corrections.apply import apply
from sync.polling.channel_state import ChannelState
from sync.polling.poll import poll
from sync.polling.recovery import EngineContext
from sync.polling.reporting.log import SILENT
from sync.polling.reporting.poll_report import PollReport
from sync.settings import ApprovalSettings, ChannelSettings, GuardSettings, Settings
from sync.targets import terms
from sync.transport.before_write import look

NOON = 1_763_899_200_000

Fault = Exception | Callable[[], Awaitable[None]] | None


class HandClock:
    """Time that passes only by hand, and by sleeping."""

    def __init__(self, at: int = NOON) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    async def sleep(self, span_ms: int) -> None:
        self.at += span_ms
        await asyncio.sleep(0)


async def hang() -> None:
    """Never come back, until cancelled."""
    await asyncio.Event().wait()


async def hang_beyond_every_deadline() -> None:
    """Never come back, and put the loop's clock a day on: what was to end before that ends now.

    A short deadline instead would run, on a slow machine, while the write still waits for its turn.
    """
    loop = asyncio.get_running_loop()
    now = loop.time
    loop.time = lambda: now() + 86_400  # type: ignore[method-assign]
    await hang()


@dataclass
class Shop:
    """One scripted channel."""

    stock: dict[str, Record] = field(default_factory=dict)
    abilities: Abilities = field(
        default_factory=lambda: Abilities(
            kind="scripted", reads=("available",), writes=("quantity",), reads_one=True,
            batch_max=100,
        )
    )  # fmt: skip
    page_faults: deque[Fault] = field(default_factory=deque)
    read_faults: deque[Fault] = field(default_factory=deque)
    turn_faults: deque[Fault] = field(default_factory=deque)
    """Strike while a write waits for its turn, before anything is sent."""
    write_faults: deque[Fault] = field(default_factory=deque)
    after_write: Callable[[Sequence[Change]], None] | None = None
    """Runs once the changes are applied: what happens on the channel right after."""
    lost_reply: Exception | None = None
    """Raised after the changes are applied: the answer never came."""
    refuses: dict[str, str] = field(default_factory=dict)
    """SKUs whose changes are refused, with the words."""
    conflicts: set[str] = field(default_factory=set)
    ignores: set[str] = field(default_factory=set)
    """SKUs whose changes are accepted and not applied."""
    later: bool = False
    """What it accepts it applies later."""
    left_out: set[str] = field(default_factory=set)
    """SKUs that its list lacks, though it has them."""
    listed: dict[str, int] = field(default_factory=dict)
    """What its list shows of a SKU, where that is not what it has."""
    refused: Sequence[Refused] = ()
    announced: int | None = None
    cut_short: str = ""
    warnings: Sequence[str] = ()
    as_of: int | None = None
    stamps: dict[str, int] = field(default_factory=dict)
    """SKU → when it changed, as the channel has it: by this it lists what changed."""
    asked_since: list[int] = field(default_factory=list)
    delta_faults: deque[Fault] = field(default_factory=deque)
    delta: RecordPage = field(default_factory=lambda: RecordPage(()))
    """What its list of changes says beside the records."""
    event_pages: list[EventPage] = field(default_factory=list)
    """The pages of events that it tells, to whoever asks from wherever."""
    event_faults: deque[Fault] = field(default_factory=deque)
    """Strike after each page of events."""
    asked: list[str | None] = field(default_factory=list)
    """The cursors that it was asked for events with."""
    written: list[list[tuple[str, int]]] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)
    closed: bool = False

    def shows(self, **quantities: int) -> None:
        for sku, quantity in quantities.items():
            old = self.stock.get(sku) or Record(sku=sku, available=quantity, ref=f"id-{sku}")
            self.stock[sku] = msgspec.structs.replace(old, available=quantity)

    async def pages(self) -> AsyncIterator[RecordPage]:
        self.looked.append("poll")
        records = [
            msgspec.structs.replace(record, available=self.listed.get(sku, record.available))
            for sku, record in self.stock.items()
            if sku not in self.left_out
        ]
        middle = len(records) // 2
        yield RecordPage(records[:middle], announced=self.announced, as_of=self.as_of)
        await _strike(self.page_faults)
        yield RecordPage(
            records[middle:], self.refused, as_of=self.as_of, cut_short=self.cut_short,
            warnings=self.warnings,
        )  # fmt: skip

    async def changed(self, since: int) -> AsyncIterator[RecordPage]:
        self.looked.append("delta")
        self.asked_since.append(since)
        await _strike(self.delta_faults)
        skus = [sku for sku, at in self.stamps.items() if at >= since and sku in self.stock]
        yield msgspec.structs.replace(self.delta, records=[self.stock[sku] for sku in skus])

    def tells(self, *events: Event, **page: Any) -> None:
        """From now on it tells these, as one page."""
        self.abilities = dataclasses.replace(self.abilities, events=True)
        self.event_pages = [EventPage(events, **page)]

    async def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        self.asked.append(cursor)
        self.looked.append("events")
        for page in self.event_pages:
            yield page
            await _strike(self.event_faults)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        self.looked.append("read")
        await _strike(self.read_faults)
        return FreshReadings(
            [self.stock[listing.sku] for listing in wanted if listing.sku in self.stock]
        )

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        await _strike(self.turn_faults)
        await look()
        self.written.append([(change.sku, change.quantity) for change in changes])
        await _strike(self.write_faults)
        receipts = [self._set(change) for change in changes]
        if self.after_write is not None:
            self.after_write(changes)
        if self.lost_reply is not None:
            raise self.lost_reply
        return receipts

    def _set(self, change: Change) -> Receipt:
        if change.sku in self.refuses:
            return Receipt(change, refused=self.refuses[change.sku])
        if change.sku in self.conflicts:
            return Receipt(change, refused="it moved", conflict=True)
        if change.sku not in self.ignores:
            shown = self.stock[change.sku]
            values: dict[str, Any] = {"available": change.quantity}
            if change.state is not None:
                values["state"] = change.state
            self.stock[change.sku] = msgspec.structs.replace(shown, **values)
        return Receipt(change, later=self.later)

    def address(self, listing: ListingRef) -> str:
        """The SKU's last character: it has ten addresses."""
        return listing.sku[-1]

    async def sign_in(self) -> str:
        return "scripted"

    async def close(self) -> None:
        self.closed = True


async def _strike(faults: deque[Fault]) -> None:
    fault = faults.popleft() if faults else None
    if isinstance(fault, Exception):
        raise fault
    if fault is not None:
        await fault()


class ScriptedOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What `channels.open_channel` finds a scripted channel by."""

    shop: str
    writes: tuple[str, ...] = ("quantity",)


SHOPS: dict[str, Shop] = {}


OPTIONS = ScriptedOptions


def abilities(options: ScriptedOptions) -> Abilities:
    return SHOPS[options.shop].abilities


def open_channel(
    name: str, options: ScriptedOptions, transport: object, clock: Clock, base: Path
) -> Shop:
    return SHOPS[options.shop]


def register(monkeypatch: Any) -> None:
    """Make `scripted` a kind like the others."""
    SHOPS.clear()
    kinds = {**channels.KINDS, "scripted": "tests.sync.scripted_channel"}
    monkeypatch.setattr(channels, "KINDS", kinds)


def settings_of(folder: Path, **given: Any) -> Settings:
    """A warehouse that is the authority and a shop that is pushed."""
    base: dict[str, Any] = {
        "kind": "scripted",
        "every_ms": 1_000,
        "stale_after_ms": 60_000,
        "timeout_ms": 1_000,
    }
    loose = GuardSettings(
        max_zeroed_ppm=1_000_000, max_changed_ppm=1_000_000, max_shrunk_ppm=1_000_000
    )
    usual: dict[str, Any] = {
        "path": folder / "skew.toml",
        "database": folder / "skew.db",
        "authority_quantity": "warehouse",
        "authority_state": "warehouse",
        "approval": ApprovalSettings(hold_ms=0),
        "channels": {
            name: ChannelSettings(
                **base, name=name, direction=direction, guard=loose,
                options=ScriptedOptions(shop=name),
            )
            for name, direction in (
                ("warehouse", Direction.OBSERVE), ("shop", Direction.PUSH),
            )
        },
    }  # fmt: skip
    return Settings(**usual | given)


def changed(settings: Settings, channel: str, **given: Any) -> Settings:
    """The same settings with one channel's keys replaced."""
    replaced = msgspec.structs.replace(settings.channels[channel], **given)
    return msgspec.structs.replace(settings, channels={**settings.channels, channel: replaced})


@dataclass
class Bench:
    """A cache, two open channels, and a lease held by this test."""

    settings: Settings
    database: Database
    clock: HandClock
    token: str = "ours"

    def __post_init__(self) -> None:
        comparison = terms.comparison(self.settings)
        self.context = EngineContext(self.database, comparison, self.clock, SILENT)
        self.database.write(comparison.configure, now=self.clock.now())
        self.channel_state = {
            name: ChannelState(channel_settings, SHOPS[name])
            for name, channel_settings in self.settings.channels.items()
        }
        self.hold()

    @property
    def warehouse(self) -> Shop:
        return SHOPS["warehouse"]

    @property
    def shop(self) -> Shop:
        return SHOPS["shop"]

    def hold(self) -> None:
        self.database.write(
            lease.acquire, holder="the test", token=self.token, now=self.clock.now(),
            span_ms=10**9,
        )  # fmt: skip

    async def poll(self, name: str = "shop") -> PollReport:
        self.clock.at += 1_000
        return await poll(self.context, self.channel_state[name])

    async def disagree(self, shop: dict[str, int], warehouse: dict[str, int]) -> list[Correction]:
        """Poll both until every difference between them is proposed for."""
        self.shop.shows(**shop)
        self.warehouse.shows(**warehouse)
        await self.poll("shop")
        await self.poll("warehouse")
        await self.poll("shop")
        self.database.write(propose.propose, now=self.clock.now())
        return self.updates()

    def approve(self, *ids: int) -> None:
        wanted = ids or tuple(update.id for update in self.updates())
        decided = self.database.write(
            decisions.approve, [(correction_id, None) for correction_id in wanted], who="ana",
            now=self.clock.now(), hold_ms=0, expires_ms=900_000,
        )  # fmt: skip
        assert all(decision.ok for decision in decided), decided

    async def apply(self, *ids: int) -> None:
        due = self.database.write(lifecycle.due, now=self.clock.now())
        wanted = [correction.id for correction in due if correction.channel == "shop"]
        await apply(self.context, self.channel_state["shop"], list(ids) or wanted, token=self.token)

    def updates(self) -> list[Correction]:
        found = self.database.read(views.updates)
        return sorted(found, key=lambda correction: correction.id)

    def update(self, correction_id: int) -> Correction:
        return self.database.read(lifecycle.by_id, [correction_id])[0]

    def open_incidents(self) -> list[tuple[str | None, str, str]]:
        found = self.database.read(incidents.open_incidents)
        return [(incident.channel, str(incident.kind), incident.message) for incident in found]

    def disagreements(self) -> list[Disagreement]:
        wanted = DisagreementFilter()
        return self.database.read(views.disagreements, wanted, now=self.clock.now())

    def audit(self, correction_id: int) -> list[str]:
        return [row.step for row in self.database.read(audit.rows, correction_id)]

    def quarantined(self, name: str) -> bool:
        return self.database.read(quarantine.waiting, name) is not None
