"""Fixtures of the console's tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from tests.console.command_shop import Ran, seed
from tests.console.small_shop import Shop


@pytest.fixture(autouse=True)
def _no_report_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a crash's report written into the test's own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(autouse=True)
def _the_same_terminal_and_user_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test depend on whose terminal it runs in, or on how they like their console."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    for name in ("NO_COLOR", "SKEW_CONSOLE", "TMUX", "STY", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def seeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration and a cache in it, entered; answers the configuration."""
    path = seed(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKEW_CONFIG", raising=False)
    return path


@pytest.fixture(scope="session")
def opened_shop(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The cache of a small shop that was opened: its clock stands still, so one serves them all."""
    opened = Shop(tmp_path_factory.mktemp("opened"))
    opened.open()
    opened.database.close()
    return opened.settings.database.read_bytes()


@pytest.fixture
def shop(tmp_path: Path, opened_shop: bytes) -> Iterator[Shop]:
    """A small shop in a real cache, with four disagreements whose updates are proposed."""
    (tmp_path / "skew.db").write_bytes(opened_shop)
    opened = Shop(tmp_path)
    yield opened
    opened.database.close()


@pytest.fixture
def skew(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command in this process."""

    def _skew(*args: str) -> Ran:
        code = run(list(args))
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return _skew
