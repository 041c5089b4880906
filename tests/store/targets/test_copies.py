"""A SKU that stands several times on a channel: every number is known, and none is sold twice."""

import json
from pathlib import Path

import pytest

from store.model import Record, Refused
from store.polling import quarantine
from store.polling.preview.quarantine_preview import preview_accepting
from store.queries.ranking import grouped, total_of
from store.queries.ranking_values import GroupBy, Severity, Side
from store.queries.values import DisagreementFilter
from store.reasons import Reason
from tests.store.world import World, channel, stock, world


def twice(sku: str, *numbers: int, price: int | None = None) -> list[Record]:
    return [
        Record(sku, number, state="active", ref=f"id{place}", price_minor=price)
        for place, number in enumerate(numbers)
    ]


def together(sku: str, *numbers: int) -> Record:
    """What the edge makes of several listings on purpose."""
    shown = [
        [f"id{place}", number, "active", None, None, None, None]
        for place, number in enumerate(numbers)
    ]
    ref = "\x1e".join(f"id{place}" for place in range(len(numbers)))
    return Record(sku, max(numbers), state="active", ref=ref, twins=json.dumps(shown))


def numbers_of(w: World) -> list[int]:
    return [shown[1] for shown in json.loads(w.only().twins or "[]")]


def test_a_duplicate_shows_every_number_and_counts_what_is_too_much(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=2))
        w.poll("shop", twice("A", 9, 5, 1, price=100))

        found = w.only()
        assert (found.kind, found.delta, found.available) == ("duplicate", None, 9)
        assert numbers_of(w) == [9, 5, 1]
        assert (found.oversell_units, found.undersell_units) == (10, 0)
        assert (found.money_at_risk, found.severity) == (10.0, Severity.OVERSELL)
        assert w.updates() == []
        overview = w.overview()
        assert (overview.oversell, overview.oversell_units) == (1, 10)
        assert overview.oversell_money == 10.0
        assert w.diff(side=Side.OVERSELL) == [found]
        assert w.diff(units_min=9) == [found]
        groups = w.database.read(grouped, DisagreementFilter(), GroupBy.CHANNEL, now=w.now)
        assert [total_of(total).oversell_units for total in groups.totals] == [10]


@pytest.mark.parametrize("before", [[9], [5], [5, 9]], ids=["the first", "the second", "both"])
def test_a_number_is_known_whether_or_not_it_was_there_before(
    tmp_path: Path, before: list[int]
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=2))
        w.poll("shop", twice("A", *before))
        w.poll("shop", twice("A", 9, 5))
        assert sorted(numbers_of(w)) == [5, 9]
        w.poll("shop", twice("A", 9, 5))
        assert sorted(numbers_of(w)) == [5, 9]
        assert w.only().oversell_units == 10

        w.poll("shop", twice("A", 9, 2))
        assert sorted(numbers_of(w)) == [2, 9]
        assert w.only().oversell_units == 7


def test_a_duplicate_that_ends_leaves_its_numbers_behind(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=2))
        w.poll("shop", twice("A", 9, 5))
        w.poll("shop", twice("A", 9))
        found = w.only()
        assert (found.kind, found.twins, found.oversell_units) == ("quantity", None, 7)


def test_one_that_agrees_with_the_target_is_still_there_twice(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=2))
        w.poll("shop", twice("A", 2, 2))
        found = w.only()
        assert (found.kind, found.oversell_units, found.severity) == (
            *("duplicate", 0),
            Severity.LISTING,
        )


def test_a_duplicate_in_quarantine_keeps_its_numbers_when_it_is_accepted(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=2))
        w.poll("shop", twice("A", 9))
        sweep = w.sweep("shop", twice("A", 9, 5))
        w.database.write(quarantine.quarantine_poll, sweep, "implausible", now=w.now, as_of=None)
        assert w.database.read(preview_accepting, "shop", w.comparison) is not None
        w.database.write(quarantine.accept, "shop", w.comparison, who="ana", now=w.now)
        assert sorted(numbers_of(w)) == [5, 9]


def test_several_on_purpose_agree_only_where_each_shows_the_target(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=2))
        w.poll("shop", [together("A", 2, 2)])
        assert w.diff() == []

        w.poll("shop", [together("A", 9, 5)])
        found = w.only()
        assert (found.kind, found.available, found.delta) == ("quantity", 9, -7)
        assert (found.oversell_units, found.undersell_units) == (10, 0)
        (update,) = [update for update in w.updates() if update.status == "proposed"]
        assert (update.from_quantity, update.to_quantity, update.units) == (9, 2, -14)


def test_a_lower_one_is_raised_only_after_a_second_reading(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=2))
        w.poll("shop", [together("A", 2, 2)])
        w.poll("shop", [together("A", 2, 1)])
        found = w.only()
        assert (found.available, found.delta, found.oversell_units) == (1, 1, 0)
        assert found.reason is Reason.AUTHORITY_BEHIND
        assert w.updates() == []

        w.poll("warehouse", stock(A=2, B=1))
        w.poll("shop", [together("A", 2, 1), *stock(B=1)])
        (update,) = w.updates()
        assert (update.from_quantity, update.to_quantity, update.units) == (1, 2, 1)

        w.poll("shop", [together("A", 1, 1), *stock(B=1)])
        assert [update.status for update in w.updates()] == ["proposed"]
        assert w.only().reason is Reason.AUTHORITY_BEHIND


def test_an_update_is_void_once_the_number_that_it_rests_on_moves(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=5))
        w.twice("shop", [together("A", 9, 9)])
        w.poll("shop", [together("A", 8, 9)])
        assert [update.status for update in w.updates()] == ["proposed"]
        w.poll("shop", [together("A", 8, 8)])
        assert [update.status for update in w.updates()] == ["proposed", "superseded"]


def test_what_stood_twice_and_is_gone_keeps_no_numbers_of_its_copies(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=1))
        w.poll("shop", stock(A=4, B=1))
        w.poll("shop", [*twice("A", 9, 4), *stock(B=1)])
        w.poll("shop", stock(B=1))
        assert w.rows("SELECT twins, copies FROM listings WHERE present = 0") == [(None, 1)]


def test_what_stood_twice_and_can_not_be_read_keeps_no_numbers_of_its_copies(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=1))
        w.poll("shop", stock(A=4, B=1))
        w.poll("shop", [*twice("A", 9, 7), *stock(B=1)])
        w.poll("shop", stock(B=1), refused=[Refused("line 3", "is no number", "A")])
        assert w.rows(
            "SELECT twins, copies, available FROM listings WHERE problem IS NOT NULL"
        ) == [(None, 1, 4)]
