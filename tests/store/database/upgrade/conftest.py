"""A cache that is to be migrated in slices."""

from pathlib import Path

import pytest

from store.database import schema
from store.database.upgrade import migrating
from tests.store.database.upgrade.sliced import ALL, make_old


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that needs the migration, in a program that has it."""
    path = tmp_path / "skew.db"
    make_old(path)
    monkeypatch.setattr(schema, "MIGRATIONS", ALL)
    monkeypatch.setattr(migrating, "STANDS_STILL_S", 0.2)
    monkeypatch.setattr(migrating, "WATCH_EVERY_S", 0.01)
    return path
