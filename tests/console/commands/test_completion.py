"""`skew completion`: what a shell offers at TAB, and how that is installed and undone."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run

SHELLS = ["bash", "zsh", "fish"]
START_FILES = {"bash": ".bashrc", "zsh": ".zshrc", "fish": None}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    place = tmp_path / "my home"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    return place


@pytest.mark.long
@pytest.mark.parametrize("shell", SHELLS)
def test_installed_twice_it_stands_there_once_and_says_how_to_undo_it(
    home: Path, skew: Any, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    start = START_FILES[shell]
    if start:
        (home / start).write_text("alias l=ls")

    first, second = skew("completion", "--install"), skew("completion", "--install")

    assert (first.code, second.code) == (0, 0)
    written = {path for path in home.rglob("*") if path.is_file()}
    (script,) = {path for path in written if path.name != start}
    assert "_SKEW_COMPLETE" in script.read_text()
    assert f"wrote {script}" in first.out
    assert f"To undo it: rm '{script}'" in second.out
    if start:
        before, line = (home / start).read_text().splitlines()
        assert before == "alias l=ls"
        assert f"added to {home / start}: {line}" in first.out
        assert "added to" not in second.out
        assert f"delete the line `{line}` in {home / start}" in second.out
    if shutil.which(shell):
        ran = subprocess.run(
            [shell, "-c", f". '{home / start if start else script}'"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, "")


def test_an_unknown_login_shell_is_named(home: Path, skew: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    ran = skew("completion", "--install")
    assert (ran.code, ran.out) == (2, "")
    assert "your login shell (tcsh) is not known here" in ran.err
    assert list(home.iterdir()) == []


def test_a_start_file_that_cannot_be_written_is_named(home: Path, skew: Any) -> None:
    (home / ".bashrc").mkdir()
    ran = skew("completion", "bash", "--install")
    assert ran.code == 1
    assert f"{home / '.bashrc'}: Is a directory" in ran.err


@pytest.mark.parametrize("line", ["skew pause ", "skew diff --channel ", "skew poll warehouse "])
def test_the_channels_of_the_configuration_are_offered(
    seeded: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    line: str,
) -> None:
    def offered() -> set[str]:
        with pytest.raises(SystemExit, match="0"):
            run([])
        # Where nothing is offered, some versions of click print an empty line.
        return set(capsys.readouterr().out.splitlines()) - {""}

    monkeypatch.setenv("_SKEW_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split())))

    assert {"plain,warehouse", "plain,shop"} <= offered()

    seeded.write_text("[channels")
    assert offered() == set()
