"""The past of a small shop, kept as that of a large one is."""

from collections.abc import Iterator

import pytest

from store.cells import instants


@pytest.fixture(autouse=True, scope="package")
def _shared_instants() -> Iterator[None]:
    """Keep each instant once, however few cells share it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(instants, "MANY", 1)
        yield
