import msgspec
import pytest

from console.text.confirmation import (
    Confirmation,
    can_undo,
    confirmation_for,
    typed_count,
    why_asked,
)
from store.model import Correction
from sync.settings import ApprovalSettings
from tests.blank_values import correction

USUAL = ApprovalSettings()


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
    assert confirmation_for([correction], USUAL) is asked


@pytest.mark.parametrize(
    ("above", "money", "correction", "asked"),
    [
        (0, None, change(31, 30), True),
        (5, None, change(31, 26), False),
        (5, None, change(31, 25), True),
        (20, 9.5, change(31, 22), False),
        (20, 9.5, change(31, 21), True),
        (20, 0, change(31, 30), True),
        (1_000, None, change(31, 0), True),
        (1_000, None, change(30, 31), True),
        (1_000, None, change(31, 30, state="disabled"), True),
    ],
)
def test_how_small_a_reduction_needs_no_question_is_set(
    above: int, money: float | None, correction: Correction, *, asked: bool
) -> None:
    approval = ApprovalSettings(ask_above=above, ask_above_money=money)

    assert (confirmation_for([correction], approval) is not Confirmation.NOTHING) is asked


def test_without_a_price_the_units_decide() -> None:
    approval = ApprovalSettings(ask_above_money=1)
    unpriced = msgspec.structs.replace(change(31, 20), price_minor=None)

    assert confirmation_for([unpriced], approval) is Confirmation.NOTHING


@pytest.mark.parametrize(
    ("approval", "batch", "words"),
    [
        (USUAL, [change(31, 10)], "no question up to 20 units: [approval] ask_above"),
        (USUAL, [change(1, 2)], "a raise always asks; one reduction up to 20 units does not:"),
        (USUAL, [change(1, 0)], "a change to zero always asks;"),
        (ApprovalSettings(ask_above=0), [change(3, 2)], "every approval asks:"),
        (
            ApprovalSettings(ask_above_money=50),
            [change(99, 1)],
            "20 units worth 50.00: [approval] ask_above, ask_above_money",
        ),
    ],
)
def test_a_question_says_why_it_is_asked(
    approval: ApprovalSettings, batch: list[Correction], words: str
) -> None:
    assert words in why_asked(batch, approval)


def test_reductions_in_bulk_want_a_y_until_they_are_big() -> None:
    few = [change(10, 9, number=n) for n in range(1, 4)]
    many = [change(10, 9, number=n) for n in range(1, 30)]
    to_zero = [change(1, 0, number=n) for n in range(1, 8)]

    assert confirmation_for(few, USUAL) is Confirmation.YES
    assert confirmation_for(many, USUAL) is Confirmation.COUNT
    assert confirmation_for(to_zero, USUAL) is Confirmation.COUNT


def test_one_raise_in_a_bulk_wants_the_count() -> None:
    batch = [change(10, 9), change(9, 10, number=2)]

    assert confirmation_for(batch, USUAL) is Confirmation.COUNT
    assert typed_count(batch) == 2


def test_a_single_big_one_wants_its_units_typed() -> None:
    assert typed_count([change(500, 100)]) == 400


def test_only_an_approval_in_its_hold_can_be_undone() -> None:
    proposed = change(2, 1)

    assert not can_undo(proposed, 0)
