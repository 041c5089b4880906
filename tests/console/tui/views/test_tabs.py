"""The line of the tabs where there is little room."""

import pytest

from console.keys.action import PageName
from console.tui.views import header

FILTER = "filter: thing 99  (esc clears)"


@pytest.mark.parametrize("place", [PageName.DISAGREEMENTS, PageName.SKU])
def test_a_filter_stays_in_sight_where_the_tabs_leave_it_no_room(place: PageName) -> None:
    bare = header.tabs(None, place, note="", width=60).plain
    filtered = header.tabs(None, place, note=FILTER, width=60).plain

    assert ("5 SKU" in bare, "6 Check" in bare) == (True, True)
    assert "filter: thi" in filtered
    assert "6 Check" not in filtered
    assert "1 Disagree" in filtered
    assert ("5 SKU" in filtered) == (place is PageName.SKU)
    assert len(filtered) <= 60
