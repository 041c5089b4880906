"""`skew service install`: the unit, as systemd itself reads it."""

import getpass
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.console.command_shop import configure

ANALYZE = shutil.which("systemd-analyze")


@pytest.fixture(autouse=True)
def _user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)


def verified(content: str, folder: Path) -> str:
    """What systemd says against a unit; it must be named as one."""
    if ANALYZE is None:
        pytest.skip("systemd-analyze is missing")
    path = folder / "skew-test.service"
    path.write_text(content)
    ran = subprocess.run(
        [ANALYZE, "verify", str(path)], capture_output=True, text=True, check=False
    )
    return ran.stderr


def value(content: str, key: str) -> str:
    [found] = [
        line.removeprefix(f"{key}=") for line in content.splitlines() if line.startswith(f"{key}=")
    ]
    return found


@pytest.mark.parametrize("scope", [("--user",), ("--system", "--as", "daemon")])
@pytest.mark.parametrize("name", ["acme", 'a "new" shop\'s 100% $HOME'])
def test_systemd_finds_nothing_wrong_with_the_unit(
    tmp_path: Path, skew: Any, scope: tuple[str, ...], name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = configure(folder)

    ran = skew("service", "install", *scope, "--print", "--config", str(path))

    assert (ran.code, ran.err) == (0, "")
    assert verified(ran.out, tmp_path) == ""


def test_the_unit_is_supervised_reloaded_and_may_write_to_its_cache_alone(
    seeded: Path, skew: Any
) -> None:
    unit = skew("service", "install", "--user", "--print").out

    assert value(unit, "Type") == "notify"
    assert value(unit, "ExecReload") == "/bin/kill -HUP $MAINPID"
    assert value(unit, "WatchdogSec")
    assert value(unit, "ExecStart").endswith(f"daemon --config {seeded.resolve()}")
    assert Path(value(unit, "ExecStart").split()[0]).exists()
    assert value(unit, "ReadWritePaths").split()[0] == str(seeded.resolve().parent)
    assert "NoNewPrivileges=yes" in unit


def test_a_users_unit_is_written_where_systemd_looks(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))

    ran = skew("service", "install", "--user", "--name", "acme")

    path = tmp_path / "home/systemd/user/acme.service"
    assert ran.code == 0
    assert path.read_text() == skew("service", "install", "--user", "--print").out
    assert "systemctl --user enable --now acme" in ran.out
    assert "variables that skew.toml names go into" in ran.err


@pytest.mark.long
def test_a_folder_that_can_t_be_written_to_is_said(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").write_text("a file")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))

    ran = skew("service", "install", "--user")

    assert ran.code == 1
    assert "Not a directory; --print prints the unit" in ran.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "say for whom: --user, or --system"),
        (("--user", "--as", "daemon"), "--as needs --system"),
        (("--user", "--name", "../skew"), "letters, digits, - and _ only"),
        (("--system", "--as", "no-such-user-here"), "no such user on this machine"),
    ],
)
def test_a_wrong_use_exits_2(seeded: Path, skew: Any, args: tuple[str, ...], words: str) -> None:
    ran = skew("service", "install", *args, "--print")

    assert ran.code == 2
    assert words in ran.err


@pytest.mark.long
def test_root_says_who_it_runs_as_and_sudo_needs_not(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "root")
    refused = skew("service", "install", "--system", "--print")
    monkeypatch.setenv("SUDO_USER", "daemon")
    unit = skew("service", "install", "--system", "--print").out

    assert refused.code == 2
    assert "say which user it runs as" in refused.err
    assert value(unit, "User") == "daemon"


@pytest.mark.long
def test_a_cache_in_ones_own_home_is_of_no_use_to_another_user(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = configure(tmp_path)
    path.write_text(path.read_text().replace('database = "skew.db"', ""))

    ran = skew("service", "install", "--system", "--as", "nobody", "--print", "--config", str(path))

    assert ran.code == 2
    assert 'add database = "skew.db"' in ran.err


def test_a_wrong_configuration_is_not_installed(seeded: Path, skew: Any) -> None:
    seeded.write_text("[authority]\n")

    assert skew("service", "install", "--user", "--print").code == 2
