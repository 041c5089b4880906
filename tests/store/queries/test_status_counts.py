"""What the header counts of the updates, however many of them stand in one status."""

from collections import Counter
from pathlib import Path

import pytest

from store.history import rewind
from store.queries import status_counts
from tests.store.correction_steps import approve, correct
from tests.store.world import MINUTE, World, stock, world


def counted(w: World) -> dict[str, int]:
    found = w.database.read(status_counts.status, now=w.now).updates
    assert {status: count for status, count in found.items() if count} == Counter(
        status for (status,) in w.rows("SELECT status FROM corrections")
    )
    return dict(found)


@pytest.mark.parametrize("superseded", [0, 1, 40])
def test_updates_are_counted_by_status_whichever_is_the_usual_one(
    tmp_path: Path, superseded: int
) -> None:
    with world(tmp_path) as w:
        assert set(counted(w).values()) == {0}
        w.poll("warehouse", stock(A=4, B=9, C=1))
        w.twice("shop", stock(A=9, B=12, C=2))
        correct(w, "A")
        for shown in range(superseded):
            w.poll("warehouse", stock(A=4, B=9, C=1))
            w.poll("shop", stock(A=4, B=12, C=3 + shown))
        before, then = counted(w), w.now
        w.now += MINUTE
        approve(w, *(update.id for update in w.updates() if update.sku == "B"))

        after = counted(w)

        assert (before["superseded"], before["verified"], before["proposed"]) == (superseded, 1, 2)
        assert (after["approved"], after["proposed"]) == (1, 1)
        with rewind.open_at(w.database.path, then) as past:
            assert past.read(status_counts.status, now=then).updates == before
