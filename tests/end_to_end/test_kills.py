"""Twenty kills of the daemon and the console; `.ci/run --long` does three hundred."""

from pathlib import Path

import pytest

from tests.end_to_end import kills


@pytest.mark.long
def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    figures = kills.run(tmp_path, 20, seed=7)
    assert sum(figures.kills.values()) == 20
    assert figures.written > 20
