"""The line of ages under the list of disagreements."""

from console.tui.views.age_line import age_line


def test_ages_have_bars_where_there_is_room_and_are_left_out_where_there_is_none() -> None:
    counts = (3, 40, 0, 1, 0, 0)
    wide, narrow, least = (
        "".join(cell.text for cell in age_line(counts, width)) for width in (120, 50, 20)
    )

    assert wide == " ages  <5m ▂ 3  <1h █ 40  <4h 0  <1d ▂ 1  <7d 0  7d+ 0 "
    assert narrow == " ages  <5m 3  <1h 40  <4h 0  <1d 1  <7d 0  7d+ 0 "
    assert least == ""
    assert age_line((0,) * 6, 120) == []
