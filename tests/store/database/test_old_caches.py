"""A cache of each earlier schema, made by the code of its time, says today what it said then.

`old_caches` has them, with the code that made them and what it answered. There is none of schema 2:
no version whose schema was the second as it was released is left.
"""

import json
import lzma
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins
from sqlite_utils import Database as SqliteUtils

from store.database import schema
from store.database.connection import Database
from store.history.rewind import open_at
from store.queries import status_counts, views
from store.queries.values import DisagreementFilter
from sync.clock import SystemClock
from tests.long_run import first, is_long
from tests.store.database.old_caches import differences, kept, questions
from tests.store.database.old_caches.life import run_command

DAY_MS = 24 * 3_600_000


@pytest.fixture
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What was said of an old cache, which lies in `tmp_path` with its configuration."""
    name = request.param
    said = kept.lay_out(name, tmp_path)
    said["name"] = name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda _: said["now"])
        yield said


def some(count: int, asked: list[Any]) -> list[Any]:
    """All of them in the long run; in the plain one so many, from all over."""
    return asked if is_long() else asked[:: max(1, len(asked) // count)]


def each(count: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("old", first(count, kept.NAMES), indirect=True)


def test_each_schema_has_one() -> None:
    """Whoever adds a migration keeps a cache of the schema before it: `old_caches/make.py`."""
    schemas = {int(name[1:3]) for name in kept.NAMES}

    assert schemas == set(range(1, len(schema.MIGRATIONS))) - {2}


@each(2)
def test_it_becomes_what_a_new_cache_is(old: dict[str, Any], tmp_path: Path) -> None:
    cache, new = tmp_path / "skew.db", tmp_path / "new.db"
    with closing(sqlite3.connect(cache)) as connection:
        assert schema.version(connection) == old["schema"]

    Database.open(new).close()
    Database.open(cache).close()

    with closing(sqlite3.connect(cache)) as migrated, closing(sqlite3.connect(new)) as fresh:
        assert columns(migrated) == columns(fresh)
        assert migrated.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert migrated.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_second_schema_of_its_first_half_hour_is_completed(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "skew.db", isolation_level=None)) as early:
        for migration in schema.MIGRATIONS[:2]:
            migration(SqliteUtils(early))
        early.execute("ALTER TABLE items DROP COLUMN pending_own")
        early.execute("DROP INDEX events_newest")
        early.execute("INSERT INTO items (id, sku) VALUES (1, 'A')")
        early.execute(
            """INSERT INTO channels (id, name, kind, direction, roles, every_ms, stale_after_ms,
              lag_ms, settle_reduce_ms, settle_raise_ms)
            VALUES (1, 'shop', '', '', '', 1, 1, 0, 0, 0)"""
        )
        early.execute(
            """INSERT INTO events (id, channel_id, event_id, kind, item_id, quantity, at,
              received_at, fate) VALUES (1, 1, '1', 'ordered', 1, 2, 5, 5, 'projected')"""
        )
        early.execute(
            "INSERT INTO movements (event_row, item_id, available, on_hand, at) "
            "VALUES (1, 1, -2, 0, 5)"
        )
        early.execute("PRAGMA user_version = 2")

    Database.open(tmp_path / "skew.db").close()

    with closing(sqlite3.connect(tmp_path / "skew.db")) as migrated:
        assert migrated.execute("SELECT own FROM unseen_sums").fetchall() == [(-2,)]
        Database.open(tmp_path / "new.db").close()
        with closing(sqlite3.connect(tmp_path / "new.db")) as fresh:
            found, wanted = columns(migrated), columns(fresh)
    # A column that was added late stands last.
    assert {key: sorted(map(str, value)) if key[0] == "table" else value
            for key, value in found.items() if key != ("table", "items")} == {
        key: sorted(map(str, value)) if key[0] == "table" else value
        for key, value in wanted.items() if key != ("table", "items")
    }  # fmt: skip
    names = {name for _, name, *_ in found["table", "items"]}
    assert names == {name for _, name, *_ in wanted["table", "items"]}


def columns(connection: sqlite3.Connection) -> dict[tuple[str, str], Any]:
    """Every table, view, index and trigger: a table's columns, else its statement."""
    made = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    found = {(kind, name): sql for kind, name, sql in made}
    for kind, name in found:
        if kind == "table":
            found[kind, name] = connection.execute(f"PRAGMA table_xinfo({name})").fetchall()
    return found


@each(1)
def test_the_commands_answer_as_before(old: dict[str, Any], tmp_path: Path) -> None:
    for answer in some(9, old["answers"]):
        arguments = answer["arguments"]
        code, out, err = run_command(tmp_path, *arguments, "--json")
        assert code == answer["code"], f"{arguments}: {err}"
        command = arguments[0] + (" --at" if "--at" in arguments else "")
        found = differences.unexpected(old["schema"], command, answer["out"], json.loads(out))
        assert found == [], arguments


NEWER = (
    "listing_id", "approved_by", "unknown_oversell_units", "ref", "snoozed", "snoozed_or_rejected",
    "ignored",
)  # fmt: skip
"""What older versions numbered in another way, or did not say."""

OF_DISAGREEMENTS = ("severity", "rejected_id", "rejected_by", "snoozed_until")
"""What a person has decided is a severity of its own since schema 24."""

NONE_THEN = (
    "until", "reverts", "ignored_rule", "ignored_by", "ignored_why", "ignored_until",
)  # fmt: skip
"""What may be said since schema 23, 24 or 25: of none of these it is."""


def same(said: Any) -> Any:
    """What was said, without the ids of listings, which schema 21 numbered anew.

    Accounts and readings stand in the order of the channels since; before, in that in which the
    listings had come into the cache.
    """
    if isinstance(said, list):
        return [same(part) for part in said]
    if not isinstance(said, dict):
        return said
    place = itemgetter("location", "channel")
    found = {
        name: same(value)
        for name, value in said.items()
        if name not in NEWER
        and not (name in NONE_THEN and value is None)
        and not (name in OF_DISAGREEMENTS and "first_seen_at" in said)
    }
    if "snoozed" in said and "pending" in said:
        found["pending"] -= said["snoozed"]  # Which it did not count before.
    # What a person has decided on stands below the rest since schema 24: the same, but in another
    # order.
    if isinstance(found.get("ids"), dict):
        found["ids"] = {order: sorted(ids) for order, ids in found["ids"].items()}
    if isinstance(found.get("live"), list):
        found["live"].sort()
    if isinstance(found.get("rows"), list):
        found["rows"].sort(key=itemgetter("id"))
    for name in ("conservation", "cells"):
        if isinstance(found.get(name), list):
            found[name].sort(key=place)
    return found


def past(name: str) -> list[bytes]:
    path = kept.FOLDER / f"{name}.past.xz"
    return lzma.decompress(path.read_bytes()).splitlines() if path.exists() else []


@pytest.mark.long
@each(2)
def test_the_past_is_replayed_as_before(old: dict[str, Any], tmp_path: Path) -> None:
    Database.open(tmp_path / "skew.db").close()
    with open_at(tmp_path / "skew.db", old["now"]) as then:
        for line in past(old["name"]):
            moment = json.loads(line)
            then.rewind(moment["at"])
            found = questions.all_asked(then, moment["at"])
            assert same(found) == same(moment["answers"]), moment["at"]


@each(1)
def test_the_past_leads_up_to_the_present(old: dict[str, Any], tmp_path: Path) -> None:
    """Of a shop with bundles, pools and events, too, which are derived anew for each instant."""
    now = old["now"]
    everything = DisagreementFilter()
    with Database.open(tmp_path / "skew.db") as live:
        shown = live.read(views.disagreements, everything, now=now)
        counted = live.read(status_counts.status, now=now).overview
    with open_at(tmp_path / "skew.db", now) as then:
        for days in (0, 1, 2, 3, 0):
            at = now - days * DAY_MS
            then.rewind(at)
            known = then.read(views.disagreements, everything, now=at)
            overview = then.read(status_counts.status, now=at).overview
            assert overview.open + overview.settling + overview.unknown == len(known)
        assert same(to_builtins(known)) == same(to_builtins(shown))
        names = ("open", "settling", "unknown", "oversell_units", "undersell_units")
        assert [getattr(overview, name) for name in names] == [
            getattr(counted, name) for name in names
        ]


@each(1)
def test_accounts_facts_and_audits_are_as_before(old: dict[str, Any], tmp_path: Path) -> None:
    if not old["depths"]:
        return
    found = questions.of_the_store(tmp_path / "skew.db", old["now"])
    for what in (found, old["depths"]):
        for accounts in what["balances"].values():
            accounts.sort(key=itemgetter("location", "channel"))
    assert same(found) == same(old["depths"])
