"""The commands: what they print where, and the exit code that they promise."""

import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import console
import store
import sync
from console.cli import COMMANDS
from tests.console.command_shop import drop_files, seed, update_of

ROOT = Path(__file__).parents[3]


def test_our_packages_are_the_ones_that_are_imported() -> None:
    for package in (console, store, sync):
        assert Path(package.__file__ or "").parent.parent == ROOT


def test_every_command_is_there_and_its_help_has_an_example(skew: Any) -> None:
    listed = skew("--help")
    assert listed.code == 0
    for name in COMMANDS:
        assert f"  {name} " in listed.out
        helped = skew(name, "--help")
        assert helped.code == 0
        assert "Example" in helped.out
        assert f"    skew {name}" in helped.out or "$(skew" in helped.out


def test_every_command_takes_the_configuration_but_those_that_read_none(skew: Any) -> None:
    without = {name for name in COMMANDS if "--config" not in skew(name, "--help").out}
    assert without == {"demo", "init", "describe", "channels", "keys", "completion", "man"}


def test_a_mistyped_command_is_met_with_the_nearest(skew: Any) -> None:
    ran = skew("staus")
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean `status`?" in ran.err


def test_help_imports_nothing_heavy() -> None:
    heavy = "{'msgspec', 'sqlite3', 'httpx', 'textual', 'asyncio', 'apscheduler', 'structlog'}"
    program = (
        "import sys; from console.__main__ import run; run(['--help']);"
        f"print(sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stderr.strip() == "[]"


def test_reports_import_neither_the_screen_nor_the_network(seeded: Path) -> None:
    program = (
        "import sys; from console.__main__ import run; run(['status', '--config', sys.argv[1]]);"
        "print(sorted({'httpx', 'textual', 'apscheduler'} & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(seeded)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr.strip() == "[]"


@pytest.mark.long
def test_help_answers_within_twice_an_empty_python() -> None:
    def took(*args: str) -> float:
        """Processor time, which does not hang on what else the machine does."""
        began = subprocess.Popen([sys.executable, *args], cwd=ROOT, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(began.pid, 0)
        began.returncode = os.waitstatus_to_exitcode(status)
        assert began.returncode == 0
        return used.ru_utime + used.ru_stime

    pairs = [(took("-c", "pass"), took("-m", "console", "--help")) for _ in range(7)]
    bare, helped = (min(times) for times in zip(*pairs, strict=True))
    assert helped <= 2 * bare, statistics.fmean(helped for _, helped in pairs)


def test_a_wrong_configuration_exits_2_with_every_error_on_stderr(
    tmp_path: Path, skew: Any
) -> None:
    path = tmp_path / "skew.toml"
    path.write_text("[authority]\nquantity = 'w'\n[chanels]\n")
    ran = skew("status", "--config", str(path))
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 3
    assert all(line.startswith(f"skew: {path}: ") for line in ran.err.splitlines())


def test_the_configuration_may_stand_before_or_after_the_command_or_in_the_environment(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(seed(tmp_path))
    assert skew("updates", "--config", path).code == 0
    assert skew("--config", path, "updates").code == 0
    assert skew("updates").code == 2
    monkeypatch.setenv("SKEW_CONFIG", path)
    assert skew("updates").code == 0


def test_a_missing_secret_stops_what_polls_but_not_what_reads(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_KEY", raising=False)
    for command in ("check", "poll", "apply", "watch", "daemon"):
        ran = skew(command)
        assert (ran.code, ran.out) == (2, "")
        assert "channels.shop.token" in ran.err
        assert "SHOP_KEY" in ran.err
    assert skew("diff").code == 1


def test_init_writes_a_configuration_that_checks_and_overwrites_nothing(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "acme"
    assert skew("init", str(folder)).code == 0
    (folder / "mine.txt").write_text("kept")
    again = skew("init", str(folder))
    assert again.code == 1
    assert "nothing was written" in again.err
    monkeypatch.chdir(folder)
    without = skew("check")
    assert without.code == 2
    assert without.out.startswith("✖ warehouse: warehouse.csv not found in ")
    assert "configuration OK" not in without.out
    (folder / "warehouse.csv").write_text("sku,available\nLAMP,14\n")
    checked = skew("check")
    assert checked.code == 0
    assert checked.out.startswith("configuration OK: 1 channel")


def test_check_tells_where_secrets_come_from_and_never_what_they_are(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret-value")
    drop_files(seeded)
    ran = skew("check")
    assert ran.code == 0
    assert "SHOP_KEY" in ran.out
    assert "s3cret-value" not in ran.out + ran.err
    answers = skew("check", "--json").json["checklist"]
    assert answers[0]["answer"] == "warehouse, for quantities and states"


@pytest.mark.long
def test_check_online_exits_2_where_a_channel_cannot_be_signed_in_to(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret-value")
    (seeded.parent / "warehouse.csv").write_text("sku,available\nLAMP,14\n")
    ran = skew("check", "--online", "--json")
    assert ran.code == 2
    assert {sign_in["channel"]: sign_in["ok"] for sign_in in ran.json["online"]} == {
        "warehouse": True,
        "shop": False,
        "market": False,
    }
    assert "s3cret-value" not in ran.out + ran.err


@pytest.mark.parametrize(
    "args",
    [
        ("approve",),
        ("approve", "1", "--all"),
        ("approve", "1", "--channel", "shop"),
        ("approve", "twelve"),
        ("approve", "1@"),
        ("approve", "--all", "--channel", "shp"),
        ("diff", "--json", "--csv"),
        ("diff", "--kind", "colour"),
        ("poll", "shp"),
        ("accept", "shp"),
        ("demo", "--for", "long"),
        ("history", "\udcff"),
        ("unfreeze", "\udcff"),
        ("updates", "--sku", "\udcff"),
        ("diff", "--sku", "\udcff*"),
        ("approve", "--all", "--sku", "A", "--sku", "\udcff"),
        ("approve", "--all", "--by", "\udcff"),
        ("reject", "1", "--note", "\udcff"),
    ],
)
def test_a_wrong_use_exits_2_and_changes_nothing(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SHOP_KEY", "key")
    ran = skew(*args)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err
    assert update_of(skew, "LAMP")["status"] == "proposed"


@pytest.mark.parametrize("command", ["watch", "demo"])
def test_the_console_is_not_painted_where_there_is_no_terminal(
    seeded: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "k")
    ran = subprocess.run(
        [sys.executable, "-m", "console", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SKEW_CONFIG": str(seeded)},
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "The console needs a terminal" in ran.stderr
    assert "\x1b" not in ran.stderr


def test_the_kinds_of_channel_are_listed_with_what_they_can_do(skew: Any) -> None:
    kinds = skew("channels", "--json").json["channels"]
    assert {kind["kind"] for kind in kinds} >= {"csv", "simulated"}
    assert {"kind", "reads", "states", "writes", "compare_and_set", "idempotency", "batch_max"} <= (
        set(kinds[0])
    )
    assert "csv" in skew("channels").out


def test_a_cache_that_is_none_is_refused_and_left_alone(seeded: Path, skew: Any) -> None:
    cache = seeded.parent / "skew.db"
    cache.write_bytes(b"my shopping list, not a cache, and rather longer than a header" * 20)
    before = cache.read_bytes()
    ran = skew("status")
    assert (ran.code, ran.out) == (1, "")
    assert "is not a cache of Skew" in ran.err
    assert cache.read_bytes() == before


def test_a_reader_that_goes_away_is_no_error(seeded: Path) -> None:
    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m console diff --json --config {seeded} | true"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_for_skew(skew: Any, shell: str) -> None:
    ran = skew("completion", shell)
    assert ran.code == 0
    assert "_SKEW_COMPLETE" in ran.out


def test_completion_offers_the_commands() -> None:
    environ = os.environ | {
        "_SKEW_COMPLETE": "bash_complete",
        "COMP_WORDS": "skew st",
        "COMP_CWORD": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "console"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "plain,status" in ran.stdout


def test_a_terminal_that_lacks_a_glyph_gets_what_stands_for_it(seeded: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "console", "status", "--config", str(seeded)],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        encoding="latin-1",
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "o fresh" in ran.stdout
