import pytest

from console.text.confirmation import Asking, asking, typed_count, undoable
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
    ("one", "asked"),
    [
        (change(31, 17), Asking.NOTHING),
        (change(31, 11), Asking.NOTHING),
        (change(31, 10), Asking.YES),
        (change(2, 0), Asking.YES),
        (change(2, 3), Asking.YES),
        (change(None, 3), Asking.YES),
        (change(5, 4, state="disabled"), Asking.YES),
        (change(500, 100), Asking.COUNT),
        (change(100, 500), Asking.COUNT),
    ],
)
def test_a_single_small_reduction_is_one_key_and_all_else_is_asked(
    one: Correction, asked: Asking
) -> None:
    assert asking([one]) is asked


def test_reductions_in_bulk_want_a_y_until_they_are_big() -> None:
    few = [change(10, 9, number=n) for n in range(1, 4)]
    many = [change(10, 9, number=n) for n in range(1, 30)]
    to_zero = [change(1, 0, number=n) for n in range(1, 8)]

    assert asking(few) is Asking.YES
    assert asking(many) is Asking.COUNT
    assert asking(to_zero) is Asking.COUNT


def test_one_raise_in_a_bulk_wants_the_count() -> None:
    batch = [change(10, 9), change(9, 10, number=2)]

    assert asking(batch) is Asking.COUNT
    assert typed_count(batch) == 2


def test_a_single_big_one_wants_its_units_typed() -> None:
    assert typed_count([change(500, 100)]) == 400


def test_only_an_approval_in_its_hold_can_be_undone() -> None:
    proposed = change(2, 1)

    assert not undoable(proposed, 0)
