"""What a person hears while the cache is brought up to date: only where that takes long."""

import io
import sys
from pathlib import Path

import pytest

from console import context
from store.database import schema
from store.database.upgrade.slices import MigrationProgress
from tests.store.database.upgrade.sliced import ALL, make_old


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_old(tmp_path / "skew.db")
    monkeypatch.setattr(schema, "MIGRATIONS", ALL)
    return tmp_path / "skew.db"


def test_in_a_terminal_one_line_moves(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "QUIET_S", 0.0)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    context.open_database(old).close()

    lines = [line.rstrip() for line in terminal.getvalue().splitlines()]
    assert "skew: bringing the cache up to date: 7,500 of 15,000 numbers" in lines
    assert "skew: bringing the cache up to date: 15,000 of 15,000 words" in lines
    assert lines[-1].startswith("skew: the cache is migrated; as it was before: ")
    assert terminal.getvalue().count("\n") == 2


def test_elsewhere_it_is_said_once(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(context, "QUIET_S", 0.0)
    context.open_database(old).close()
    first, second = capsys.readouterr().err.splitlines()
    assert first == "skew: bringing the cache up to date: 15,000 numbers, and more"
    assert second.startswith("skew: the cache is migrated; as it was before: ")


def test_what_is_done_at_once_is_not_worth_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    line = context.MigrationLine()
    line(MigrationProgress("listings", 1, 2))
    line.end()
    assert capsys.readouterr().err == ""
