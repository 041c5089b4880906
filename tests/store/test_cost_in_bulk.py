"""What it costs to move every listing, and to read of a few beside many: counted, no clock."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from store.cells import instants, oddities
from store.corrections.guards import obstacles
from store.model import CorrectionStatus, Record
from store.polling import quarantine
from store.queries import status_counts, views
from store.queries.values import DisagreementFilter
from store.reasons import HeldBack, Reason
from tests.store.cost_counter import (
    FEW,
    MANY,
    ROOM,
    cells,
    in_both,
    statements,
    steps,
    steps_to_read,
)
from tests.store.world import MINUTE, World, channel, stock, terms, warehouse, world

PUSHED = ("shop", "market", "outlet")

STALE = HeldBack(Reason.CHANNEL_STALE)


def sell_out(w: World, count: int) -> None:
    """Three channels that agree with an authority whose poll of nothing but 0 is quarantined."""
    w.reconfigure(terms(warehouse(), *map(channel, PUSHED)))
    for name in ("warehouse", *PUSHED):
        w.poll(name, cells(count))
    sweep = w.sweep(
        "warehouse", [Record(f"B{number}", 0, state="active") for number in range(count)]
    )
    w.database.write(quarantine.quarantine_poll, sweep, "all at 0", now=w.now, as_of=None)


@pytest.mark.long
def test_an_accepted_poll_of_zeros_costs_what_it_moves_and_not_its_square(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        sell_out(w, count)

        def accept() -> None:
            merged = w.database.write(
                quarantine.accept, "warehouse", w.comparison, who="ana", now=w.now
            )
            assert (merged.opened, merged.proposed) == (3 * count, 3 * count)

        return steps(w, accept)

    few, many = in_both(tmp_path, work)
    assert many / MANY < few / FEW * ROOM


@pytest.mark.long
def test_proposals_for_every_listing_take_no_more_statements_than_for_a_few(tmp_path: Path) -> None:
    """Row by row they took two thirds of the time, and the writes of everybody waited."""

    def work(w: World, count: int) -> int:
        sell_out(w, count)
        spent = statements(
            w, lambda c: quarantine.accept(c, "warehouse", w.comparison, who="ana", now=w.now)
        )
        assert len(w.updates()) == 3 * count
        return spent

    few, many = in_both(tmp_path, work, few=instants.MANY)
    assert many == few


@pytest.mark.long
def test_superseding_every_proposal_takes_no_more_statements_than_a_few(tmp_path: Path) -> None:
    def work(w: World, count: int) -> int:
        sell_out(w, count)
        w.database.write(quarantine.accept, "warehouse", w.comparison, who="ana", now=w.now)
        sweep = w.sweep("warehouse", cells(count))
        w.database.write(quarantine.quarantine_poll, sweep, "again", now=w.now, as_of=None)
        spent = statements(
            w, lambda c: quarantine.accept(c, "warehouse", w.comparison, who="ana", now=w.now)
        )
        assert {correction.status for correction in w.updates()} == {CorrectionStatus.SUPERSEDED}
        return spent

    few, many = in_both(tmp_path, work, few=instants.MANY)
    assert many == few


@pytest.mark.long
def test_what_holds_a_batch_back_takes_no_more_statements_for_many(tmp_path: Path) -> None:
    """It is asked before the dialog of a bulk decision, with up to 1,000 marks."""

    def work(w: World, count: int) -> int:
        sell_out(w, count)
        w.database.write(quarantine.accept, "warehouse", w.comparison, who="ana", now=w.now)
        batch = w.updates()
        w.now += 60 * MINUTE
        found: dict[HeldBack, int] = {}

        def ask(connection: sqlite3.Connection) -> None:
            oddities.keep(connection, [batch[0].listing_id])
            connection.execute(
                "UPDATE cell_oddities SET frozen_at = 1, frozen_why = 'a person' WHERE id = ?",
                (batch[0].listing_id,),
            )
            found.update(obstacles.counted(connection, batch, now=w.now))

        spent = statements(w, ask)
        # A channel that can't be seen says more than what is frozen there.
        assert found == {STALE: 3 * count}
        return spent

    few, many = in_both(tmp_path, work)
    assert many == few


@pytest.mark.parametrize("estimates", [True, False])
def test_the_disagreements_of_a_sku_cost_nothing_of_what_else_is_open(
    tmp_path: Path, *, estimates: bool
) -> None:
    """Others lack a price, so that theirs is estimated; without estimates, this one may too."""

    def work(w: World, count: int) -> int:
        priced = [Record(f"B{n}", n + 1, state="active", price_minor=500) for n in range(count)]
        lacking = [*stock(A=1), *priced] if estimates else [*priced, *stock(A=1)]
        w.poll("warehouse", lacking)
        w.poll("shop", [msgspec.structs.replace(record, available=0) for record in lacking])
        wanted = DisagreementFilter(skus=("B1" if estimates else "A",))
        assert [disagreement.sku for disagreement in w.diff()].count("A") == 1
        (found,) = w.diff(skus=wanted.skus)
        assert found.delta

        def look(connection: sqlite3.Connection) -> None:
            assert views.disagreements(connection, wanted, now=w.now, estimates=estimates)

        return steps_to_read(w, look)

    few, many = in_both(tmp_path, work)
    assert many < few * ROOM


def test_a_glance_reads_each_channels_health_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        for _ in range(MANY // 30):
            w.poll("warehouse", stock(A=3))
            w.poll("shop", stock(A=2))

        asked: list[str] = []

        def look(connection: sqlite3.Connection) -> None:
            connection.set_trace_callback(asked.append)
            status_counts.status(connection, now=w.now)
            connection.set_trace_callback(None)

        w.database.read(look)
        assert sum("ORDER BY q.id DESC LIMIT" in statement for statement in asked) == 1
