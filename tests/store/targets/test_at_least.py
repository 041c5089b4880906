"""Numbers of which the channel says only that it has at least so many: `>100`."""

from pathlib import Path

import msgspec
import pytest

from store.accounts import balance
from store.corrections import decisions, freeze, lifecycle
from store.history import rewind, timeline
from store.model import CorrectionStatus, Kind, Policy, Record
from store.polling import quarantine
from store.polling.preview import quarantine_preview
from store.queries import views
from store.queries.values import DisagreementFilter
from store.reasons import Reason
from tests.store.world import MINUTE, channel, stock, world


def least(sku: str, number: int) -> Record:
    return Record(sku, number, state="active", at_least=True)


@pytest.mark.parametrize("target", [100, 101, 250])
def test_it_agrees_with_every_target_of_as_many_or_more(tmp_path: Path, target: int) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=target))
        w.poll("shop", [least("A", 100)])

        assert w.diff() == []


def test_above_its_target_it_disagrees_and_says_so(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=60))
        w.twice("shop", [least("A", 100)])

        found = w.only()
        assert (found.kind, found.available, found.at_least, found.delta) == (
            Kind.QUANTITY, 100, True, -40,
        )  # fmt: skip
        (update,) = w.updates()
        assert (update.from_quantity, update.from_at_least, update.to_quantity) == (100, True, 60)
        (cell,) = (c for c in w.database.read(views.shown, ["A"], now=w.now)["A"]
                   if c.channel == "shop")  # fmt: skip
        assert cell.at_least


def test_as_the_truth_it_is_that_number(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", policies=(Policy("*", buffer=10),))) as w:
        w.poll("warehouse", [least("A", 100)])

        w.poll("shop", stock(A=95))

        assert w.targets("shop") == {"A": 90}
        assert w.only().delta == -5


def test_the_same_again_is_no_change_and_an_exact_number_is_one(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=300))
        w.poll("shop", [least("A", 100)])

        assert w.poll("shop", [least("A", 100)]).changed == 0
        assert w.diff() == []
        assert w.poll("shop", stock(A=100)).changed == 1
        assert w.only().delta == 200


def test_an_exact_number_after_it_is_a_fall(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=300))
        w.poll("shop", [least("A", 100)])

        w.twice("shop", stock(A=120))

        assert w.updates() == []
        assert w.only().reason is Reason.AUTHORITY_BEHIND


def test_it_is_no_fall_where_nobody_knows_that_it_fell(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=250))
        w.poll("shop", [least("A", 100)])
        assert w.rows("SELECT fell_at FROM listings") == [(None,)]

        w.poll("shop", [least("A", 50)])
        assert w.rows("SELECT fell_at FROM listings") == [(w.now,)]


def test_it_has_no_account(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=7))
        w.poll("shop", [least("A", 100)])
        w.poll("shop", [least("A", 200)])

        assert w.rows("SELECT opening, known FROM listings") == [(None, 0)]
        assert w.rows("SELECT unexplained FROM channels WHERE name = 'shop'") == [(0,)]
        assert w.database.read(balance.current, "A") == []


def test_the_past_shows_it_as_it_was(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=60))
        w.poll("shop", [least("A", 100)])
        then = w.now
        w.poll("shop", stock(A=60))

        assert w.diff() == []
        with rewind.open_at(tmp_path / "skew.db", then) as past:
            (found,) = past.read(views.disagreements, DisagreementFilter(), now=then)
        assert (found.available, found.at_least, found.delta) == (100, True, -40)
        readings = [
            entry.detail["at_least"]
            for entry in w.database.read(timeline.history, "A")
            if entry.kind == "reading" and entry.channel == "shop"
        ]
        assert sorted(readings, key=bool) == [False, True]


def test_a_quarantined_poll_keeps_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=300, B=9))
        w.poll("shop", stock(A=300, B=9))
        sweep = w.sweep("shop", [least("A", 100), *stock(B=3)])
        w.database.write(quarantine.quarantine_poll, sweep, "for the test", now=w.now, as_of=None)

        effect = w.database.read(quarantine_preview.preview_accepting, "shop", w.comparison)
        assert effect is not None
        assert [(row.sku, row.disagrees) for row in effect.rows] == [("A", ""), ("B", "quantity")]
        w.database.write(quarantine.accept, "shop", w.comparison, who="ana", now=w.now)

        assert [found.sku for found in w.diff()] == ["B"]
        assert w.rows("SELECT at_least FROM listings WHERE available = 100") == [(1,)]


def test_a_refused_update_is_proposed_again_when_it_becomes_exact(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=60))
        w.twice("shop", [least("A", 100)])
        (update,) = w.updates()
        w.database.write(decisions.reject, [(update.id, None)], who="ana", now=w.now, reason="no")
        w.poll("shop", [least("A", 100)])
        assert [u.status for u in w.updates()] == [CorrectionStatus.REJECTED]

        w.poll("shop", stock(A=100))

        assert CorrectionStatus.PROPOSED in [u.status for u in w.updates()]


def test_it_is_no_second_writer_where_it_agrees(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=250))
        w.twice("shop", stock(A=100))
        w.poll("warehouse", stock(A=250))
        w.twice("shop", stock(A=100))
        updates = w.updates()
        for update in updates:
            w.database.write(lifecycle.finish, update.id, CorrectionStatus.SUPERSEDED, now=w.now,
                             result="")  # fmt: skip
        w.poll("shop", [least("A", 100)])
        w.database.write(freeze.freeze_and_thaw, now=w.now + MINUTE)

        assert w.rows("SELECT frozen_at FROM listings WHERE at_least = 1") == [(None,)]


def test_a_record_of_it_is_another_than_the_exact_one() -> None:
    assert msgspec.msgpack.encode(least("A", 1)) != msgspec.msgpack.encode(stock(A=1)[0])
