"""`skew status` by the receipt of its configuration: the same answer, or the command's own."""

from pathlib import Path
from typing import Any

import pytest

from console.commands.look import quick_status
from store.database.connection import Database
from sync.clock import SystemClock
from sync.config import receipts
from sync.config.load import load
from sync.targets import terms
from tests.console.command_shop import configure, seed


@pytest.fixture
def quick(seeded: Path, skew: Any) -> Any:
    """Answer quickly, after the command itself was run once; None where it is not possible."""
    skew("status")

    def _quick(*args: str) -> int | None:
        return quick_status.answer(args)

    assert receipts.find(seeded) is not None
    return _quick


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--json",),
        ("--config", "skew.toml"),
        ("--config=skew.toml", "--json"),
        ("--json", "--config", "other.toml", "--config", "skew.toml"),
    ],
)
def test_the_quick_answer_is_the_commands_own(
    args: tuple[str, ...],
    quick: Any,
    skew: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = SystemClock().now()
    monkeypatch.setattr(SystemClock, "now", lambda _: now)
    code = quick(*args)
    quickly = capsys.readouterr()
    # A flag before the command is read by click.
    slow = skew("--config", "skew.toml", "status", *args)

    assert (code, quickly.out, quickly.err) == (slow.code, slow.out, slow.err)


@pytest.mark.parametrize("args", [("--help",), ("-h",), ("x",), ("--config",), ("--config=",)])
def test_whatever_else_is_said_is_left_to_the_command(args: tuple[str, ...], quick: Any) -> None:
    assert quick() is not None
    assert quick(*args) is None


def test_a_changed_configuration_is_checked_anew(quick: Any, seeded: Path, skew: Any) -> None:
    seeded.write_text(f"{seeded.read_text()}\n[chanels]\n")
    assert quick() is None
    ran = skew("status")
    assert (ran.code, ran.out) == (2, "")
    assert "chanels" in ran.err


def test_a_policy_that_was_changed_counts_at_once(seeded: Path, skew: Any, quick: Any) -> None:
    before = skew("status", "--json").json["disagreements"]
    seeded.write_text(f"{seeded.read_text()}buffer = 3\n")
    first, second = (skew("status", "--json").json["disagreements"] for _ in range(2))
    assert first == second != before
    assert quick() == 1


def test_a_cache_that_another_configuration_has_brought_in_line_is_looked_at_by_the_command(
    quick: Any, seeded: Path
) -> None:
    other = seeded.with_name("other.toml")
    other.write_text(f"{seeded.read_text()}every = '2h'\n")
    settings = load(other, None)
    with Database.open(settings.database) as database:
        database.write(terms.comparison(settings).configure, now=1)
    assert quick() is None


def test_a_cache_of_another_schema_is_left_to_the_command(quick: Any, seeded: Path) -> None:
    with Database.open(load(seeded, None).database) as database:
        database.write(lambda connection: connection.execute("PRAGMA user_version = 999"))
    assert quick() is None


def test_a_cache_that_is_gone_is_left_to_the_command(quick: Any, seeded: Path, skew: Any) -> None:
    for file in seeded.parent.glob("skew.db*"):
        file.unlink()
    assert quick() is None
    assert skew("status").code == 1


@pytest.mark.parametrize("variable", ["HOME", "XDG_DATA_HOME"])
def test_another_place_for_caches_is_another_cache(
    variable: str, quick: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert quick() is None


def test_another_program_checks_for_itself(quick: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "_program", lambda: (1, 2, 3))
    assert quick() is None


def test_a_receipt_that_was_cut_short_is_none(quick: Any, seeded: Path) -> None:
    place = Path(receipts._place(seeded))
    place.write_bytes(place.read_bytes()[:40])
    assert quick() is None


def test_a_receipt_is_for_its_user_alone(quick: Any, seeded: Path) -> None:
    assert quick() is not None
    assert Path(receipts._place(seeded)).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "more",
    [
        'stale_after = "1s"\n',
        '[catalogue]\nbundles = "bundles.csv"\n',
        '[approval]\nmode = "rules"\n',
    ],
)
def test_what_warns_or_rests_on_other_files_gets_no_receipt(
    more: str, tmp_path: Path, skew: Any
) -> None:
    path = seed(tmp_path)
    path.write_text(f"{path.read_text()}{more}")
    (tmp_path / "bundles.csv").write_text("bundle,sku,quantity\n")
    first = skew("status", "--config", str(path))
    assert receipts.find(path) is None
    assert skew("status", "--config", str(path)).err == first.err


def test_a_folder_that_cannot_be_written_is_no_trouble(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    path = seed(tmp_path)
    ran = skew("status", "--config", str(path))
    assert (ran.code, ran.err) == (1, "")
    assert receipts.find(path) is None


def test_a_link_that_leads_elsewhere_now_is_another_file(tmp_path: Path, skew: Any) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        configure(tmp_path / name)
    link = tmp_path / "now"
    link.symlink_to(tmp_path / "a")
    skew("status", "--config", str(link / "skew.toml"))
    assert receipts.find(link / "skew.toml") is not None
    link.unlink()
    link.symlink_to(tmp_path / "b")
    assert receipts.find(link / "skew.toml") is None
