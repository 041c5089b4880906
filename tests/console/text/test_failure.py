"""What an exception says to the operator: the right words, the right code, and no secret."""

import contextlib
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console.__main__ import run
from console.text import failure
from store.database import opening
from store.errors import DatabaseBusy, NewerDatabase
from sync.errors import ConfigError, ConfigErrors, NeedsOperator, Temporary
from tests.console.command_shop import seed


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """That an earlier test has opened one is none of these tests' concern."""
    monkeypatch.setattr(opening, "opened", [])


def int_of(text: str) -> None:
    raise ValueError(text)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ConfigErrors("a.toml", (ConfigError("x.y", "is wrong"),)), 2, "a.toml: x.y: is wrong"),
        (ConfigError("channels.shop.token", "is not set"), 2, "channels.shop.token: is not set"),
        (NewerDatabase("skew.db was written by a newer Skew"), 1, "skew.db was written"),
        (DatabaseBusy("locked"), 1, "locked"),
        (NeedsOperator("401, credential SHOP_KEY"), 1, "401, credential SHOP_KEY"),
        (PermissionError(13, "Permission denied", "skew.db"), 1, "skew.db: Permission denied"),
        (Temporary("hostile \x1b[2J words"), 1, "hostile ␛[2J words"),
    ],
)
def test_what_is_expected_is_reported_in_its_own_words(
    capsys: pytest.CaptureFixture[str], error: Exception, code: int, message: str
) -> None:
    assert failure.report(error) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert "bug" not in printed.err


def test_a_bug_is_shown_in_two_lines_with_a_private_report_that_holds_no_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("SHOP_KEY", "s3cret-value")
    with pytest.raises(ValueError, match="sent") as caught:
        int_of("sent s3cret-value, Bearer abc.def to http://me:pw@host/")
    code = failure.report(caught.value)

    (report,) = (tmp_path / "skew").iterdir()
    printed = capsys.readouterr().err
    written = report.read_text()
    assert code == 1
    assert "a bug in Skew: ValueError" in printed
    assert str(report) in printed
    assert "Traceback" in written
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    for secret in ("s3cret-value", "abc.def", "me:pw"):
        assert secret not in printed + written


@pytest.mark.parametrize("is_there", [False, True])
def test_beside_a_cache_in_which_nothing_is_wrong_or_that_has_gone_it_is_a_bug(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_there: bool,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    seed(tmp_path)
    monkeypatch.setattr(opening, "opened", [str(tmp_path / "skew.db")])
    if not is_there:
        (tmp_path / "skew.db").unlink()

    failure.report(ValueError("odd"))

    assert "a bug in Skew: ValueError: odd" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_no_second_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "skew").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert failure.report(RuntimeError("odd")) == 1
    assert capsys.readouterr().err == "skew: this is a bug in Skew: RuntimeError: odd\n"


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "full", "code"),
    [
        (["channels"], "stdout", 1),
        (["--help"], "stdout", 1),
        (["status", "--nonsense"], "stderr", 2),
        (["status", "--config", "nowhere.toml"], "stderr", 2),
        (["daemon", "--config", "nowhere.toml"], "stderr", 2),
    ],
)
def test_on_a_full_disk_the_exit_code_is_the_same_and_nothing_is_called_a_bug(
    arguments: list[str], full: str, code: int
) -> None:
    with Path("/dev/full").open("w") as device:
        ended = subprocess.run(
            [sys.executable, "-m", "console", *arguments],
            stdout=device if full == "stdout" else subprocess.PIPE,
            stderr=device if full == "stderr" else subprocess.PIPE,
            text=True,
            check=False,
        )

    assert ended.returncode == code
    if full == "stdout":
        assert ended.stderr == "skew: cannot write: No space left on device\n"


@pytest.mark.parametrize(
    "change", ["UPDATE polls SET outcome = 'goo'", "UPDATE channels SET listings = 'many'"]
)
def test_what_fails_on_a_cache_that_another_program_changed_is_no_bug(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    seed(tmp_path)
    monkeypatch.chdir(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "skew.db")) as connection, connection:
        connection.execute(change)

    code = run(["status"])

    printed = capsys.readouterr().err
    assert code == 1
    assert "skew.db is damaged, or another program has changed it: " in printed
    assert "bug" not in printed
    assert failure.bug_in_the_console(ValueError()) == printed.rstrip()
