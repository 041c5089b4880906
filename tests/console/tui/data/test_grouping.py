"""Folding, the next of the worst, and the line of ages: pure."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.tui.data.filters.disagreement_filter import parse
from console.tui.data.grouping import AGE_FILTERS, NOTHING, flat, folded, jump, worst
from store.queries.ranking_values import AGE_EDGES_MS, Grouped, Ranked, Severity

OVER, UNDER, ACKED = Severity.OVERSELL, Severity.UNDERSELL, Severity.ACKNOWLEDGED


def ranked(*rows: tuple[int, Severity, int]) -> Ranked:
    return Ranked(
        array("q", (row[0] for row in rows)),
        bytes(row[1] for row in rows),
        bytes(len(rows)),
        array("q", (row[2] for row in rows)),
    )


def total(group_id: int, count: int, severity: Severity) -> tuple[object, ...]:
    return (group_id, "shop", "", count, count, 0, 0, 0, None, 0, 0, severity, 0)


ROWS = ranked((1, OVER, -2), (2, UNDER, -3), (3, UNDER, -2), (4, ACKED, -3))
GROUPED = Grouped(ROWS, [total(-2, 2, OVER), total(-3, 2, UNDER)])


def test_folded_groups_stand_for_the_worst_in_them() -> None:
    listed = folded(GROUPED, ())

    assert list(listed.ids) == [-2, -3]
    assert list(listed.severities) == [OVER, UNDER]
    assert listed.members(-3) == [2, 4]


def test_an_open_group_is_followed_by_its_members_and_speaks_no_more_itself() -> None:
    listed = folded(GROUPED, {-2})

    assert list(listed.ids) == [-2, 1, 3, -3]
    assert list(listed.severities) == [NOTHING, OVER, UNDER, UNDER]


def test_a_groups_mark_says_whether_all_of_it_is_marked_or_some() -> None:
    listed = folded(GROUPED, ())

    assert listed.marked({1, 3, 4}) == {-2: "x", -3: "+"}
    assert listed.marked(set()) == {}
    assert flat(ROWS).marked({1}) == {}


def test_the_next_of_the_worst_goes_round_and_never_to_what_is_acknowledged() -> None:
    tags = bytes((UNDER, OVER, ACKED, OVER))

    assert worst(tags) == OVER
    assert [jump(tags, place, forward=True) for place in range(4)] == [1, 3, 3, 1]
    assert [jump(tags, place, forward=False) for place in range(4)] == [3, 3, 1, 1]
    assert jump(bytes((ACKED, NOTHING)), 0, forward=True) is None


@given(st.binary(min_size=1, max_size=40), st.data())
def test_a_jump_ends_on_one_of_the_worst_wherever_it_begins(
    tags: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(tags) - 1))
    for forward in (True, False):
        found, to = worst(tags), jump(tags, place, forward=forward)
        assert (found is None) == (to is None)
        assert to is None or tags[to] == found


@pytest.mark.parametrize("place", range(len(AGE_FILTERS)))
def test_every_bucket_has_a_filter_that_narrows_to_just_it(place: int) -> None:
    wanted = parse(AGE_FILTERS[place])
    edges = (None, *AGE_EDGES_MS, None)
    assert (wanted.age_min_ms, wanted.age_max_ms) == (edges[place], edges[place + 1])
