"""The commands: what they print where, and the exit code that they promise."""

import csv
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import console
import store
import sync
from console.__main__ import run
from console.cli import COMMANDS
from store.model import Record
from tests.console.support import configure, seed, set_aside

ROOT = Path(__file__).parents[2]


class Ran:
    """What a command answered, and what it printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def skew(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command in this process."""

    def _skew(*args: str) -> Ran:
        code = run(list(args))
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return _skew


def test_our_packages_are_the_ones_that_are_imported() -> None:
    for package in (console, store, sync):
        assert Path(package.__file__ or "").parent.parent == ROOT


def test_every_command_is_there_and_its_help_has_an_example(skew: Any) -> None:
    listed = skew("--help")
    assert listed.code == 0
    for name in COMMANDS:
        assert f"  {name} " in listed.out
        told = skew(name, "--help")
        assert told.code == 0
        assert "Example" in told.out
        assert f"    skew {name}" in told.out or "$(skew" in told.out


def test_every_command_takes_the_configuration_but_three(skew: Any) -> None:
    without = {name for name in COMMANDS if "--config" not in skew(name, "--help").out}
    assert without == {"demo", "init", "channels", "completion"}


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


def test_help_answers_within_four_times_an_empty_python() -> None:
    def took(*args: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *args], cwd=ROOT, capture_output=True, check=True)
        return time.perf_counter() - began

    # The least of many, in turns: what else the machine does only ever adds.
    pairs = [(took("-c", "pass"), took("-m", "console", "--help")) for _ in range(9)]
    bare, helped = (min(times) for times in zip(*pairs, strict=True))
    assert helped <= 4 * bare, statistics.fmean(helped for _, helped in pairs)


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
    checked = skew("check")
    assert checked.code == 0
    assert "configuration OK: 1 channel" in checked.out


def test_check_tells_where_secrets_come_from_and_never_what_they_are(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret-value")
    ran = skew("check")
    assert ran.code == 0
    assert "SHOP_KEY" in ran.out
    assert "s3cret-value" not in ran.out + ran.err
    answers = skew("check", "--json").json["checklist"]
    assert answers[0]["answer"] == "warehouse, for quantities and states"


def test_check_online_exits_2_where_a_channel_cannot_be_signed_in_to(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret-value")
    (seeded.parent / "warehouse.csv").write_text("sku,available\nLAMP,14\n")
    ran = skew("check", "--online", "--json")
    assert ran.code == 2
    assert {one["channel"]: one["ok"] for one in ran.json["online"]} == {
        "warehouse": True,
        "shop": False,
        "market": False,
    }
    assert "s3cret-value" not in ran.out + ran.err


def test_status_has_the_keys_of_the_design_and_exits_1_while_anything_is_open(
    seeded: Path, skew: Any
) -> None:
    ran = skew("status", "--json")
    assert (ran.code, ran.err) == (1, "")
    told = ran.json
    assert list(told) == ["channels", "disagreements", "updates", "incidents", "engine"]
    assert list(told["channels"][0]) == [
        "name", "kind", "roles", "freshness", "last_success_at", "age_s", "listings", "last_error",
        "unexplained_units",
    ]  # fmt: skip
    assert [one["freshness"] for one in told["channels"]] == ["fresh"] * 3
    assert told["disagreements"] == {"open": 2, "settling": 1, "unknown": 0}
    assert told["updates"]["proposed"] == 2
    assert told["updates"]["verified"] == 0
    assert told["engine"] == {"running": False, "holder": None}
    assert 0 <= told["channels"][0]["age_s"] < 60
    assert told["channels"][0]["last_success_at"].endswith("Z")


def test_status_exits_0_when_all_is_well(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(tmp_path, {name: [Record("LAMP", 14)] for name in ("warehouse", "shop", "market")})
    monkeypatch.chdir(tmp_path)
    assert skew("status").code == 0
    assert skew("diff").code == 0
    assert skew("diff").out == "No disagreements.\n"


def test_status_before_the_first_poll_lists_the_channels_as_never_read(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = skew("status", "--json")
    assert ran.code == 1
    assert [one["freshness"] for one in ran.json["channels"]] == ["never"] * 3


def test_diff_does_not_pass_off_what_it_cannot_know_as_agreement(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = skew("diff")
    assert ran.out == "No disagreements known.\n"
    assert "skew: shop was never read: `skew poll` reads it\n" in ran.err

    seed(tmp_path)
    set_aside(tmp_path / "skew.toml", "market", "2 of 3 listings are gone")
    told = skew("diff", "--channel", "shop", "--json")
    assert (told.err, len(told.json["disagreements"])) == ("", 2)
    told = skew("diff", "--channel", "market", "--json")
    assert "the last poll of market is set aside: `skew accept market` believes it" in told.err


def test_diff_has_the_keys_of_the_design_and_exits_1_where_there_are_some(
    seeded: Path, skew: Any
) -> None:
    ran = skew("diff", "--json", "--channel", "shop", "--sku", "LAMP")
    (one,) = ran.json["disagreements"]
    assert ran.code == 1
    assert list(one) == [
        "id", "sku", "channel", "location", "kind", "status", "reason", "reading", "target",
        "delta", "oversell_units", "undersell_units", "money_at_risk", "first_seen_at",
        "last_seen_at", "cause",
    ]  # fmt: skip
    assert (one["sku"], one["kind"], one["status"]) == ("LAMP", "quantity", "open")
    assert (one["reading"]["available"], one["target"]["quantity"], one["delta"]) == (31, 14, -17)
    assert (one["oversell_units"], one["undersell_units"], one["money_at_risk"]) == (17, 0, 323.0)
    assert set(one["cause"]) == {"kind", "confidence", "evidence"}


def test_diff_is_filtered_by_channel_sku_pattern_and_kind(seeded: Path, skew: Any) -> None:
    def skus(*args: str) -> set[str]:
        return {one["sku"] for one in skew("diff", "--json", *args).json["disagreements"]}

    assert skus() == {"LAMP", "KETTLE", "=CABLE"}
    assert skus("--channel", "market") == {"=CABLE"}
    assert skus("--sku", "L*", "--sku", "KETTLE") == {"LAMP", "KETTLE"}
    assert skus("--kind", "missing") == set()
    assert skew("diff", "--channel", "shp").code == 2


def test_diff_shows_the_blank_by_which_two_skus_differ(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(tmp_path, {"warehouse": [Record("LAMP ", 14)], "shop": [Record("LAMP", 14)]})
    monkeypatch.chdir(tmp_path)
    shown = skew("diff", "--channel", "shop").out
    assert "LAMP␠  shop     missing" in shown
    assert "LAMP   shop     unlisted" in shown


def test_no_cell_of_the_csv_can_be_a_formula(seeded: Path, skew: Any) -> None:
    rows = list(csv.DictReader(skew("diff", "--csv").out.splitlines()))
    assert {row["sku"] for row in rows} == {"LAMP", "KETTLE", "'=CABLE"}
    assert next(row for row in rows if row["sku"] == "LAMP")["delta"] == "-17"


def test_no_report_lets_a_channels_text_reach_the_terminal_raw(seeded: Path, skew: Any) -> None:
    for args in (
        ("diff",), ("diff", "--json"), ("diff", "--csv"), ("updates",), ("updates", "--json"),
        ("history", "LAMP"), ("history", "LAMP", "--json"), ("status",),
    ):  # fmt: skip
        printed = skew(*args)
        shown = (printed.out + printed.err).replace("\n", "")
        assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown), args


def test_a_table_to_a_pipe_is_never_cut_and_has_no_colour(seeded: Path, skew: Any) -> None:
    assert "…" not in skew("diff").out
    assert "\x1b" not in skew("diff").out


def test_updates_have_the_keys_of_the_design(seeded: Path, skew: Any) -> None:
    found = skew("updates", "--json").json["updates"]
    assert list(found[0]) == [
        "id", "sku", "channel", "location", "status", "from", "to", "version", "proposed_at",
        "decided_by", "note", "result",
    ]  # fmt: skip
    lamp = next(one for one in found if one["sku"] == "LAMP")
    assert (lamp["from"]["quantity"], lamp["to"]["quantity"]) == (31, 14)
    assert lamp["status"] == "proposed"


def update_of(skew: Any, sku: str) -> dict[str, Any]:
    found = skew("updates", "--json", "--sku", sku).json["updates"]
    assert isinstance(found[0], dict)
    return found[0]


def test_an_approval_is_kept_with_who_and_why_and_can_be_undone(seeded: Path, skew: Any) -> None:
    one = update_of(skew, "LAMP")

    approved = skew("approve", str(one["id"]), "--by", "ana", "--note", "counted")

    assert approved.code == 0
    assert approved.out == "1 update approved.\n"
    after = update_of(skew, "LAMP")
    assert (after["status"], after["decided_by"], after["note"]) == ("approved", "ana", "counted")
    assert skew("undo", f"#{one['id']}", "--by", "ana").code == 0
    assert update_of(skew, "LAMP")["status"] == "proposed"


def test_an_approval_of_a_version_that_moved_on_is_void_and_says_why(
    seeded: Path, skew: Any
) -> None:
    one = update_of(skew, "LAMP")
    ran = skew("approve", f"{one['id']}@{one['version'] + 1}", "--json")
    assert ran.code == 1
    (decision,) = ran.json["decisions"]
    assert (decision["id"], decision["ok"]) == (one["id"], False)
    assert decision["why"]
    assert skew("approve", "999").code == 1


def test_approving_all_tells_its_effect_first_and_keeps_to_the_filters(
    seeded: Path, skew: Any
) -> None:
    ran = skew("approve", "--all", "--sku", "L*")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "1 update on 1 SKU over 1 channel: ▲ 0 units up, ▼ 17 down, 0 to zero; worth ▲ 0.00 ▼ 323",
        "1 update approved.",
    ]
    assert update_of(skew, "KETTLE")["status"] == "proposed"
    rest = skew("approve", "--all", "--channel", "shop", "--json")
    assert rest.json["effect"]["to_zero"] == 1
    assert [one["ok"] for one in rest.json["decisions"]] == [True]


def test_a_rejection_and_a_snooze_are_kept(seeded: Path, skew: Any) -> None:
    lamp, kettle = update_of(skew, "LAMP")["id"], update_of(skew, "KETTLE")["id"]
    assert skew("reject", str(lamp), "--reason", "recount").code == 0
    assert skew("snooze", str(kettle), "--for", "2h").code == 0
    assert update_of(skew, "LAMP")["status"] == "rejected"
    assert update_of(skew, "KETTLE")["status"] == "snoozed"
    assert skew("snooze", str(kettle), "--for", "soon").code == 2


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


def test_a_quarantined_poll_is_accepted_by_name(seeded: Path, skew: Any) -> None:
    set_aside(seeded, "market", "2 of 3 listings are gone")
    told = skew("status", "--json").json
    assert told["channels"][2]["freshness"] == "quarantined"
    assert told["incidents"][0]["kind"] == "quarantined"
    assert "are gone; `skew accept market` believes it" in skew("status").out

    assert skew("accept", "market", "--by", "ana").code == 0

    assert skew("status", "--json").json["channels"][2]["freshness"] == "fresh"
    again = skew("accept", "market")
    assert (again.code, again.out) == (1, "")


def test_a_history_tells_readings_disagreements_and_decisions(seeded: Path, skew: Any) -> None:
    skew("approve", str(update_of(skew, "LAMP")["id"]), "--by", "ana")
    told = skew("history", "LAMP", "--json").json
    assert told["sku"] == "LAMP"
    assert {"reading", "correction", "disagreement"} <= {one["kind"] for one in told["entries"]}
    assert all(one["at"].endswith("Z") and one["channel"] for one in told["entries"])
    assert "approved by ana" in skew("history", "LAMP").out


def test_an_unknown_sku_has_an_empty_history_and_a_note(seeded: Path, skew: Any) -> None:
    ran = skew("history", "lamp", "--json")
    assert (ran.code, ran.json) == (
        0, {"sku": "lamp", "entries": [], "conservation": [], "thinned_before": None}
    )  # fmt: skip
    assert "capitals and spaces included" in ran.err


def test_the_kinds_of_channel_are_listed_with_what_they_can_do(skew: Any) -> None:
    told = skew("channels", "--json").json["channels"]
    assert {one["kind"] for one in told} >= {"csv", "simulated"}
    assert {"kind", "reads", "states", "writes", "compare_and_set", "idempotency", "batch_max"} <= (
        set(told[0])
    )
    assert "csv" in skew("channels").out


def test_a_cache_that_is_none_is_refused_and_left_alone(seeded: Path, skew: Any) -> None:
    cache = seeded.parent / "skew.db"
    cache.write_bytes(b"my shopping list, not a cache, and rather longer than a header" * 20)
    before = cache.read_bytes()
    ran = skew("status")
    assert (ran.code, ran.out) == (1, "")
    assert "is not a cache of ours" in ran.err
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


def test_a_terminal_that_lacks_a_glyph_gets_a_question_mark(seeded: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "console", "status", "--config", str(seeded)],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        encoding="latin-1",
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "? fresh" in ran.stdout
