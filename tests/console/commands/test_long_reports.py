"""Reports of any length: the bytes of a short one, one snapshot, little memory, and clean ends."""

import contextlib
import csv
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from console.reports.streaming import disagreement_pages, parts
from store.corrections import decisions
from store.database.connection import Database
from store.errors import StoreError
from store.model import CorrectionStatus, Disagreement, Record
from store.polling import merge, staging
from store.queries import views
from sync.clock import SystemClock
from sync.config.load import load
from sync.targets import terms
from tests.console.command_shop import seed
from tests.long_run import first, is_long

PAGE = 4
FORMS = (
    ("diff", "--json"), ("diff", "--csv"), ("diff",), ("diff", "--by", "sku", "--json"),
    ("diff", "--by", "cause"), ("diff", "--by", "channel", "--csv"), ("updates", "--json"),
    ("updates",), ("updates", "--all"), ("history", "SKU-0", "--json"), ("history", "SKU-0"),
    ("history", "SKU-0", "--at", "0s"), ("history", "SKU-0", "--at", "0s", "--json"),
    ("incidents",), ("incidents", "--all", "--json"),
)  # fmt: skip

Page = Callable[..., list[Disagreement]]


def stock(count: int) -> dict[str, list[Record]]:
    """A shop that shows three too many of every SKU but the last, which it lacks."""
    skus = [f"SKU-{number}" for number in range(count)]
    return {
        "warehouse": [Record(sku, 10 + number) for number, sku in enumerate(skus)],
        "shop": [Record(sku, 13 + n, price_minor=100 * n or None) for n, sku in enumerate(skus)],
        "market": [],
    }


@pytest.fixture(autouse=True)
def _one_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no age and no verdict change between two reports."""
    now = SystemClock().now()
    monkeypatch.setattr(SystemClock, "now", lambda _: now)


def in_pages_of(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    for module in (disagreement_pages, parts):
        monkeypatch.setattr(module, "ROWS", rows)


def spoil(monkeypatch: pytest.MonkeyPatch, trouble: Callable[[], None]) -> list[int]:
    """Let something happen before the second page; answers the sizes of the pages read."""
    read: Page = views.disagreements_by_id
    sizes: list[int] = []

    def page(connection: Any, ids: Sequence[int], **options: Any) -> list[Disagreement]:
        sizes.append(len(ids))
        if len(sizes) == 2:
            trouble()
        return read(connection, ids, **options)

    monkeypatch.setattr(views, "disagreements_by_id", page)
    return sizes


@pytest.mark.parametrize("count", first(2, (PAGE + 1, 0, 1, PAGE - 1, PAGE, 2 * PAGE, 23)))
def test_a_report_in_pages_has_the_bytes_of_one_in_a_single_page(
    count: int, tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(tmp_path, stock(count))
    monkeypatch.chdir(tmp_path)
    forms = FORMS if is_long() else FORMS[::3]
    at_once = [skew(*form) for form in forms]

    in_pages_of(monkeypatch, PAGE)

    for form, expected in zip(forms, at_once, strict=True):
        found = skew(*form)
        assert (form, found.code, found.err) == (form, expected.code, expected.err)
        if "--json" in form or "--csv" in form:
            assert found.out == expected.out
        else:
            # A table's columns are as wide as the rows until then need.
            assert found.out.split() == expected.out.split()


def test_no_page_is_larger_than_it_may_be(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(tmp_path, stock(11))
    monkeypatch.chdir(tmp_path)
    in_pages_of(monkeypatch, PAGE)
    sizes = spoil(monkeypatch, lambda: None)
    skew("diff", "--json", "--channel", "shop")
    assert sizes == [4, 4, 3]


def test_a_longer_number_on_a_later_page_is_not_cut(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stock(9)
    found["shop"][8] = Record("SKU-8", 18 + 123_456_789)
    seed(tmp_path, found)
    monkeypatch.chdir(tmp_path)
    in_pages_of(monkeypatch, 1)
    out = skew("diff", "--channel", "shop").out
    assert "123,456,807" in out
    assert "−123,456,789" in out
    assert out.count("SKU ") == 1


@pytest.mark.parametrize("form", [("--json",), ("--csv",), ()])
def test_all_pages_are_of_one_instant(
    form: tuple[str, ...], tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a report is written, a poll ends every disagreement: none of it is in the report."""
    path = seed(tmp_path, stock(9))
    monkeypatch.chdir(tmp_path)
    in_pages_of(monkeypatch, PAGE)
    expected = skew("diff", *form).out

    def agree() -> None:
        comparison = terms.comparison(load(path, None))
        now = SystemClock().now()
        with Database.open(tmp_path / "skew.db") as database:
            sweep = database.write(staging.begin, "shop", None, now=now)
            database.write(staging.stage, sweep, stock(9)["warehouse"], (), None)
            database.write(merge.merge, sweep, comparison, now=now, as_of=now)

    with monkeypatch.context() as during:
        spoil(during, agree)
        assert skew("diff", *form).out == expected
    assert skew("diff", "--channel", "shop", *form).out != expected


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (StoreError("skew.db: disk I/O error"), 1, "skew: skew.db: disk I/O error\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_a_report_that_broke_off_is_not_taken_for_whole(
    error: BaseException, code: int, words: str, form: str, *, tmp_path: Path, skew: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    seed(tmp_path, stock(9))
    monkeypatch.chdir(tmp_path)
    in_pages_of(monkeypatch, PAGE)

    def fail() -> None:
        raise error

    spoil(monkeypatch, fail)
    ran = skew("diff", form)
    assert ran.code == code
    assert ran.err.endswith(words)
    assert "SKU-" in ran.out
    if form == "--json":
        with pytest.raises(json.JSONDecodeError):
            json.loads(ran.out)
    else:
        with pytest.raises(csv.Error):
            list(csv.reader(ran.out.splitlines(keepends=True), strict=True))
        assert not list(csv.reader(ran.out.splitlines(keepends=True)))[-1][0].isdigit()


def test_a_pattern_in_brackets_finds_what_it_names(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(tmp_path, stock(13))
    monkeypatch.chdir(tmp_path)
    in_pages_of(monkeypatch, PAGE)

    def skus(*patterns: str) -> list[str]:
        asked = [option for pattern in patterns for option in ("--sku", pattern)]
        found = skew("diff", "--json", "--channel", "shop", *asked).json["disagreements"]
        return sorted(row["sku"] for row in found)

    assert skus("SKU-[1-3]") == ["SKU-1", "SKU-2", "SKU-3"]
    assert skus("SKU-[!0-9]") == []
    assert skus("SKU-1?") == ["SKU-10", "SKU-11", "SKU-12"]
    assert skus("SKU-1?", "SKU-4") == ["SKU-10", "SKU-11", "SKU-12", "SKU-4"]
    assert skus("SKU-[12]", "SKU-1?") == ["SKU-1", "SKU-10", "SKU-11", "SKU-12", "SKU-2"]
    assert skew("diff", "--sku", "SKU-[12]", "--csv").code == 1


def test_ended_updates_are_listed_below_the_pending_ones(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = seed(tmp_path, stock(7))
    monkeypatch.chdir(tmp_path)
    listed = skew("updates", "--json").json["updates"]
    with Database.open(load(path, None).database) as database:
        database.write(
            decisions.reject, [(listed[0]["id"], None)], who="ana", now=SystemClock().now(),
            reason="counted",
        )  # fmt: skip
    in_pages_of(monkeypatch, PAGE)
    after = skew("updates", "--json").json["updates"]
    assert [update["id"] for update in after] == [
        update["id"] for update in (*listed[1:], listed[0])
    ]
    assert after[-1]["status"] == CorrectionStatus.REJECTED
    assert len(skew("updates").out.splitlines()) == 1 + len(listed) - 1


ROWS_OF = {"diff": 100_000, "updates": 50_000}
"""How many rows the long list has: each SKU is wrong on one channel, and another lacks it."""

_CHILD = """
import sys
from pathlib import Path
from console.__main__ import run
from console.text import streams
streams.configure()
code = run(sys.argv[1:])
# What getrusage calls its peak is that of its parent too, as it was when it was forked.
status = Path("/proc/self/status")
text = status.read_text() if status.exists() else "VmHWM: 0 kB"
known = dict(line.split(":", 1) for line in text.splitlines())
peak = int(known["VmHWM"].split()[0]) // 1024
print(f"peak {peak} MB", file=sys.stderr)
sys.exit(code)
"""


def child(folder: Path, *args: str) -> "subprocess.Popen[str]":
    """A command in a process of its own, whose last line on stderr is its peak memory."""
    environment = {**os.environ, "SKEW_CONFIG": str(folder / "skew.toml")}
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, *args], cwd=Path(__file__).parents[3], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
    )  # fmt: skip


@pytest.mark.parametrize("form", first(1, ("--json", "--csv", "--by=sku")))
def test_a_reader_that_goes_away_ends_the_report_quietly(form: str, tmp_path: Path) -> None:
    seed(tmp_path, stock(400))
    with child(tmp_path, "diff", form) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        errors = running.stderr.read()
    assert running.returncode == 141
    (line,) = errors.splitlines()
    assert line.startswith("peak ")


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no peak of a process to read")
@pytest.mark.parametrize("args", [form for form in FORMS if "SKU-0" not in form])
def test_a_report_of_100_000_rows_takes_less_than_150_mb(
    args: tuple[str, ...], long_list: Path
) -> None:
    with child(long_list, *args) as running:
        out, errors = running.communicate()
    (peak,) = (int(line.split()[1]) for line in errors.splitlines() if line.startswith("peak"))
    assert peak <= 150
    assert out.count("\n") > ROWS_OF.get(args[0], 0)


@pytest.fixture(scope="module")
def long_list(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    seed(folder, stock(50_000))
    return folder


@pytest.mark.long
def test_a_reader_that_stands_still_does_not_keep_the_wal(tmp_path: Path) -> None:
    """Like `skew diff | less`: after the patience nothing of the report hangs on the cache."""
    seed(tmp_path, stock(20_000))
    running = child(tmp_path, "diff", "--json")
    assert running.stdout is not None
    begun = os.read(running.stdout.fileno(), 1).decode()

    # Emptying the WAL is refused for as long as somebody reads an older state of the cache.
    waited_s = 0.0
    with contextlib.closing(sqlite3.connect(tmp_path / "skew.db", timeout=0)) as writer:
        writer.execute("UPDATE channels SET last_error = NULL")
        writer.commit()
        while writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            time.sleep(0.1)
            waited_s += 0.1
            assert waited_s < 120

    rest, _ = running.communicate()
    assert len(json.loads(begun + rest)["disagreements"]) == 40_000
