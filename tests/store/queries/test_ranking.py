"""What stands first, and what it comes to in groups: on the real comparison, in a real cache."""

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from store.model import Record
from store.queries import ranking
from store.queries.counted_groups import GroupReasons
from store.queries.ranking_values import GroupBy, Grouped, GroupTotal, RankingHints, Severity, Side
from store.queries.sql import severity_sql
from store.queries.sql.severity_sql import ORDERS, held
from store.queries.values import DisagreementFilter, Sort
from tests.store.world import MINUTE, World, channel, record, world


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, channel("shop"), channel("market")) as made:
        yield made


def hints(w: World, *causes: tuple[str, str]) -> RankingHints:
    return RankingHints(w.database.read(severity_sql.typical_prices), causes)


def ranked(w: World, sort: Sort = Sort.RISK, **wanted: object) -> list[str]:
    """SKUs in order."""
    return [sku for sku, _ in severities(w, sort, **wanted)]


def severities(w: World, sort: Sort = Sort.RISK, **wanted: object) -> list[tuple[str, Severity]]:
    chosen = DisagreementFilter(**wanted)  # type: ignore[arg-type]
    found = w.database.read(ranking.ranked, chosen, now=w.now, sort=sort, hints=hints(w))
    names = dict(
        w.rows("SELECT d.id, i.sku FROM open_disagreements d JOIN items i ON i.id = d.item_id")
    )
    return [
        (names[disagreement_id], Severity(severity))
        for disagreement_id, severity in zip(found.ids, found.severities, strict=True)
    ]


def totals(
    w: World, by: GroupBy, sort: Sort = Sort.RISK, *causes: tuple[str, str]
) -> list[GroupTotal]:
    found: Grouped = w.database.read(
        ranking.grouped, DisagreementFilter(), by, now=w.now, sort=sort, hints=hints(w, *causes)
    )
    return [ranking.total_of(row) for row in found.totals]


def priced(sku: str, available: int, price: int | None, **more: object) -> Record:
    return record(sku, available, price_minor=price, state="active", **more)


def test_what_has_no_price_is_ranked_at_the_typical_price_of_its_channel(w: World) -> None:
    stock = {"CHEAP": 10, "DEAR": 10, "MIDDLE": 10, "NONE": 500, "FEW": 1}
    prices = {"CHEAP": 10, "DEAR": 90_000, "MIDDLE": 300, "NONE": None, "FEW": None}
    w.poll("warehouse", [priced(sku, n, None) for sku, n in stock.items()])
    w.poll("shop", [priced(sku, 2 * n, prices[sku]) for sku, n in stock.items()])

    assert w.database.read(severity_sql.typical_prices) == {2: 300, 0: 300}
    # 10 × 900.00, then about 500 × 3.00, 10 × 3.00, about 1 × 3.00, and 10 × 0.10.
    assert ranked(w) == ["DEAR", "NONE", "MIDDLE", "FEW", "CHEAP"]


_RISKS = ("-coalesce(risk, -1)", "CASE WHEN risk IS NULL THEN -coalesce(units, -1) ELSE 0 END")
_UNITS = "-coalesce(units, -1)"
ALL_OF = {
    Sort.RISK: (f"max(severity, {Severity.SETTLING:d})", *_RISKS, "severity", _UNITS),
    Sort.SEVERITY: ("severity", *_RISKS),
    Sort.DELTA: (_UNITS, "severity"),
}


@pytest.mark.parametrize("sort", [Sort.RISK, Sort.SEVERITY, Sort.DELTA])
def test_what_a_list_is_sorted_by_puts_none_elsewhere_than_all_that_it_is_made_of(
    sort: Sort,
) -> None:
    amounts = (None, 0, 1, 7, 1 << 40, (1 << 51) - 1)
    rows = list(product(Severity, amounts, amounts))
    random.Random(1).shuffle(rows)
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE judged (id INTEGER PRIMARY KEY, severity, risk, units)")
        connection.executemany("INSERT INTO judged (severity, risk, units) VALUES (?, ?, ?)", rows)
        orders = (ORDERS[sort], f"{', '.join(ALL_OF[sort])}, id")
        by_two, by_all = (
            connection.execute(f"SELECT * FROM judged ORDER BY {order}").fetchall()
            for order in orders
        )
    assert by_two == by_all


def test_each_group_has_its_own_reason_whatever_is_made_of_it() -> None:
    of_channels = {
        1: {(9, 0): "", (9, 1): "settling"},
        2: {(9, 0): "", (9, 1): ""},
        3: {(8, 0): "channel_stale", (9, 0): "channel_stale"},
        4: {(8, 0): "channel_stale", (9, 0): "frozen"},
    }
    reasons = GroupReasons(of_channels)
    found = {}
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for channel, authority, delta in product(of_channels, (8, 9), (-1, 1)):
            d = f"""SELECT {channel} AS channel_id, {authority} << 28 AS rests_on,
              {delta} AS delta, 'quantity' AS kind, NULL AS state, NULL AS target_quantity"""
            i = "SELECT NULL AS state_listing_id, NULL AS quantity_listing_id"
            sql = f"SELECT {reasons.sql()}, {reasons.sql(held)} FROM ({d}) d, ({i}) i"
            found[channel, authority, int(delta > 0)] = connection.execute(sql).fetchone()
    for channel, groups in of_channels.items():
        for (authority, raises), reason in groups.items():
            number = {"": None, "frozen": None, "settling": Severity.SETTLING}.get(
                reason, Severity.UNKNOWN
            )
            assert found[channel, authority, raises] == (reason, number)


def test_an_estimate_is_separate_from_money_that_is_known(w: World) -> None:
    w.poll("warehouse", [priced("A", 1, None), priced("B", 1, None)])
    w.poll("shop", [priced("A", 3, 500), priced("B", 5, None)])

    known, assumed = w.only(skus=("A",)), w.only(skus=("B",))

    assert (known.money_at_risk, known.assumed_risk_minor) == (10.0, None)
    assert (assumed.money_at_risk, assumed.assumed_risk_minor) == (None, 2000)


def test_where_no_price_is_known_at_all_units_rank(w: World) -> None:
    w.poll("warehouse", [priced("A", 1, None), priced("B", 9, None), priced("C", 5, None)])
    w.poll("shop", [priced("A", 3, None), priced("B", 1, None), priced("C", 9, None)])
    w.poll("shop", [priced("A", 3, None), priced("B", 1, None), priced("C", 9, None)])

    assert ranked(w) == ["B", "C", "A"]
    assert w.only(skus=("A",)).assumed_risk_minor is None


def test_of_the_same_money_an_oversell_stands_above_an_undersell(w: World) -> None:
    w.poll("warehouse", [priced("LESS", 10, None), priced("MORE", 10, None)])
    w.twice("shop", [priced("LESS", 5, 100), priced("MORE", 15, 100)])

    assert severities(w) == [("MORE", Severity.OVERSELL), ("LESS", Severity.UNDERSELL)]


def test_severity_is_what_it_can_cost_a_customer(w: World) -> None:
    w.poll(
        "warehouse",
        [
            priced("OVER", 1, None), priced("NEGATIVE", 0, None), priced("UNDER", 9, None),
            record("ON-SALE", 5, state="disabled"), record("OFF-SALE", 5, state="active"),
            priced("MISSING", 3, None),
        ],
    )  # fmt: skip
    w.twice(
        "shop",
        [
            priced("OVER", 3, None), priced("NEGATIVE", -2, None), priced("UNDER", 1, None),
            record("ON-SALE", 5, state="active"), record("OFF-SALE", 5, state="disabled"),
        ],
    )  # fmt: skip

    found = dict(severities(w, Sort.SEVERITY))

    assert list(found) == ["OVER", "NEGATIVE", "ON-SALE", "UNDER", "OFF-SALE", "MISSING"]
    assert found["NEGATIVE"] == found["ON-SALE"] == Severity.WRONGLY_ON_SALE
    assert found["OFF-SALE"] == found["MISSING"] == Severity.LISTING


def test_what_cannot_be_acted_on_now_stands_below_what_can(tmp_path: Path) -> None:
    slow = channel("shop", settle_reduce_ms=10 * MINUTE)
    with world(tmp_path, slow, channel("market")) as w:
        w.poll("warehouse", [priced("A", 100, None)])
        w.poll("shop", [priced("A", 100, 900)])
        w.poll("market", [priced("A", 100, 1)])
        w.poll("warehouse", [priced("A", 50, None)])
        w.poll("market", [priced("A", 100, 1)])
        found = severities(w, Sort.SEVERITY)
        assert [severity for _, severity in found] == [Severity.OVERSELL, Severity.SETTLING]

        w.now += 60 * MINUTE  # Nobody has read anything since.
        assert {disagreement.severity for disagreement in w.diff()} == {Severity.UNKNOWN}


def test_every_order_is_total_and_leaves_none_out(w: World) -> None:
    w.poll("warehouse", [priced(f"S{n}", 10, None) for n in range(30)])
    w.twice("shop", [priced(f"S{n}", 10 + n % 3 - 1, n * 7 % 5 or None) for n in range(30)])
    everything = set(ranked(w))

    for sort in Sort:
        assert set(ranked(w, sort)) == everything
        assert len(ranked(w, sort)) == len(everything) == 20


def test_groups_add_up_what_is_open_and_stand_in_the_order_of_their_money(w: World) -> None:
    w.poll("warehouse", [priced("A", 10, None, title="Lamp"), priced("B", 10, None)])
    w.twice("shop", [priced("A", 14, 100), priced("B", 9, 100)])
    w.twice("market", [priced("A", 11, 10_000), priced("B", 10, None)])

    market, shop = totals(w, GroupBy.CHANNEL)
    assert (market.label, market.count, market.oversell_units, market.risk_minor) == (
        "market", 1, 1, 10_000,
    )  # fmt: skip
    assert (shop.label, shop.count, shop.oversell_units, shop.undersell_units) == ("shop", 2, 4, 1)
    assert (shop.risk_minor, shop.open, shop.severity) == (500, 2, Severity.OVERSELL)

    first, second = totals(w, GroupBy.SKU)
    assert (first.label, first.title, first.count) == ("A", "Lamp", 2)
    assert (second.label, second.count) == ("B", 1)
    assert [group.label for group in totals(w, GroupBy.SKU, Sort.SKU)] == ["A", "B"]


def test_a_skus_locations_are_one_group_whose_id_stays(w: World) -> None:
    both = [priced("A", 10, None, location="north"), priced("A", 10, None, location="south")]
    w.poll("warehouse", both)
    w.twice("shop", [priced("A", 12, 1, location=place) for place in ("north", "south")])
    (before,) = totals(w, GroupBy.SKU)
    w.poll("shop", [priced("A", 10, 1, location="north"), priced("A", 12, 1, location="south")])
    (after,) = totals(w, GroupBy.SKU)

    assert (before.count, after.count) == (2, 1)
    assert before.id == after.id < 0


def test_by_cause_what_is_not_explained_yet_is_a_group_of_its_own(w: World) -> None:
    w.poll("warehouse", [priced(sku, 10, None) for sku in "ABC"])
    w.poll("shop", [priced(sku, 12, 100) for sku in "ABC"])
    a, b, _ = (disagreement.id for disagreement in w.diff())

    causes = (("lag", f"[{a}]"), ("unexplained", f"[{b}]"))
    by_label = {group.label: group for group in totals(w, GroupBy.CAUSE, Sort.SKU, *causes)}
    lag, unexplained, unknown = (by_label[name] for name in ("lag", "unexplained", ""))

    assert (lag.label, lag.count, lag.id) == ("lag", 1, -2)
    assert (unexplained.label, unexplained.id) == ("unexplained", -3)
    assert (unknown.label, unknown.id) == ("", -1)


def test_members_stand_beside_their_group(w: World) -> None:
    w.poll("warehouse", [priced(sku, 10, None) for sku in "AB"])
    w.poll("shop", [priced(sku, 12, 100) for sku in "AB"])
    w.poll("market", [priced("A", 11, 100), priced("B", 10, None)])

    found = w.database.read(ranking.grouped, DisagreementFilter(), GroupBy.CHANNEL, now=w.now)
    sizes = {ranking.total_of(row).label: row[3] for row in found.totals}
    by_id = {row[0]: row[1] for row in found.totals}

    assert sizes == {"shop": 2, "market": 1}
    assert sorted(by_id[group] for group in found.ranked.groups) == ["market", "shop", "shop"]


@pytest.mark.parametrize(
    ("wanted", "skus"),
    [
        ({"side": Side.OVERSELL}, {"OVER-1", "OVER-2"}),
        ({"side": Side.UNDERSELL}, {"UNDER"}),
        ({"units_min": 3}, {"OVER-2", "UNDER"}),
        ({"units_max": 4}, {"OVER-1"}),
        ({"risk_min": 39.99}, {"OVER-2", "UNDER"}),
        ({"risk_max": 40.0}, {"OVER-1"}),
        ({"patterns": ("OVER-?",)}, {"OVER-1", "OVER-2"}),
        ({"patterns": ("*ER",), "skus": ("OVER-1",)}, {"UNDER", "OVER-1"}),
        ({"patterns": ("O*[1]",)}, set()),
        ({"words": ("lamp", "wal")}, {"OVER-1"}),
        ({"causes": ("lag",)}, set()),
        ({"without": (DisagreementFilter(side=Side.OVERSELL),)}, {"UNDER"}),
        ({"without": (DisagreementFilter(words=("lamp",)),)}, {"OVER-2", "UNDER"}),
        ({"without": (DisagreementFilter(risk_min=39.99),)}, {"OVER-1"}),
        ({"without": (DisagreementFilter(skus=("UNDER",)),)}, {"OVER-1", "OVER-2"}),
        ({"without": (DisagreementFilter(statuses=("open",)),)}, set()),  # type: ignore[arg-type]
        ({"without": (DisagreementFilter(causes=("lag",)),)}, {"OVER-1", "OVER-2", "UNDER"}),
        ({"acknowledged": True}, set()),
        ({"acknowledged": False}, {"OVER-1", "OVER-2", "UNDER"}),
    ],
)
def test_a_filter_lets_through_what_it_says(
    w: World, wanted: dict[str, object], skus: set[str]
) -> None:
    w.poll(
        "warehouse",
        [
            priced("OVER-1", 1, None, title="Lamp, walnut"),
            priced("OVER-2", 1, None),
            priced("UNDER", 9, None),
        ],
    )
    w.twice(
        "shop", [priced("OVER-1", 2, 1000), priced("OVER-2", 5, 1000), priced("UNDER", 4, 1000)]
    )

    assert {disagreement.sku for disagreement in w.diff(**wanted)} == skus


def test_ages_are_counted_in_buckets(w: World) -> None:
    w.poll("warehouse", [priced("OLD", 1, None), priced("NEW", 1, None)])
    w.poll("shop", [priced("OLD", 3, None), priced("NEW", 1, None)])
    w.now += 4 * 60 * MINUTE
    w.poll("shop", [priced("OLD", 3, None), priced("NEW", 2, None)])

    found = w.database.read(ranking.ranked, DisagreementFilter(), now=w.now, sort=Sort.AGE)

    assert list(found.ages) == [3, 0]
    assert ranked(w, age_min_ms=240 * MINUTE) == ["OLD"]
    assert ranked(w, age_max_ms=240 * MINUTE) == ["NEW"]
