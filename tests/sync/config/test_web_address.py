"""`[web] url`: where people open the console in a browser."""

import pytest

from tests.sync.config_text import SMALLEST, errors_of, read


def test_nobody_is_led_anywhere_unless_it_is_said() -> None:
    assert read(SMALLEST).web_url is None
    said = SMALLEST + '\n[web]\nurl = "https://skew.example"\n'
    assert read(said).web_url == "https://skew.example"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("skew.example", "must begin with https:// and a host"),
        ("https://ana:x@skew.example", "must not contain a user or password"),
        ("https://skew.example/?token=x", "looks like a secret"),
        ("https://skew.example/?page=2", "must end before `?`"),
    ],
)
def test_it_is_an_address_and_nothing_more(url: str, says: str) -> None:
    found = errors_of(SMALLEST + f'\n[web]\nurl = "{url}"\n')
    assert any(says in words for words in found.values()), found
    assert "x@" not in str(found)
