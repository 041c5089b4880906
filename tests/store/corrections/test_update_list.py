"""The list of all corrections: which, in what order, and what it costs."""

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from store.corrections import update_list
from store.corrections.update_list import (
    STATUSES,
    UpdateFilter,
    UpdateGroup,
    UpdateList,
    UpdateSort,
)
from store.model import LIVE_CORRECTIONS, CorrectionStatus
from store.queries import views
from tests.store.world import World, channel, record, world

Status = CorrectionStatus
ROOM = 1.5
"""Trees are deeper where there is more."""


def kept(w: World, *, sku: str, channel: str = "shop", status: Status, **facts: object) -> int:
    """A correction as a long history has it; answers its id."""
    row = {"from_quantity": 9, "to_quantity": 4, "price_minor": 100, "proposed_at": w.now} | facts
    row |= {"status": str(status), "live": int(status in LIVE_CORRECTIONS)}

    def put(connection: sqlite3.Connection) -> int:
        (listing_id,) = connection.execute(
            """SELECT l.id FROM listings l JOIN items i ON i.id = l.item_id
            JOIN channels c ON c.id = l.channel_id WHERE i.sku = ? AND c.name = ?""",
            (sku, channel),
        ).fetchone()
        cursor = connection.execute(
            f"""INSERT INTO corrections (listing_id, {", ".join(row)})
            VALUES (?, {", ".join("?" * len(row))})""",
            (listing_id, *row.values()),
        )
        return int(cursor.lastrowid or 0)

    return w.database.write(put)


def changed(w: World, number: int, facts: dict[str, object]) -> None:
    """Give a correction these facts."""
    sets = ", ".join(f"{name} = :{name}" for name in facts)
    query = f"UPDATE corrections SET {sets} WHERE id = :id"
    w.database.write(lambda connection: connection.execute(query, facts | {"id": number}))


def lengthen(w: World, statuses: Sequence[Status]) -> None:
    """Add ended corrections of the lamp's, in one transaction."""
    w.database.write(
        lambda connection: connection.executemany(
            """INSERT INTO corrections (listing_id, from_quantity, to_quantity, price_minor,
                proposed_at, ended_at, live, status)
            SELECT listing_id, from_quantity, to_quantity, price_minor, proposed_at, 1, 0, ?
            FROM corrections WHERE id = 1""",
            [(str(status),) for status in statuses],
        )
    )


def find(w: World, sort: UpdateSort = UpdateSort.MONEY, **wanted: object) -> UpdateList:
    return w.database.read(update_list.find, UpdateFilter(**wanted), sort=sort)  # type: ignore[arg-type]


def listed(w: World, sort: UpdateSort = UpdateSort.NEWEST, **wanted: Any) -> list[int]:
    return list(find(w, sort, **wanted).ids)


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        for name in ("shop", "market"):
            w.poll(name, [record("LAMP", 9, title="Lamp, walnut"), record("KETTLE", 9)])
        kept(w, sku="LAMP", status=Status.VERIFIED, decided_by="ana", ended_at=50)
        kept(w, sku="KETTLE", status=Status.FAILED, decided_by="ben", ended_at=90, to_quantity=8)
        kept(w, sku="LAMP", channel="market", status=Status.UNKNOWN, decided_by="ben",
             second_by="ana", ended_at=70, price_minor=None)  # fmt: skip
        kept(w, sku="LAMP", status=Status.APPROVED, decided_by="rule", to_quantity=0)
        kept(w, sku="KETTLE", channel="market", status=Status.PROPOSED)
        yield w


def test_each_group_lists_its_own_and_all_lists_every_one(w: World) -> None:
    assert [listed(w, statuses=STATUSES[group]) for group in UpdateGroup] == [
        [5, 4], [3, 2], [1], [5, 4, 3, 2, 1],
    ]  # fmt: skip


def test_every_status_is_in_one_group_besides_all() -> None:
    parts = [STATUSES[group] for group in UpdateGroup if group is not UpdateGroup.ALL]
    assert sorted(itertools.chain(*parts)) == sorted(CorrectionStatus)


def test_one_status_alone_can_be_asked_for(w: World) -> None:
    assert listed(w, statuses=(Status.UNKNOWN,)) == [3]


def test_the_dearest_come_first_and_those_without_a_price_last(w: World) -> None:
    assert listed(w, UpdateSort.MONEY) == [4, 5, 1, 2, 3]


def test_what_ended_last_comes_first_and_what_has_not_ended_last(w: World) -> None:
    assert listed(w, UpdateSort.ENDED) == [2, 3, 1, 5, 4]


def test_by_channel_they_go_by_sku_within_each(w: World) -> None:
    ended = STATUSES[UpdateGroup.FAILED] + STATUSES[UpdateGroup.DONE]
    assert listed(w, UpdateSort.CHANNEL, statuses=ended) == [3, 2, 1]
    assert listed(w, UpdateSort.CHANNEL) == [5, 4, 3, 2, 1], "what is open stands first"


@pytest.mark.parametrize("sort", [UpdateSort.MONEY, UpdateSort.NEWEST, UpdateSort.CHANNEL])
@pytest.mark.parametrize("backwards", [False, True])
def test_what_was_snoozed_or_rejected_stands_below_what_is_open(
    w: World, sort: UpdateSort, *, backwards: bool
) -> None:
    w.database.write(
        lambda c: c.execute(
            "UPDATE corrections SET status = 'snoozed', price_minor = 1 WHERE id = 5"
        )
    )
    w.database.write(lambda c: c.execute("UPDATE corrections SET status = 'rejected' WHERE id = 1"))
    found = w.database.read(update_list.find, UpdateFilter(), sort=sort, backwards=backwards)
    assert found.ids[0] == 4
    assert list(w.database.read(views.update_ids)) == [4, 5]


@pytest.mark.parametrize(
    ("worth_5", "ids"),
    [
        ({}, [5, 4]),
        ({"price_minor": 101}, [5, 4]),
        ({"price_minor": 99}, [4, 5]),
        ({"price_minor": None}, [5, 4]),
        ({"price_minor": (1 << 63) - 1}, [5, 4]),
        ({"price_minor": None, "status": "snoozed"}, [4, 5]),
    ],
)
def test_what_waits_goes_by_money_at_stake_and_what_has_no_price_is_first(
    w: World, worth_5: dict[str, object], ids: list[int]
) -> None:
    alike = {"from_quantity": 9, "to_quantity": 4, "price_minor": 100}
    for number, more in ((4, {}), (5, worth_5)):
        changed(w, number, {**alike, **more})

    assert list(w.database.read(views.update_ids)) == ids


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"channels": ("market",)}, [5, 3]),
        ({"skus": ("KETTLE",)}, [5, 2]),
        ({"text": "walnut"}, [4, 3, 1]),
        ({"text": "ettl"}, [5, 2]),
        ({"people": ("ana",)}, [3, 1]),
        ({"people": ("rule", "ben")}, [4, 3, 2]),
        ({"people": ("ben",), "channels": ("market",), "text": "LAMP"}, [3]),
        ({"text": "no such"}, []),
    ],
)
def test_a_filter_narrows_the_list(w: World, wanted: dict[str, Any], ids: list[int]) -> None:
    assert listed(w, **wanted) == ids


def test_a_sku_that_is_named_still_goes_by_status(w: World) -> None:
    assert listed(w, skus=("LAMP",), statuses=STATUSES[UpdateGroup.FAILED]) == [3]


def test_what_lies_beyond_the_newest_is_announced_and_found_by_its_sku(
    w: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update_list, "LOOKED_AT_MAX", 2)
    newest = find(w, UpdateSort.NEWEST)
    failed = find(w, UpdateSort.NEWEST, statuses=STATUSES[UpdateGroup.FAILED])
    named = find(w, UpdateSort.NEWEST, skus=("LAMP",))

    assert (list(newest.ids), newest.older) == ([5, 4], True)
    assert (list(failed.ids), failed.older) == ([3, 2], False)
    assert (list(named.ids), named.older) == ([4, 3, 1], False)


def test_the_open_ones_are_all_listed_however_many(
    w: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update_list, "LOOKED_AT_MAX", 1)
    found = find(w, statuses=STATUSES[UpdateGroup.OPEN])
    assert (list(found.ids), found.older) == ([4, 5], False)


LISTS: Sequence[dict[str, object]] = (
    {"statuses": STATUSES[UpdateGroup.OPEN]},
    {"statuses": STATUSES[UpdateGroup.FAILED]},
    {"statuses": STATUSES[UpdateGroup.DONE]},
    {},
    {"text": "LAMP"},
    {"channels": ("shop",)},
    {"people": ("ana",)},
    {"skus": ("KETTLE",)},
)


@pytest.mark.long
@pytest.mark.parametrize("sort", list(UpdateSort))
@pytest.mark.parametrize("wanted", LISTS, ids=str)
def test_a_list_costs_the_same_however_long_the_history_is(
    w: World, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, object], sort: UpdateSort
) -> None:
    monkeypatch.setattr(update_list, "LOOKED_AT_MAX", 20)
    ended = (Status.VERIFIED, Status.REJECTED, Status.FAILED, Status.SUPERSEDED)
    lengthen(w, ended * 30)
    short = steps(w, sort, wanted)
    lengthen(w, ended * 400)

    assert steps(w, sort, wanted) < short * ROOM


def steps(w: World, sort: UpdateSort, wanted: dict[str, object]) -> int:
    """How much SQLite's machine does for a list."""
    count = itertools.count()

    def watched(connection: sqlite3.Connection) -> None:
        connection.set_progress_handler(lambda: 0 * next(count), 10)
        update_list.find(connection, UpdateFilter(**wanted), sort=sort)  # type: ignore[arg-type]
        connection.set_progress_handler(None, 0)

    w.database.read(watched)
    return next(count)
