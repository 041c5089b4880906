"""A second writer and a two-way loop: what fights is frozen, reported once, and thawed."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from store.channels import incidents
from store.corrections import freeze as freeze_module
from store.corrections import lifecycle
from store.corrections.guards import obstacles
from store.errors import NoSuchThing
from store.event_kinds import Event, EventKind
from store.model import CorrectionStatus, Direction, Terms
from store.polling import merge
from store.polling.events import EventOrigin
from store.reasons import HeldBack, Reason
from tests.store.correction_steps import approve, begin, correct, finish
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, World, channel, record, stock, terms, warehouse, world


def proposed(w: World) -> list[str]:
    return [
        f"{correction.channel} {correction.from_quantity} → {correction.to_quantity}"
        for correction in w.updates()
        if correction.status is CorrectionStatus.PROPOSED
    ]


def troubles(w: World) -> list[tuple[str | None, str]]:
    return [
        (incident.channel, incident.kind) for incident in w.database.read(incidents.open_incidents)
    ]


def set_back(w: World) -> None:
    """Corrected from 9 to 4, and set back to 9 by somebody."""
    w.poll("warehouse", stock(A=4))
    w.twice("shop", stock(A=9))
    correct(w)
    w.poll("shop", stock(A=9))


def test_a_cell_that_is_set_back_after_a_proven_correction_is_frozen_and_reported(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        set_back(w)
        assert proposed(w) == []
        assert w.only().status == "open"
        assert troubles(w) == [("shop", "second writer")]
        w.poll("warehouse", stock(A=5))
        assert proposed(w) == [], "a target that moves does not thaw it"


def test_it_thaws_when_it_agrees_and_the_incident_ends(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        set_back(w)
        w.poll("shop", stock(A=4))
        assert troubles(w) == []
        w.twice("shop", stock(A=8))
        assert proposed(w) == ["shop 8 → 4"]


def test_a_person_thaws_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        set_back(w)
        assert w.database.write(freeze_module.unfreeze, "A", None, now=w.now) == 1
        assert troubles(w) == []
        w.poll("warehouse", stock(A=3))
        assert proposed(w) == ["shop 9 → 3"]
        with pytest.raises(NoSuchThing, match="SKU A is not frozen on shop"):
            w.database.write(freeze_module.unfreeze, "A", "shop", now=w.now)


def test_what_an_event_explains_is_no_second_writer(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        correct(w)
        w.now += MINUTE
        back = Event("1", EventKind.CANCELLED, "A", 5, w.now)
        w.database.write(record_events, EventOrigin("shop", w.now), [back], w.comparison)
        w.poll("warehouse", stock(A=4))
        w.poll("shop", stock(A=9))
        assert troubles(w) == []


def test_a_fall_back_on_a_channel_without_events_is_a_sale_the_first_time(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9))
        w.twice("shop", stock(A=8))
        for expected in ([], [("shop", "second writer")]):
            w.poll("warehouse", stock(A=9))
            w.twice("shop", stock(A=8))
            correct(w)
            w.poll("shop", stock(A=8))
            assert troubles(w) == expected


def test_an_approved_update_of_a_frozen_cell_is_void_and_none_can_be_approved(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        set_back(w)
        w.database.write(freeze_module.unfreeze, "A", None, now=w.now)
        w.poll("warehouse", stock(A=3))
        (live,) = (
            correction
            for correction in w.updates()
            if correction.status is CorrectionStatus.PROPOSED
        )

        def freeze(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE cell_oddities SET frozen_at = 1, frozen_why = 'a person said so'"
            )

        w.database.write(freeze)
        why = w.database.read(obstacles.of, live, now=w.now)
        assert why == HeldBack(Reason.FROZEN, "a person said so")


def two_way() -> Terms:
    """The till's count flows in to the warehouse."""
    return terms(
        warehouse(direction=Direction.PUSH, writes=("quantity",)),
        channel("till", direction=Direction.TWO_WAY, inflow=("quantity",), writes=("state",)),
    )


def bounce(w: World, quantities: Sequence[int]) -> None:
    """The till moves by itself each time that the warehouse has been corrected towards it."""
    for quantity in quantities:
        w.poll("warehouse", stock(A=shown_by_warehouse(w)))
        w.twice("till", stock(A=quantity))
        w.poll("warehouse", stock(A=shown_by_warehouse(w)))
        if proposed(w):
            correct(w, channel="warehouse")


def shown_by_warehouse(w: World) -> int:
    found = w.rows(
        """SELECT l.available FROM listings l JOIN channels c ON c.id = l.channel_id
        WHERE c.name = 'warehouse'"""
    )
    return int(found[0][0]) if found else 10


def test_what_flows_in_corrects_the_authority_and_never_the_channel(tmp_path: Path) -> None:
    with world(tmp_path, channel("till")) as w:
        w.reconfigure(two_way())
        w.poll("warehouse", stock(A=10))
        w.twice("till", stock(A=7))
        assert proposed(w) == ["warehouse 10 → 7"]
        assert [
            (disagreement.channel, disagreement.target, disagreement.delta)
            for disagreement in w.diff()
        ] == [("warehouse", 7, -3)]


def test_what_flows_in_from_a_stale_channel_moves_nothing(tmp_path: Path) -> None:
    with world(tmp_path, channel("till")) as w:
        w.reconfigure(two_way())
        w.poll("warehouse", stock(A=10))
        w.twice("till", stock(A=7))
        w.now += 11 * MINUTE
        w.poll("warehouse", stock(A=10))
        assert (w.only().status, w.only().reason) == ("unknown", Reason.AUTHORITY_STALE)


def test_a_loop_with_no_event_stops_both_corrections(tmp_path: Path) -> None:
    with world(tmp_path, channel("till")) as w:
        w.reconfigure(two_way())
        w.poll("warehouse", stock(A=10))
        bounce(w, (7, 10))
        assert troubles(w) == [("till", "loop")]
        assert proposed(w) == []


def test_a_channel_that_runs_away_from_its_own_echo_is_a_loop_too(tmp_path: Path) -> None:
    with world(tmp_path, channel("till")) as w:
        w.reconfigure(two_way())
        w.poll("warehouse", stock(A=10))
        bounce(w, (11, 12, 13))
        assert troubles(w) == [("till", "loop")]
        assert shown_by_warehouse(w) == 12


def test_movements_that_events_explain_are_no_loop(tmp_path: Path) -> None:
    with world(tmp_path, channel("till")) as w:
        w.reconfigure(two_way())
        w.poll("warehouse", stock(A=10))
        for n, quantity in enumerate((9, 8, 7)):
            sale = Event(str(n), EventKind.ORDERED, "A", 1, w.now)
            w.poll("warehouse", stock(A=shown_by_warehouse(w)))
            w.poll("till", stock(A=quantity))
            w.database.write(record_events, EventOrigin("till", w.now), [sale], w.comparison)
            correct(w, channel="warehouse")
        assert troubles(w) == []
        assert shown_by_warehouse(w) == 7


def test_two_skus_of_one_pool_stop_after_one_round_and_one_of_them_is_written(
    tmp_path: Path,
) -> None:
    """A shop that keeps one number for two variants of which the warehouse has 4 and 7."""
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4, B=7))
        w.twice("shop", stock(A=9, B=9))
        correct(w, "A")
        w.twice("shop", stock(A=4, B=4))
        w.poll("warehouse", stock(A=4, B=7))
        w.poll("shop", stock(A=4, B=4))
        correct(w, "B")
        w.twice("shop", stock(A=7, B=7))
        correct(w, "A")
        w.twice("shop", stock(A=4, B=4))
        assert troubles(w) == [("shop", "shared pool")]
        (incident,) = w.database.read(incidents.open_incidents)
        assert incident.message.startswith("SKU B: update #")
        assert "of SKU A set it back to 4 with that one: shop sells both from one pool" in (
            incident.message
        )
        assert proposed(w) == []
        w.poll("warehouse", stock(A=3, B=7))
        assert proposed(w) == ["shop 4 → 3"], "the other one goes on"
        w.database.write(freeze_module.unfreeze, "B", None, now=w.now)
        assert troubles(w) == []


def test_an_update_of_ours_that_is_applied_late_is_no_second_writer(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=9))
        w.twice("shop", stock(A=5))
        (first,) = w.updates()
        approve(w, first.id)
        begin(w, first.id)
        finish(w, first.id, CorrectionStatus.UNKNOWN)
        w.twice("shop", stock(A=9))
        w.poll("warehouse", stock(A=4))
        correct(w)
        w.poll("shop", stock(A=9))
        assert troubles(w) == []
        assert proposed(w) == ["shop 9 → 4"]


@pytest.mark.parametrize("is_answered", [False, True])
def test_an_update_of_ours_that_is_being_written_is_no_second_writer(
    tmp_path: Path, *, is_answered: bool
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        correct(w)
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=4))
        (back,) = (update for update in w.updates() if update.to_quantity == 9)
        approve(w, back.id)
        assert begin(w, back.id) == []
        w.poll("warehouse", stock(A=7))
        if is_answered:
            w.database.write(lifecycle.mark_applied, [back.id], now=w.now, result="200")
        shown = record("A", 9, state="active")
        w.database.write(
            merge.record_fresh, "shop", [shown], (), [("A", "")], w.comparison, now=w.now, own=True
        )
        finish(w, back.id, CorrectionStatus.VERIFIED)

        assert troubles(w) == []
        w.twice("shop", stock(A=9))
        assert proposed(w) == ["shop 9 → 7"]


def test_a_person_who_unfreezes_stands_beside_the_incident_that_this_ends(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        set_back(w)
        assert w.database.read(freeze_module.why_frozen, "A", "shop") is not None
        by = ("ana", "the feed is off")
        w.database.write(freeze_module.unfreeze, "A", "shop", now=w.now, by=by)

        assert w.database.read(freeze_module.why_frozen, "A", "shop") is None
        assert w.database.read(
            lambda c: c.execute("SELECT closed_by, closed_why FROM incidents").fetchall()
        ) == [by]
