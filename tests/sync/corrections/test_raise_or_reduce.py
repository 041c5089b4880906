import pytest

from store.model import Correction
from sync.corrections.decide import raise_or_reduce
from tests.blank_values import correction


def change(
    before: tuple[int | None, str | None], after: tuple[int | None, str | None]
) -> Correction:
    return correction(
        from_quantity=before[0], from_state=before[1], to_quantity=after[0], to_state=after[1]
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
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
    before: tuple[int | None, str | None], after: tuple[int | None, str | None], expected: str
) -> None:
    assert raise_or_reduce(change(before, after)) == expected
