"""What an update of ours did, late or to another SKU too: never called a second writer."""

import pytest

from store.causes.facts import PoolTwin, Update
from store.model import CorrectionStatus, Kind
from tests.sync.cause_case import at, cause_of, differs, event, kind_of, update


@pytest.mark.parametrize(
    ("status", "became"),
    [
        (CorrectionStatus.NOT_APPLIED, "it was accepted and not seen until"),
        (CorrectionStatus.UNKNOWN, "it was without a reply until"),
    ],
)
def test_an_update_of_ours_that_is_seen_late_is_no_second_writer(
    status: CorrectionStatus, became: str
) -> None:
    late = update(9, 4, status, minute=-3)
    shows = differs(4, 2, observed_at=at(0))
    cause = cause_of(shows, agreed_quantity=2, unproven=(late,))
    assert cause.kind == "late update"
    assert f"update #{late.id} from 9 to 4" in cause.evidence
    assert became in cause.evidence
    assert kind_of(differs(5, 2), agreed_quantity=2, unproven=(late,)) == "second writer"
    before = differs(4, 2, observed_at=at(-9))
    assert kind_of(before, agreed_quantity=2, unproven=(late,)) == "second writer"


def test_a_state_of_ours_that_is_seen_late_is_no_second_writer() -> None:
    disagreement = differs(3, None, kind=Kind.STATE, state="disabled", target_state="active",
                           observed_at=at(0))  # fmt: skip
    late = Update(9, CorrectionStatus.UNKNOWN, 3, "active", 3, "disabled", at(-1), at(-1))
    assert cause_of(disagreement, agreed_state="active", unproven=(late,)).kind == "late update"


def test_a_sku_that_moves_with_another_is_in_a_pool_with_it() -> None:
    ours = PoolTwin("KET-L", update(9, 4, minute=-1))
    cause = cause_of(differs(4, 9), agreed_quantity=9, twins=(ours,))
    assert cause.kind == "shared pool"
    assert "when update #881 of KET-L did" in cause.evidence
    alike = PoolTwin("KET-L", None, (9, 8, 6, 4))
    cause = cause_of(differs(4, 9), agreed_quantity=9, twins=(alike,))
    assert "moved together through 3 changes (9, 8, 6, 4)" in cause.evidence
    sold = event(quantity=5)
    assert kind_of(differs(4, 7), agreed_quantity=9, twins=(alike,), events=(sold,)) != (
        "shared pool"
    )
