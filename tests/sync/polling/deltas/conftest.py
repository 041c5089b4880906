"""The fixtures of the tests of a channel that tells what changed."""

from dataclasses import replace

import pytest

from tests.sync.scripted_channel import Bench


@pytest.fixture
def swept(bench: Bench) -> Bench:
    """A shop that can list what changed, and the first full sweep of it behind."""
    bench.shop.abilities = replace(bench.shop.abilities, since=True)
    bench.shop.shows(A=3, B=4, C=5)
    return bench
