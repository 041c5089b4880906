"""The keys of a file: each alone and in wrong company."""

import pytest

from tests.sync.config_text import SMALLEST, errors_of


@pytest.mark.parametrize(
    ("keys", "key", "words"),
    [
        (
            'timezone = "Germany/Berlin"',
            "timezone",
            '"Germany/Berlin" is not a time zone: did you mean "Europe/Berlin"?',
        ),
        ("skip = -1", "skip", "must be 0 to 1,000 lines, not -1"),
        ("skip = 9999", "skip", "must be 0 to 1,000 lines, not 9999"),
        ('skip = "2"', "skip", "must be a whole number, not text in quotes"),
        ("delimiter = '\"'", "delimiter", 'must be one character such as ";", not """'),
        ('delimiter = "::"', "delimiter", 'must be one character such as ";", not "::"'),
        (
            'encoding = "base64"',
            "encoding",
            '"base64" is not known; use utf-8, cp1252 or utf-16',
        ),
        (
            'words = { "5" = "absent" }',
            "words",
            (
                '"5" is a number, which means itself; a word is text, such as "not stocked" = '
                '"absent", or a number that counts nothing: negative, or 999, 9999 …'
            ),
        ),
        ("timezone = 1", "timezone", 'must be a time zone such as "Europe/Berlin", not 1'),
    ],
)
def test_a_key_that_cannot_work_is_refused_with_one_that_can(
    keys: str, key: str, words: str
) -> None:
    assert errors_of(SMALLEST + keys) == {
        f"channels.warehouse.{key}": f"channels.warehouse.{key}: {words}"
    }
