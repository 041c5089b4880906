"""Fixtures of the console's tests."""

from pathlib import Path

import pytest

from tests.console.support import seed


@pytest.fixture
def seeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration and a cache in it, entered; answers the configuration."""
    path = seed(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKEW_CONFIG", raising=False)
    return path
