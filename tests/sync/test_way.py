import pytest

from store.model import Correction, CorrectionStatus
from sync.decide import way


def correction(
    before: tuple[int | None, str | None], after: tuple[int | None, str | None]
) -> Correction:
    return Correction(
        id=1,
        listing_id=1,
        sku="LMP-ARC-BLK",
        title="Table lamp",
        channel="shop",
        location="",
        status=CorrectionStatus.PROPOSED,
        version=1,
        from_quantity=before[0],
        from_state=before[1],
        to_quantity=after[0],
        to_state=after[1],
        price_minor=None,
        proposed_at=0,
        decided_at=None,
        decided_by=None,
        second_by=None,
        hold_until=None,
        expires_at=None,
        snoozed_until=None,
        note=None,
        result=None,
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((10, "active"), (1, "active"), "reduce"),
        ((1, "active"), (10, "active"), "raise"),
        ((10, None), (1, None), "reduce"),
        ((4, "active"), (4, "disabled"), "reduce"),
        ((4, "disabled"), (4, "active"), "raise"),
        ((10, "hold"), (1, "active"), "raise"),
        ((None, None), (1, None), "raise"),
    ],
)
def test_a_write_is_a_raise_only_where_it_lets_more_be_sold(
    before: tuple[int | None, str | None], after: tuple[int | None, str | None], told: str
) -> None:
    assert way(correction(before, after)) == told
