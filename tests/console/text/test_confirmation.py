import pytest

from console.text.confirmation import Confirmation, can_undo, confirmation_for, typed_count
from store.model import Correction
from tests.blank_values import correction


def change(
    before: int | None, after: int, *, number: int = 1, state: str | None = None
) -> Correction:
    return correction(
        id=number,
        listing_id=number,
        sku=f"S{number}",
        from_quantity=before,
        from_state="active" if state else None,
        to_quantity=after,
        to_state=state,
        price_minor=100,
    )


@pytest.mark.parametrize(
    ("correction", "asked"),
    [
        (change(31, 17), Confirmation.NOTHING),
        (change(31, 11), Confirmation.NOTHING),
        (change(31, 10), Confirmation.YES),
        (change(2, 0), Confirmation.YES),
        (change(2, 3), Confirmation.YES),
        (change(None, 3), Confirmation.YES),
        (change(5, 4, state="disabled"), Confirmation.YES),
        (change(500, 100), Confirmation.COUNT),
        (change(100, 500), Confirmation.COUNT),
    ],
)
def test_a_single_small_reduction_is_one_key_and_all_else_is_asked(
    correction: Correction, asked: Confirmation
) -> None:
    assert confirmation_for([correction]) is asked


def test_reductions_in_bulk_want_a_y_until_they_are_big() -> None:
    few = [change(10, 9, number=n) for n in range(1, 4)]
    many = [change(10, 9, number=n) for n in range(1, 30)]
    to_zero = [change(1, 0, number=n) for n in range(1, 8)]

    assert confirmation_for(few) is Confirmation.YES
    assert confirmation_for(many) is Confirmation.COUNT
    assert confirmation_for(to_zero) is Confirmation.COUNT


def test_one_raise_in_a_bulk_wants_the_count() -> None:
    batch = [change(10, 9), change(9, 10, number=2)]

    assert confirmation_for(batch) is Confirmation.COUNT
    assert typed_count(batch) == 2


def test_a_single_big_one_wants_its_units_typed() -> None:
    assert typed_count([change(500, 100)]) == 400


def test_only_an_approval_in_its_hold_can_be_undone() -> None:
    proposed = change(2, 1)

    assert not can_undo(proposed, 0)
