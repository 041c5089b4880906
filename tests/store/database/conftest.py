"""The tests of the file itself make it as the program does."""

import pytest


@pytest.fixture(autouse=True)
def _new_caches_are_copies() -> None:
    """Run the migrations each time."""
