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
        ("timezone = 1", "timezone", 'must be a time zone such as "Europe/Berlin", not 1'),
    ],
)
def test_a_key_that_cannot_work_is_refused_with_one_that_can(
    keys: str, key: str, words: str
) -> None:
    assert errors_of(SMALLEST + keys) == {
        f"channels.warehouse.{key}": f"channels.warehouse.{key}: {words}"
    }
