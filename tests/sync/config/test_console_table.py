"""`[console]`: the banner, and a console that decides nothing."""

import pytest

from tests.sync.config_text import SMALLEST, errors_of, read


def test_without_the_table_there_is_no_banner_and_decisions_are_let_through() -> None:
    console = read(SMALLEST).console
    assert (console.banner, console.read_only) == (None, False)


def test_a_banner_is_red_unless_it_is_said() -> None:
    assert read(SMALLEST + '\n[console]\nbanner = "PRODUCTION"\n').console.banner_tone == "red"


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ('baner = "X"', "console.baner", "is not a known key; did you mean `banner`?"),
        ('read_only = "yes"', "console.read_only", "must be true or false"),
        ('banner = ""', "console.banner", "length >= 1"),
        ('banner = "a\\u0007b"', "console.banner", "can't be shown"),
        ('banner_tone = "red"', "console.banner_tone", "colours nothing"),
        ('banner = "X"\nbanner_tone = "pink"', "console.banner_tone", 'not "pink"'),
    ],
)
def test_what_is_wrong_is_named_with_its_key(line: str, key: str, says: str) -> None:
    assert says in errors_of(f"{SMALLEST}\n[console]\n{line}\n")[key]
