"""Instants as text: what is read can be written back."""

import pytest

from sync.clock import from_rfc3339, rfc3339


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.000Z"])
def test_the_first_and_the_last_instant_are_written_as_they_were_read(text: str) -> None:
    assert rfc3339(from_rfc3339(text)) == text


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.9999Z"],
)
def test_an_instant_of_no_year_that_can_be_written_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="out of range"):
        from_rfc3339(text)
