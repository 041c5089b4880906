"""Whatever comes in whatever order, what is derived is what the rules say of what is known.

The machine drives a warehouse, a shop and a market through polls, quarantines, failures, events,
corrections, restarts and changes of the configuration. After each act it finds by rules
of its own what is unseen, what each channel should show, what may be raised and what is explained.
"""

import sqlite3
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from store.accounts import balance
from store.corrections import decisions, lifecycle, propose
from store.corrections.guards import obstacles
from store.database import lease
from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.model import Correction, CorrectionStatus, Millis, Record, Refused
from store.polling import events, merge, quarantine
from store.polling.comparison import Comparison
from store.polling.events import EventBatch, EventOrigin
from sync.targets import policy as words
from tests.long_run import examples
from tests.store.drawn_events import AGES, CHANNELS, MOVES, REPORTED, SECOND, SPANS
from tests.store.event_model import LISTED, MEMBERS, Known, Place, Setting, made
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, World


class Fall(NamedTuple):
    """What the machine has seen of one listing."""

    shown: int
    fell_at: Millis | None = None


class Events(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.setting = Setting()
        self.reported: dict[tuple[str, str], Event] = {}
        self.falls: dict[tuple[str, Place], Fall] = {}
        self.figures = {name: [9] * len(places) for name, places in LISTED.items()}
        self.aside: dict[str, tuple[list[Record], Millis]] = {}
        self.newest_correction = 0
        self.open()

    def open(self) -> None:
        self.database = Database.open(Path(self.folder.name) / "skew.db").__enter__()
        self.w = World(self.database, Comparison(made(self.setting)))

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    @initialize(lag_ms=strategies.sampled_from((0, 90 * SECOND)))
    def begin(self, lag_ms: int) -> None:
        self.change(Setting(lag_ms))
        for name in LISTED:
            self.poll(name, None, 0, None, None, None)

    # What a channel says.

    def records(
        self, name: str, moved: tuple[int, int] | None, source_ms: int | None
    ) -> list[Record]:
        figures = self.figures[name]
        if moved is not None:
            figures[moved[0] % len(figures)] = moved[1]
        at = None if source_ms is None else self.w.now - source_ms
        return [
            Record(sku, figure, place, state="active", source_at=at)
            for (sku, place), figure in zip(LISTED[name], figures, strict=True)
        ]

    @rule(
        name=CHANNELS, moved=MOVES, odd=strategies.integers(0, 9),
        file_ms=AGES, source_ms=AGES, reported=strategies.none() | REPORTED,
    )  # fmt: skip
    def poll(
        self, name: str, moved: tuple[int, int] | None, odd: int, file_ms: int | None,
        source_ms: int | None, reported: Any,
    ) -> None:  # fmt: skip
        if name == "market" and not self.setting.has_market:
            return
        if name != "warehouse" or self.has_orders():
            file_ms = source_ms = None
        records = self.records(name, moved, source_ms)
        refused: list[Refused] = []
        if odd == 1:
            records.pop()
        elif odd == 2:
            records.append(records[0])
        elif odd == 3:
            gone = records.pop()
            refused = [Refused("row 9", "no number", gone.sku, gone.location)]
        event_batch = self.event_batch(reported, name)
        sweep = self.w.sweep(name, records, refused=refused)
        self.database.write(
            merge.merge, sweep, self.w.comparison, now=self.w.now, event_batch=event_batch,
            as_of=None if file_ms is None else self.w.now - file_ms,
        )  # fmt: skip
        self.aside.pop(name, None)
        self.saw(name, records, self.w.now)

    @rule(name=CHANNELS, moved=MOVES, reported=strategies.none() | REPORTED)
    def quarantine_poll(self, name: str, moved: tuple[int, int] | None, reported: Any) -> None:
        """A quarantined poll; its events have happened all the same."""
        if name == "market" and not self.setting.has_market:
            return
        records = self.records(name, moved, None)
        event_batch = self.event_batch(reported, name)
        sweep = self.w.sweep(name, records)
        self.database.write(quarantine.quarantine_poll, sweep, "odd", now=self.w.now, as_of=None)
        self.aside[name] = (records, self.w.now)
        if event_batch is not None:
            self.database.write(
                events.record_batch_alone, name, event_batch, self.w.comparison, now=self.w.now
            )

    @rule(name=CHANNELS, span=SPANS)
    def accept(self, name: str, span: int) -> None:
        if name not in self.aside or (name == "market" and not self.setting.has_market):
            return
        self.w.now += span
        self.database.write(quarantine.accept, name, self.w.comparison, who="ana", now=self.w.now)
        self.saw(name, *self.aside.pop(name))

    @rule(name=CHANNELS)
    def fail(self, name: str) -> None:
        if name == "market" and not self.setting.has_market:
            return
        self.database.write(merge.fail, self.w.sweep(name), "no answer", now=self.w.now)

    @rule(reported=strategies.lists(REPORTED, min_size=1, max_size=3), span=SPANS)
    def report_events(self, reported: list[Any], span: int) -> None:
        """Events by themselves, of any channels, as from a file."""
        self.w.now += span
        batch = [(move[0], self.event(move)) for move in reported]
        batch = [entry for entry in batch if self.setting.has_market or entry[0] != "market"]
        self.database.write(events.record_each, batch, self.w.comparison, now=self.w.now)
        for name, event in batch:
            self.reported.setdefault((name, event.id), event)

    # What is decided.

    @rule(pick=strategies.integers(0, 20), echoes=strategies.booleans())
    def correct(self, pick: int, echoes: bool) -> None:  # noqa: FBT001 - drawn by hypothesis.
        """Approve one of the proposals, write it, read it back."""
        waiting = [
            correction
            for correction in self.w.updates()
            if correction.status is CorrectionStatus.PROPOSED
        ]
        if not waiting:
            return
        correction = waiting[pick % len(waiting)]
        if self.database.read(obstacles.of, correction, now=self.w.now):
            return
        self.database.write(
            decisions.approve, [(correction.id, None)], who="ana", now=self.w.now, hold_ms=0,
            expires_ms=MINUTE,
        )  # fmt: skip
        self.database.write(
            lease.acquire, holder="e", token="e", now=self.w.now, span_ms=10 * MINUTE
        )
        moved = self.database.write(
            lifecycle.begin_applying, [correction.id], token="e", now=self.w.now
        )
        assert moved == []
        self.w.now += SECOND
        quantity, state = correction.to_quantity or 0, correction.to_state
        shown = Record(correction.sku, quantity, correction.location, state=state)
        self.database.write(
            merge.record_fresh, correction.channel, [shown], (),
            [(correction.sku, correction.location)], self.w.comparison, now=self.w.now, own=True,
        )  # fmt: skip
        self.database.write(
            lifecycle.finish, correction.id, CorrectionStatus.VERIFIED, now=self.w.now,
            result="shown",
        )  # fmt: skip
        place = (correction.sku, correction.location)
        before = self.falls[correction.channel, place]
        self.falls[correction.channel, place] = Fall(correction.to_quantity or 0, before.fell_at)
        self.figures[correction.channel][LISTED[correction.channel].index(place)] = (
            correction.to_quantity or 0
        )
        added = (correction.to_quantity or 0) - (correction.from_quantity or 0)
        if echoes and added:
            self.adjusted(correction, f"echo {correction.id}", added)
        elif not echoes:
            self.adjusted(correction, f"broken {correction.id}", -100)

    def adjusted(self, correction: Correction, name: str, quantity: int) -> None:
        event = Event(
            name, EventKind.ADJUSTED, correction.sku, quantity, self.w.now, correction.location
        )
        source = EventOrigin(correction.channel, self.w.now)
        self.database.write(record_events, source, [event], self.w.comparison)
        self.reported[correction.channel, name] = event

    @rule(minutes=strategies.sampled_from((1, 6, 70)))
    def wait(self, minutes: int) -> None:
        self.w.now += minutes * MINUTE
        self.database.write(propose.propose, now=self.w.now)

    @rule()
    def restart(self) -> None:
        self.database.close()
        now = self.w.now
        self.open()
        self.w.now = now

    @rule(lag_ms=strategies.sampled_from((0, 90 * SECOND)))
    def lag(self, lag_ms: int) -> None:
        if not self.has_orders():
            self.change(self.setting._replace(lag_ms=lag_ms))

    @rule(box=strategies.sampled_from((1, 2)))
    def repack(self, box: int) -> None:
        self.change(self.setting._replace(box=box))

    @rule()
    def unbundle(self) -> None:
        self.change(self.setting._replace(has_kit=not self.setting.has_kit))

    @rule()
    def remove_or_add(self) -> None:
        self.change(self.setting._replace(has_market=not self.setting.has_market))

    def change(self, setting: Setting) -> None:
        was, self.setting = self.setting, setting
        was_unseen = {row["event_row"] for row in self.known().movements if row["unseen"]}
        self.w.reconfigure(made(setting))
        if was._replace(lag_ms=0) == setting._replace(lag_ms=0):
            return  # What a longer lag makes unseen again keeps the pieces that it had.
        known = self.known()
        unseen = [row for row in known.movements if row["event_row"] in was_unseen]
        assert [row["available"] for row in unseen] == [known.moves(row) for row in unseen]

    # What holds.

    @invariant()
    def no_event_is_lost_or_counted_twice(self) -> None:
        known = self.known()
        found = {(row["name"], row["event_id"]): row for row in known.events.values()}
        assert found.keys() == self.reported.keys()
        for key, event in self.reported.items():
            assert (found[key]["quantity"], found[key]["at"]) == (event.quantity, event.at)
        assert len(known.events) == len(self.reported)

    @invariant()
    def what_is_pending_is_what_is_unseen(self) -> None:
        known = self.known()
        own: dict[Place, int] = dict.fromkeys(known.items, 0)
        lowers: dict[Place, int] = dict.fromkeys(known.items, 0)
        for movement in known.movements:
            place = (movement["sku"], movement["location"])
            if known.as_of(place) is None:
                continue
            event = known.events[movement["event_row"]]
            assert event["counted"] == known.counted[event["id"]]
            unseen = known.is_unseen(movement)
            assert bool(movement["unseen"]) is unseen, (movement, known.events)
            if unseen:
                own[place] += movement["available"]
                lowers[place] += min(0, movement["available"])
        for place, item in known.items.items():
            if known.as_of(place) is None:
                continue
            pools = [pool for pool, members in MEMBERS.items() if place in members]
            assert item["own"] == own[place]
            assert item["pending"] == own[place] + sum(lowers[pool] for pool in pools)

    @invariant()
    def each_target_is_the_policys(self) -> None:
        known = self.known()
        channels = {channel.name: channel for channel in self.w.comparison.terms.channels}
        for (name, place), listing in known.listings.items():
            channel = channels.get(name)
            if channel is None or name == "warehouse":
                assert listing["target_quantity"] is None
                continue
            truth = known.truth(place)
            assert listing["target_quantity"] == words.target_quantity(
                truth, words.policy_for(place[0], channel.policies), channel.hides
            ), (name, place)

    @invariant()
    def a_disagreement_stands_where_and_while_a_reading_differs(self) -> None:
        def ask(connection: sqlite3.Connection) -> set[int]:
            found = connection.execute(
                """SELECT listing_id FROM open_disagreements
                WHERE kind IN ('quantity', 'negative')"""
            )
            return {row[0] for row in found}

        configured = {channel.name for channel in self.w.comparison.terms.channels}
        differs = {
            row["id"]
            for (name, _), row in self.known().listings.items()
            if name in configured and row["present"] and row["copies"] == 1
            and (row["available"] or 0) != row["target_quantity"]
            and (row["target_quantity"] is not None or (row["available"] or 0) < 0)
        }  # fmt: skip
        assert self.database.read(ask) == differs

    @invariant()
    def nothing_is_raised_on_a_reading_from_before_the_fall(self) -> None:
        known = self.known()
        for correction in self.w.updates():
            live = correction.status in (CorrectionStatus.PROPOSED, CorrectionStatus.APPROVED)
            if not live or (correction.to_quantity or 0) <= (correction.from_quantity or 0):
                continue
            place = (correction.sku, correction.location)
            fell_at = self.falls[correction.channel, place].fell_at
            if fell_at is None or known.has_answered(place, fell_at):
                continue
            assert correction.id <= self.newest_correction, (correction, fell_at)
            assert self.database.read(obstacles.of, correction, now=self.w.now)
        self.newest_correction = max((correction.id for correction in self.w.updates()), default=0)

    @invariant()
    def the_accounts_balance(self) -> None:
        kept = {key: row["known"] for key, row in self.known().listings.items()}
        unexplained: dict[str, int] = dict.fromkeys(LISTED, 0)
        for sku in ("A", "B", "KIT", "P"):
            for account in self.database.read(balance.balances, sku):
                assert (
                    kept[account.channel, (sku, account.location)]
                    == account.events + account.corrections
                )
                unexplained[account.channel] += abs(account.unexplained)

        def ask(connection: sqlite3.Connection) -> dict[str, int]:
            return dict(connection.execute("SELECT name, unexplained FROM channels").fetchall())

        assert self.database.read(ask) == unexplained

    # The machine's own arithmetic.

    def known(self) -> Known:
        return self.database.read(Known, self.setting)

    def has_orders(self) -> bool:
        """Whether the warehouse has reported orders.

        What other channels reported of those long before is not looked at again where its readings
        go back in time, or its lag grows.
        """
        return any(
            name == "warehouse" and event.order for (name, _), event in self.reported.items()
        )

    def saw(self, name: str, records: list[Record], at: Millis) -> None:
        for record in records:
            place = (record.sku, record.location)
            if sum((record.sku, record.location) == place for record in records) > 1:
                continue
            shown = record.available or 0
            before = self.falls.get((name, place), Fall(shown))
            fell = shown < before.shown
            self.falls[name, place] = Fall(shown, at if fell else before.fell_at)

    def event(self, drawn: Any) -> Event:
        name, number, kind, which, quantity, ago_s, order = drawn
        sku, place = LISTED[name][which]
        if kind is EventKind.ADJUSTED:
            quantity = quantity * 100 if ago_s % 2 else -quantity * 100
        return Event(str(number), kind, sku, quantity, self.w.now + ago_s * SECOND, place, order)

    def event_batch(self, drawn: Any, name: str) -> EventBatch | None:
        if drawn is None:
            return None
        event = self.event((name, *drawn[1:]))
        self.reported.setdefault((name, event.id), event)
        return EventBatch((event,), cursor=event.id)


TestEvents = Events.TestCase
TestEvents.settings = settings(max_examples=examples(50), stateful_step_count=25)
