"""The rules of events in words of their own, for the machine that holds the store to them.

`Known` is all that a cache holds of first hand: what was reported and what was read. What it
derives from that never looks at what the store has derived, but for the pending sums of targets.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from store.event_kinds import EFFECTS, RETURNS, TAKES
from store.model import ChannelTerms, Component, Millis, Policy, Pool, State, Terms
from store.targets import counted_events
from store.targets.counted_events import Adjustment, OrderEvent
from sync.targets import policy as words
from tests.store.world import MINUTE, channel, terms, warehouse

UNSEEN_AFTER_MS = 60 * MINUTE

Place = tuple[str, str]
LISTED: Mapping[str, tuple[Place, ...]] = {
    "warehouse": (("A", ""), ("B", ""), ("P", "n"), ("P", "s")),
    "shop": (("A", ""), ("KIT", ""), ("P", "all")),
    "market": (("A", ""), ("B", ""), ("P", "n")),
}
KIT = (Component("KIT", "A", 2), Component("KIT", "B", 1))
ROOMS = (Pool("all", ("n", "s")),)
MEMBERS = {("P", "all"): (("P", "n"), ("P", "s"))}


class Setting(NamedTuple):
    """What of the configuration changes."""

    lag_ms: int = 0
    box: int = 1
    """How many pieces one unit of the market holds."""
    has_kit: bool = True
    has_market: bool = True


def made(setting: Setting) -> Terms:
    boxes = (Policy("*", units=setting.box),)
    market = channel("market", policies=boxes, places=("", "n"), states=tuple(State))
    shop = channel("shop", policies=(Policy("*", buffer=1),), places=("", "all"))
    others: list[ChannelTerms] = [shop, market] if setting.has_market else [shop]
    chosen = terms(warehouse(lag_ms=setting.lag_ms, stale_after_ms=60 * MINUTE), *others)
    kit = KIT if setting.has_kit else ()
    return msgspec.structs.replace(
        chosen, bundles=kit, pools=ROOMS, unseen_after_ms=UNSEEN_AFTER_MS
    )


def rows(connection: sqlite3.Connection, query: str) -> list[dict[str, Any]]:
    found = connection.execute(query)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


LISTINGS = """SELECT l.*, i.sku, i.location, c.name FROM listings l
JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id"""
EVENTS = """SELECT e.*, i.sku, i.location, c.name FROM events e
JOIN items i ON i.id = e.item_id JOIN channels c ON c.id = e.channel_id"""
MOVEMENTS = """SELECT v.*, i.sku, i.location FROM movements v JOIN items i ON i.id = v.item_id"""
ITEMS = """SELECT i.*, coalesce(u.own, 0) AS own, coalesce(u.available, 0) AS pending
FROM items i LEFT JOIN unseen_sums u ON u.item_id = i.id"""
WRITES = """SELECT l.item_id, l.channel_id, k.applying_at, coalesce(k.ended_at, k.applying_at)
  AS ended_at, k.to_quantity - k.from_quantity AS added
FROM corrections k JOIN listings l ON l.id = k.listing_id WHERE k.applying_at IS NOT NULL"""
AS_OF = """SELECT min(c.as_of, p.started_at) AS whole FROM channels c
JOIN polls p ON p.id = c.good_poll_id WHERE c.name = 'warehouse'"""


class Known:
    """All that the cache holds of first hand: what was reported and what was read."""

    def __init__(self, connection: sqlite3.Connection, setting: Setting) -> None:
        self.setting = setting
        self.listings = {
            (row["name"], (row["sku"], row["location"])): row for row in rows(connection, LISTINGS)
        }
        self.events = {row["id"]: row for row in rows(connection, EVENTS)}
        self.movements = rows(connection, MOVEMENTS)
        self.writes = rows(connection, WRITES)
        self.items = {(row["sku"], row["location"]): row for row in rows(connection, ITEMS)}
        self.counted = self._count()
        self.whole: Millis = next((row["whole"] for row in rows(connection, AS_OF)), 0)

    def as_of(self, place: Place) -> Millis | None:
        """The as-of of the authority's reading of one place; of a pool, the newest."""
        if place in MEMBERS:
            found = [self.as_of(member) for member in MEMBERS[place]]
            return max((as_of for as_of in found if as_of is not None), default=None)
        listing = self.listings.get(("warehouse", place))
        if listing is None:
            return None
        source_at = listing["source_at"]
        return self.whole if source_at is None else min(source_at, self.whole)

    def is_unseen(self, movement: dict[str, Any]) -> bool:
        """Rule 7, in words."""
        event = self.events[movement["event_row"]]
        as_of = self.as_of((movement["sku"], movement["location"]))
        assert as_of is not None
        lowers = min(movement["available"], movement["on_hand"]) < 0
        if event["name"] == "warehouse":
            return False
        if event["kind"] == "adjusted" and (movement["available"] >= 0 or self._is_echo(event)):
            return False
        if self.counted[event["id"]] == 0 or self._gives_back_unknown(event):
            return False
        at = event["at"]
        if event["order_ref"] is not None:
            same = [row for row in self.events.values() if self._is_alike(event, row)]
            if self._is_told_before(event, same):
                return False
            at = max((row["at"] for row in same if row["name"] == "warehouse"), default=at)
        return bool(at > as_of or (lowers and at > self.whole - self.setting.lag_ms))

    def _is_alike(self, event: dict[str, Any], other: dict[str, Any]) -> bool:
        mine, theirs = ((row["sku"], row["location"]) for row in (event, other))
        near = {mine, *MEMBERS.get(mine, ())}
        near |= {pool for pool, members in MEMBERS.items() if mine in members}
        what = ("order_ref", "kind", "quantity")
        return (
            theirs in near
            and all(event[name] == other[name] for name in what)
            and abs(event["at"] - other["at"]) <= 60 * MINUTE
        )

    def _is_told_before(self, event: dict[str, Any], same: list[dict[str, Any]]) -> bool:
        """Has another channel told of it earlier, line by line?"""
        by_channel: dict[str, list[tuple[int, str]]] = {}
        for row in same:
            by_channel.setdefault(row["name"], []).append((row["at"], row["event_id"]))
        mine = sorted(by_channel.pop(event["name"]))
        line = mine.index((event["at"], event["event_id"])) + 1
        return any(
            len(theirs) >= line and (min(theirs)[0], name) < (mine[0][0], event["name"])
            for name, theirs in by_channel.items()
            if name != "warehouse"
        )

    def _gives_back_unknown(self, event: dict[str, Any]) -> bool:
        """Does it return something of which nothing was taken, as far as was told?"""
        if event["kind"] not in RETURNS:
            return False
        who = (
            ("name", "item_id") if event["order_ref"] is None else ("name", "item_id", "order_ref")
        )
        same = [
            row for row in self.events.values() if all(row[name] == event[name] for name in who)
        ]
        taken = sum(row["quantity"] for row in same if row["kind"] in TAKES)
        if event["order_ref"] is not None:
            return not taken
        me = (event["at"], event["event_id"])
        given_back = sum(
            self.counted[row["id"]]
            for row in same
            if row["kind"] in RETURNS and (row["at"], row["event_id"]) < me
        )
        return bool(event["quantity"] > taken - given_back)

    def _count(self) -> dict[int, int]:
        """How much of each event counts, from all that is known of its order or its listing."""
        counted = {row["id"]: row["quantity"] for row in self.events.values()}
        orders: dict[tuple[int, str], list[OrderEvent]] = {}
        adjustments: dict[tuple[int, int], list[Adjustment]] = {}
        for row in self.events.values():
            listing = (row["item_id"], row["channel_id"])
            if row["order_ref"] is not None and row["kind"] in (*TAKES, *RETURNS):
                event = OrderEvent(
                    row["item_id"], row["order_ref"], row["id"], row["name"], row["event_id"],
                    row["kind"], row["quantity"], row["at"],
                )  # fmt: skip
                orders.setdefault((row["item_id"], row["order_ref"]), []).append(event)
            elif row["kind"] == "adjusted" and not self._is_echo(row):
                change = Adjustment(
                    *listing, row["id"], row["event_id"], row["quantity"], row["at"]
                )
                adjustments.setdefault(listing, []).append(change)
        for order in orders.values():
            counted |= counted_events.of_order(order)
        for listing, changes in adjustments.items():
            writes = [
                write["applying_at"]
                for write in self.writes
                if (write["item_id"], write["channel_id"]) == listing
            ]
            counted |= counted_events.of_adjustments(changes, writes)
        return counted

    def _is_echo(self, event: dict[str, Any]) -> bool:
        return any(
            (write["item_id"], write["channel_id"]) == (event["item_id"], event["channel_id"])
            and write["added"] == event["quantity"]
            and write["applying_at"] - MINUTE <= event["at"] <= write["ended_at"] + MINUTE
            for write in self.writes
        )

    def moves(self, movement: dict[str, Any]) -> int:
        """What the movement should add to what is available, in pieces."""
        event = self.events[movement["event_row"]]
        units = self.setting.box if event["name"] == "market" and self.setting.has_market else 1
        parts = dict(self.parts((event["sku"], event["location"])))
        count = (
            parts[movement["sku"], movement["location"]] if event["sku"] == "KIT" and parts else 1
        )
        counted = self.counted[event["id"]]
        return int(EFFECTS[event["kind"]].available * counted * units * count)

    def truth(self, place: Place) -> words.Truth:
        item = self.items[place]
        parts = self.parts(place)
        if not parts:
            listing = self.listings.get(("warehouse", place))
            there = listing is not None and listing["present"]
            state = listing["state"] if listing is not None and there else None
            figure = listing["available"] if listing is not None and there else None
            return words.Truth(figure, state, pending=item["pending"])
        figures = [(self.items[part], self.truth(part), count) for part, count in parts]
        if place in MEMBERS:
            there_are = [max(0, truth.available + part["own"])
                         for part, truth, _ in figures if truth.available is not None]  # fmt: skip
            return words.Truth(sum(there_are) if there_are else None, pending=item["pending"])
        if any(truth.available is None for _, truth, _ in figures):
            return words.Truth(None, pending=item["pending"])
        least = min(
            max(0, (truth.available or 0) + part["pending"]) // count
            for part, truth, count in figures
        )
        return words.Truth(least, pending=item["pending"])

    def parts(self, place: Place) -> list[tuple[Place, int]]:
        if place in MEMBERS:
            return [(member, 1) for member in MEMBERS[place]]
        if place[0] == "KIT" and self.setting.has_kit:
            return [((component.component, place[1]), component.quantity) for component in KIT]
        return []

    def has_answered(self, place: Place, fell_at: Millis) -> bool:
        sure = fell_at + self.setting.lag_ms
        if self.whole > sure + UNSEEN_AFTER_MS:
            return True
        words_of = [self.as_of(part) for part, _ in self.parts(place)] or [self.as_of(place)]
        return all(as_of is not None and as_of > sure for as_of in words_of)
