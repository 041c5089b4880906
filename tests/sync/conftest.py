"""The engine's bench, for the tests of its parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database.connection import Database
from sync.settings import Settings
from tests.sync import scripted_channel
from tests.sync.scripted_channel import SHOPS, Bench, HandClock, Shop


@pytest.fixture
def shops(monkeypatch: pytest.MonkeyPatch) -> dict[str, Shop]:
    """A scripted warehouse and a scripted shop, which the registry knows."""
    scripted_channel.register(monkeypatch)
    SHOPS.update(warehouse=Shop(), shop=Shop())
    return SHOPS


@pytest.fixture
def bench(shops: dict[str, Shop], tmp_path: Path) -> Iterator[Bench]:
    settings = scripted_channel.settings_of(tmp_path)
    with Database.open(settings.database) as database:
        yield Bench(settings, database, HandClock())


@pytest.fixture
def settings(shops: dict[str, Shop], tmp_path: Path) -> Settings:
    quick = scripted_channel.settings_of(tmp_path)
    for name in quick.channels:
        quick = scripted_channel.changed(quick, name, every_ms=50, read_back_within_ms=300)
    return quick


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with Database.open(settings.database) as database:
        yield database
