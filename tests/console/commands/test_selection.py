"""Which updates a command means."""

from pathlib import Path

from console.commands.decide.updates import selection
from store.model import CorrectionStatus
from store.queries.values import DisagreementFilter
from tests.store.world import channel, record, world


def test_an_update_of_a_number_and_a_state_is_meant_once(tmp_path: Path) -> None:
    """It ends two disagreements, and is one write."""
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", [record("A", 0, state="disabled")])
        w.poll("shop", [record("A", 5, state="active")])
        assert {disagreement.kind for disagreement in w.diff()} == {"quantity", "state"}

        found = selection.corrections_of(
            w.database,
            DisagreementFilter(),
            lambda _: True,
            statuses=(CorrectionStatus.PROPOSED,),
            now=w.now,
        )
        assert [found_one.id for found_one in found] == [update.id for update in w.updates()]


def test_an_update_that_is_named_twice_is_meant_once() -> None:
    assert selection.seen_versions(["881", "#881", "12@3"]) == [(881, None), (12, 3)]
