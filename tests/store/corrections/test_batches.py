"""A batch is all that one person approved in one act, however much that is."""

from pathlib import Path

import pytest

from store.corrections import batches, decisions
from store.model import Correction
from tests.store.world import World, stock, world

COUNT = 23


def approve(w: World, those: list[Correction], second: int | None = None) -> None:
    seen = [(update.id, update.version) for update in those]
    w.database.write(
        decisions.approve,
        seen,
        who="ana",
        now=w.now,
        hold_ms=0,
        expires_ms=900_000,
        second_person_above=second,
    )
    w.now += 1


def batch_of(w: World, update: Correction) -> list[int]:
    batch = w.database.read(batches.of_correction, update.id, now=w.now)
    assert batch is not None
    return sorted(member.correction.id for member in batch.members)


@pytest.mark.parametrize("looked_at", [1, 3, 1_000])
def test_it_is_whole_from_any_of_its_updates_and_no_other_act_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr(batches, "_LOOKED_AT", looked_at)
    skus = [f"S{number:02}" for number in range(COUNT)]
    with world(tmp_path) as w:
        w.poll("warehouse", stock(**dict.fromkeys(skus, 4)))
        w.twice("shop", stock(**dict.fromkeys(skus, 9)))
        updates = sorted(w.updates(), key=lambda update: update.id)
        first, second, third = updates[:5], updates[5:20], updates[20:]
        for act in (first, second, third):
            approve(w, act)

        for act in (first, second, third):
            ids = [update.id for update in act]
            assert {tuple(batch_of(w, update)) for update in act} == {tuple(ids)}


def test_those_that_wait_for_a_second_person_between_do_not_part_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_LOOKED_AT", 2)
    high = {f"M{number}": 99 for number in range(6)}
    with world(tmp_path) as w:
        w.poll("warehouse", stock(**dict.fromkeys(["A", *high, "Z"], 4)))
        w.twice("shop", stock(A=9, **high, Z=9))
        updates = sorted(w.updates(), key=lambda update: update.sku)
        approve(w, updates, second=50)

        assert batch_of(w, updates[0]) == [updates[0].id, updates[-1].id]
