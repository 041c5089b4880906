"""Acknowledging a disagreement: it may stand, because … until it moves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database.connection import Database
from store.model import Disagreement
from store.queries import acknowledgements, views
from store.queries.acknowledgements import SeenDisagreement
from store.queries.ranking_values import Severity
from store.queries.values import DisagreementFilter, Sort
from tests.store.world import World, channel, record, stock, world


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, channel("shop"), channel("market")) as made:
        made.poll("warehouse", stock(A=10, B=10))
        made.poll("shop", stock(A=14, B=12))
        yield made


def acknowledge(w: World, *seen: SeenDisagreement, who: str = "ana") -> list[str]:
    made = w.database.write(
        acknowledgements.acknowledge, seen, who=who, why="counted on the shelf", now=w.now
    )
    return [decision.why for decision in made]


def seen(w: World, sku: str) -> SeenDisagreement:
    return SeenDisagreement.of(w.only(skus=(sku,)))


def acknowledgement(disagreement: Disagreement) -> tuple[str | None, str | None, int]:
    return disagreement.acknowledged_by, disagreement.acknowledged_why, disagreement.severity


def test_it_says_who_acknowledged_it_why_and_when_and_stays_open(w: World) -> None:
    assert acknowledge(w, seen(w, "A")) == [""]

    disagreement = w.only(skus=("A",))
    assert acknowledgement(disagreement) == ("ana", "counted on the shelf", Severity.ACKNOWLEDGED)
    assert disagreement.acknowledged_at == w.now
    assert disagreement.status == "open"
    overview = w.overview()
    assert (overview.open, overview.oversell, overview.acknowledged) == (2, 2, 1)


def test_it_stands_below_the_others_in_the_default_order_only(w: World) -> None:
    acknowledge(w, seen(w, "A"))

    assert [disagreement.sku for disagreement in w.diff()] == ["B", "A"]
    by_delta = w.database.read(
        views.disagreements, DisagreementFilter(), now=w.now, sort=Sort.DELTA
    )
    assert [disagreement.sku for disagreement in by_delta] == ["A", "B"]
    assert [disagreement.sku for disagreement in w.diff(acknowledged=False)] == ["B"]
    assert [disagreement.sku for disagreement in w.diff(acknowledged=True)] == ["A"]


@pytest.mark.parametrize(
    ("channel_name", "records"),
    [
        ("shop", stock(A=15, B=12)),
        ("warehouse", stock(A=9, B=10)),
        ("shop", [record("A", 14, state="disabled"), *stock(B=12)]),
    ],
    ids=["the reading moves", "the target moves", "the state moves"],
)
def test_it_is_forgotten_when_it_moves(w: World, channel_name: str, records: list[object]) -> None:
    acknowledge(w, seen(w, "A"), seen(w, "B"))

    w.poll(channel_name, records)  # type: ignore[arg-type]

    (a,) = (disagreement for disagreement in w.diff(skus=("A",)) if disagreement.kind == "quantity")
    assert acknowledgement(a) == (None, None, Severity.OVERSELL)
    assert acknowledgement(w.only(skus=("B",)))[0] == "ana"


def test_it_lasts_while_nothing_moves_however_often_it_is_read(w: World) -> None:
    acknowledge(w, seen(w, "A"))

    w.poll("shop", [record("A", 14, state="active", price_minor=900, title="New"), *stock(B=12)])
    w.poll("warehouse", stock(A=10, B=10))

    assert acknowledgement(w.only(skus=("A",)))[0] == "ana"


def test_what_has_changed_since_it_was_seen_is_refused_and_says_what_changed(w: World) -> None:
    before = seen(w, "A")
    w.poll("shop", stock(A=16, B=12))
    w.poll("warehouse", stock(A=11, B=10))

    assert acknowledge(w, before, seen(w, "B")) == [
        "it has changed since you saw it: shown 14 → 16, target 10 → 11",
        "",
    ]
    assert acknowledgement(w.only(skus=("A",)))[0] is None


def test_what_agrees_by_now_and_what_never_was_are_refused(w: World) -> None:
    before = seen(w, "A")
    w.poll("shop", stock(A=10, B=12))

    assert (
        acknowledge(w, before, SeenDisagreement(999))
        == ["resolved: shown and target agree now"] * 2
    )


def test_of_two_operators_the_second_sees_who_was_first(w: World, tmp_path: Path) -> None:
    same = seen(w, "A")
    with Database.open(tmp_path / "skew.db") as other:
        made = other.write(
            acknowledgements.acknowledge, [same], who="ben", why="a recount is due", now=w.now
        )
        assert [decision.ok for decision in made] == [True]

    assert acknowledge(w, same) == ["ben has acknowledged it already: a recount is due"]
    assert acknowledgement(w.only(skus=("A",)))[:2] == ("ben", "a recount is due")


def test_it_can_be_taken_back(w: World) -> None:
    disagreement = seen(w, "A")
    acknowledge(w, disagreement)

    made = w.database.write(
        acknowledgements.take_back, [disagreement.id, disagreement.id, seen(w, "B").id, 999]
    )

    assert [decision.why for decision in made] == [
        "", "", "it is not acknowledged", "resolved: shown and target agree now",
    ]  # fmt: skip
    assert acknowledgement(w.only(skus=("A",)))[0] is None


def test_a_missing_listing_can_be_acknowledged_too(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10, B=1))
        w.poll("shop", stock(B=1))
        assert acknowledge(w, seen(w, "A")) == [""]
        w.poll("shop", stock(B=1))
        assert acknowledgement(w.only())[0] == "ana"


def test_acknowledging_changes_nothing_of_what_is_proposed(w: World) -> None:
    before = w.updates()
    acknowledge(w, seen(w, "A"))
    assert w.updates() == before
