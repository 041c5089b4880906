"""What is not counted is a state of its own: never missing, never in agreement, never written."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from store.accounts import balance
from store.corrections import decisions, lifecycle
from store.model import Component, CorrectionStatus, Policy, Pool, Record, Refused, State
from store.polling import merge, quarantine
from store.polling.preview.quarantine_preview import preview_accepting
from store.queries import uncounted
from store.queries.ranking_values import Severity
from store.queries.uncounted import UncountedListing
from store.reasons import Reason
from tests.store.world import MINUTE, World, channel, stock, terms, warehouse, world

STATELESS = channel("shop", states=())


def untracked(sku: str, **more: Any) -> Record:
    return Record(sku, None, state="uncounted", **more)


def apart(w: World) -> dict[tuple[str, str], UncountedListing]:
    return {(found.sku, found.channel): found for found in w.database.read(uncounted.uncounted)}


def test_what_is_sold_without_counting_is_listed_apart_and_never_missing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3, SERVICE=99))
        w.poll("shop", [*stock(A=3), untracked("SERVICE")])

        assert w.diff() == []
        found = apart(w)["SERVICE", "shop"]
        assert (found.available, found.state, found.target) == (None, "uncounted", 99)
        assert w.overview().uncounted == 1
        assert w.updates() == []


@pytest.mark.parametrize("terms_of_shop", [channel("shop"), STATELESS], ids=["states", "none"])
def test_it_sells_what_is_not_there_where_nothing_is_left(
    tmp_path: Path, terms_of_shop: Any
) -> None:
    with world(tmp_path, terms_of_shop) as w:
        w.poll("warehouse", stock(SERVICE=0))
        w.twice("shop", [untracked("SERVICE")])

        found = w.only()
        assert (found.kind, found.status, found.reason) == ("state", "open", None)
        assert (found.available, found.state, found.target, found.delta) == (
            *(None, "uncounted", 0),
            None,
        )
        assert found.severity == Severity.WRONGLY_ON_SALE
        assert (found.oversell_units, found.money_at_risk) == (0, None)
        assert not found.is_correctable
        assert w.updates() == []
        assert apart(w) == {}


def test_it_waits_for_the_reduce_time_like_a_number_that_is_too_high(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop", settle_reduce_ms=5 * MINUTE)) as w:
        w.poll("warehouse", stock(A=2))
        w.poll("shop", [untracked("A")])
        w.poll("warehouse", stock(A=0))
        assert w.only().reason is Reason.SETTLING
        w.now += 5 * MINUTE
        assert w.only().status == "open"


def test_one_that_is_off_sale_agrees_with_a_target_of_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [Record("A", 0, state="disabled")])
        w.poll("shop", [Record("A", None, state="disabled")])
        assert w.diff() == []
        w.poll("warehouse", stock(A=5))
        found = w.only()
        assert (found.kind, found.state, found.target_state) == ("state", "disabled", "active")
        assert not found.is_correctable
        assert w.updates() == []


def test_it_is_sold_although_its_authority_has_it_disabled(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [Record("A", 9, state="disabled")])
        w.twice("shop", [untracked("A")])
        found = w.only()
        assert (found.kind, found.state, found.target_state) == ("state", "uncounted", "disabled")
        assert w.updates() == []


def test_a_backorder_may_be_sold_without_a_count(tmp_path: Path) -> None:
    states = (State.ACTIVE, State.BACKORDER, State.DISABLED)
    with world(tmp_path, channel("shop", states=states)) as w:
        w.poll("warehouse", [Record("A", 0, state="backorder")])
        w.poll("shop", [untracked("A")])
        assert w.diff() == []


def test_a_rule_that_does_not_sell_it_makes_it_one_to_act_on(tmp_path: Path) -> None:
    policies = (Policy("A*", sold=False), Policy("*"))
    with world(tmp_path, channel("shop", policies=policies)) as w:
        w.poll("warehouse", stock(A=9))
        w.poll("shop", [untracked("A")])
        assert w.only().kind == "state"


def test_it_is_compared_again_once_it_is_counted_and_not_while_it_is_not(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5))
        w.twice("shop", stock(A=9))
        assert [update.status for update in w.updates()] == ["proposed"]

        w.poll("shop", [untracked("A")])
        assert w.diff() == []
        assert [update.status for update in w.updates()] == ["superseded"]

        w.twice("shop", stock(A=9))
        assert (w.only().kind, w.only().delta) == ("quantity", -4)
        assert [update.status for update in w.updates()] == ["proposed", "superseded"]


def test_what_was_approved_is_void_once_it_is_not_counted(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5))
        w.twice("shop", stock(A=9))
        (update,) = w.updates()
        w.database.write(
            decisions.approve, [(update.id, update.version)], who="ana", now=w.now, hold_ms=0,
            expires_ms=MINUTE,
        )  # fmt: skip

        w.database.write(
            merge.record_fresh, "shop", [untracked("A")], [], [("A", "")], w.comparison,
            now=w.now + 1, own=False,
        )  # fmt: skip

        (update,) = w.updates()
        assert update.status is CorrectionStatus.SUPERSEDED
        (standing,) = w.database.read(lifecycle.approved, [update.id], now=w.now + 1)
        assert not standing.valid


def test_a_new_count_opens_a_new_account(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=9))
        w.poll("shop", [untracked("A")])
        assert w.database.read(balance.current, "A") == []
        w.poll("shop", stock(A=3))
        w.poll("shop", stock(A=2))
        (account,) = w.database.read(balance.current, "A")
        assert (account.opening, account.closing, account.unexplained) == (3, 2, -1)
        assert w.rows("SELECT unexplained FROM channels WHERE name = 'shop'") == [(1,)]
        assert w.rows("SELECT fell_at FROM listings WHERE available = 2") == [(w.now,)]


def test_what_the_authority_does_not_count_is_not_unlisted(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [*stock(B=1), untracked("A")])
        w.poll("shop", stock(A=5, B=1))
        assert w.diff() == []
        found = apart(w)["A", "shop"]
        assert (found.available, found.target, found.target_state) == (5, None, "uncounted")
        assert ("A", "warehouse") not in apart(w)

        w.twice("warehouse", stock(A=4, B=1))
        assert (w.only().kind, w.only().delta) == ("quantity", -1)
        w.poll("warehouse", [*stock(B=1), untracked("A")])
        assert w.diff() == []
        assert [update.status for update in w.updates()] == ["superseded"]
        w.poll("warehouse", stock(B=1))
        assert w.only().kind == "unlisted"


def test_a_component_that_is_not_counted_limits_no_bundle(tmp_path: Path) -> None:
    parts = (Component("KIT", "A", 2), Component("KIT", "CARD", 1), Component("ALL", "CARD", 1))
    made = msgspec.structs.replace(terms(warehouse(), channel("shop")), bundles=parts)
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(made)
        w.poll("warehouse", [*stock(A=9), untracked("CARD")])
        w.poll("shop", [*stock(A=9, KIT=4, ALL=7), untracked("CARD")])
        assert w.diff() == []
        assert w.targets("shop") == {"A": 9, "CARD": None, "KIT": 4, "ALL": None}
        assert apart(w)["ALL", "shop"].target_state == "uncounted"
        # A component that the authority lacks is another thing: then nobody knows of the bundle.
        w.poll("warehouse", [untracked("CARD")])
        assert {found.sku: found.kind for found in w.diff()} == {"A": "unlisted", "KIT": "unlisted"}


def test_a_pool_with_a_place_that_is_not_counted_has_no_number(tmp_path: Path) -> None:
    pool = (Pool("both", ("east", "west")),)
    shop = channel("shop", places=("both",))
    made = msgspec.structs.replace(terms(warehouse(), shop), pools=pool)
    with world(tmp_path, shop) as w:
        w.reconfigure(made)
        w.poll("warehouse", [Record("A", 3, "east"), untracked("A", location="west")])
        w.poll("shop", [Record("A", 8, "both")])
        assert w.diff() == []
        assert apart(w)["A", "shop"].target_state == "uncounted"
        w.poll("warehouse", [Record("A", 3, "east"), Record("A", 4, "west")])
        assert w.only().delta == -1


def test_numbers_that_are_gone_count_for_the_guard(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5, B=0, C=1))
        w.poll("shop", [*stock(A=5, B=0), untracked("C")])
        w.sweep("shop", [untracked("A"), untracked("B"), untracked("C")])
        assert w.counted is not None
        assert (w.counted.uncounted, w.counted.changed, w.counted.zeroed) == (2, 2, 0)


def test_a_quarantined_poll_shows_before_what_it_would_leave_uncounted(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5, B=0))
        w.poll("shop", stock(A=5, B=0))
        sweep = w.sweep("shop", [untracked("A"), untracked("B")])
        w.database.write(
            quarantine.quarantine_poll, sweep, "newly uncounted", now=w.now, as_of=None
        )
        effect = w.database.read(preview_accepting, "shop", w.comparison)
        assert effect is not None
        assert {row.sku: row.disagrees for row in effect.rows} == {"A": "", "B": "state"}
        w.database.write(quarantine.accept, "shop", w.comparison, who="ana", now=w.now)
        assert {found.sku: found.kind for found in w.diff()} == {"B": "state"}


def test_a_quarantined_poll_of_the_authority_leaves_no_targets(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=5))
        w.poll("shop", stock(A=7))
        sweep = w.sweep("warehouse", [untracked("A")])
        w.database.write(
            quarantine.quarantine_poll, sweep, "newly uncounted", now=w.now, as_of=None
        )
        effect = w.database.read(preview_accepting, "warehouse", w.comparison)
        assert effect is not None
        assert {found.channel: found.closed for found in effect.channels} == {"shop": 1}


def test_an_uncounted_record_that_is_bad_is_unknown_and_not_apart_from_doubt(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=0))
        w.poll("shop", [untracked("A")])
        w.poll("shop", refused=[Refused("record 1", "`qty` found nothing", "A")])
        assert (w.only().status, w.only().reason) == ("unknown", Reason.UNREADABLE)


def test_counting_what_is_not_counted_reads_no_cell_that_is(tmp_path: Path) -> None:
    """`skew status` and the header do it each time, whatever the size of the catalogue."""
    with world(tmp_path) as w:
        asked: list[str] = []

        def plan(connection: sqlite3.Connection) -> str:
            connection.set_trace_callback(asked.append)
            uncounted.count(connection)
            connection.set_trace_callback(None)
            rows = connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}")
            return "\n".join(detail for _, _, _, detail in rows)

        steps = w.database.read(plan)

        assert "USING INDEX cells_uncounted" in steps
        assert "AUTOMATIC" not in steps
