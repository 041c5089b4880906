"""`skew check`: what it prints, what it exits with, and that it leaves the cache alone."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from console.demo import shop as demo_shop
from console.reports import checklist as printed
from console.reports.table import Paper
from store.channels import incidents
from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.model import IncidentKind
from store.polling.events import EventOrigin
from sync import checklist
from sync.checklist import states
from sync.checklist.case import Answer
from sync.clock import SystemClock
from sync.config.load import load
from sync.targets import terms
from tests.console.command_shop import Ran, configure, drop_files, seed
from tests.store.recorded_events import record_events

QUESTIONS = [
    "Which system is the source of truth?",
    "Which events change stock or availability?",
    "Is one-way safer than two-way here?",
    "What happens to updates that arrive late, twice or out of order?",
    "How are mismatches found and resolved?",
    states.QUESTION,
]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `skew check` in this process."""
    monkeypatch.setenv("SHOP_KEY", "s3cret-value")

    def _check(path: Path, *args: str) -> Ran:
        code = run(["check", "--config", str(path), *args])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return _check


def conflict(path: Path) -> None:
    """An event of the shop that came again with a different body."""
    settings = load(path, None)
    now = SystemClock().now()
    conflicting = [Event("1", EventKind.ORDERED, "LAMP", number, now) for number in (1, 2)]
    with Database.open(settings.database) as database:
        compared = terms.comparison(settings)
        database.write(record_events, EventOrigin("shop", now), conflicting, compared)


def test_without_a_cache_the_configuration_alone_is_judged_and_none_is_made(
    tmp_path: Path, check: Any
) -> None:
    path = drop_files(configure(tmp_path))
    before = sorted(tmp_path.iterdir())
    ran = check(path)
    assert (ran.code, ran.err) == (0, "")
    assert [line for line in ran.out.splitlines() if line in QUESTIONS] == QUESTIONS
    assert "nothing measured yet" in ran.out
    assert "✖" not in ran.out
    assert sorted(tmp_path.iterdir()) == before


def test_as_json_each_answer_has_stable_keys(tmp_path: Path, check: Any) -> None:
    document = json.loads(check(configure(tmp_path), "--json").out)
    assert list(document) == ["checklist", "warnings", "measured"]
    assert [answer["question"] for answer in document["checklist"]] == QUESTIONS
    assert all(
        list(answer) == ["question", "answer", "evidence", "ok"] for answer in document["checklist"]
    )
    assert all(answer["ok"] is True for answer in document["checklist"])
    assert document["measured"] is None


def test_what_was_measured_is_shown_by_channel_in_seconds(tmp_path: Path, check: Any) -> None:
    ran = check(drop_files(seed(tmp_path)), "--json")
    assert ran.code == 0
    document = json.loads(ran.out)["measured"]
    assert [channel["name"] for channel in document["channels"]] == ["warehouse", "shop", "market"]
    shop = document["channels"][1]
    assert shop["polls"] == {"good": 1, "failed": 0, "quarantined": 0}
    assert set(shop["events"]) >= {"seen", "repeats", "late", "out_of_order", "conflicts"}
    assert shop["events"]["refused"] == 0
    assert set(shop["lag"]) == {"heard", "shown", "followed", "included", "overlooked"}
    assert shop["disagreements"] == [{"kind": "quantity", "status": "open", "count": 2}]
    assert shop["buffer"] == {"configured": 0, "justified": None}
    assert 0 <= shop["age_s"] < 60


def test_a_red_answer_says_so_in_a_sign_and_a_word_and_exits_2(tmp_path: Path, check: Any) -> None:
    path = seed(tmp_path)
    conflict(path)

    ran = check(path)
    assert ran.code == 2
    assert "  ✖ settings and behaviour disagree: shop sent 1 event again" in ran.out

    ran = check(path, "--json")
    assert ran.code == 2
    answers = json.loads(ran.out)["checklist"]
    assert [answer["ok"] for answer in answers] == [True, True, True, False, True, True]
    assert answers[3]["evidence"].startswith("shop sent 1 event again with other content")


def test_measured_figures_are_those_of_the_events(tmp_path: Path, check: Any) -> None:
    path = seed(tmp_path)
    conflict(path)
    document = json.loads(check(path, "--json").out)["measured"]["channels"][1]
    assert document["events"]["seen"] == 1
    assert document["events"]["kinds"] == {"ordered": 1}
    assert document["events"]["conflicts"] == 1
    assert document["lag"]["heard"] == {"count": 1, "p50_s": 0.0, "p95_s": 0.0}


def test_the_cache_is_read_and_not_written(tmp_path: Path, check: Any) -> None:
    path = seed(tmp_path)
    conflict(path)
    cache = tmp_path / "skew.db"
    before = cache.read_bytes()
    check(path)
    assert cache.read_bytes() == before


def test_an_older_cache_has_nothing_measured_and_is_not_brought_up_to_date(
    tmp_path: Path, check: Any
) -> None:
    path = drop_files(configure(tmp_path))
    (tmp_path / "skew.db").touch()
    ran = check(path)
    assert (ran.code, ran.err) == (0, "")
    assert "nothing measured yet" in ran.out
    assert (tmp_path / "skew.db").read_bytes() == b""


@pytest.mark.parametrize("content", [b"my shopping list, rather longer than a header" * 20])
def test_a_file_that_is_not_a_cache_is_named_in_a_line(
    tmp_path: Path, check: Any, content: bytes
) -> None:
    path = configure(tmp_path)
    (tmp_path / "skew.db").write_bytes(content)
    ran = check(path)
    assert (ran.code, ran.out) == (1, "")
    assert "is not a cache of Skew" in ran.err
    assert (tmp_path / "skew.db").read_bytes() == content


def test_what_a_channel_said_is_shown_as_text(tmp_path: Path, check: Any) -> None:
    path = seed(tmp_path)
    settings = load(path, None)
    now = SystemClock().now()
    hostile = Event("\x1b]0;owned\x07", EventKind.ORDERED, "\x1b[31mRED", 1, now)
    with Database.open(settings.database) as database:
        compared = terms.comparison(settings)
        database.write(record_events, EventOrigin("shop", now), [hostile], compared)
    ran = check(path)
    assert "no channel has shown SKU ␛[31mRED yet" in ran.out
    assert "\x1b" not in ran.out


def test_what_is_fought_over_is_counted(tmp_path: Path, check: Any) -> None:
    path = seed(tmp_path)
    with Database.open(load(path, None).database) as database:
        database.write(
            incidents.raise_incident, "shop", IncidentKind.SECOND_WRITER, "set back",
            now=SystemClock().now(), key="LAMP",
        )  # fmt: skip
    ran = check(drop_files(path))
    assert ran.code == 0
    assert "0 frozen, second writer 1" in ran.out


def test_the_policy_of_each_channel_is_shown(tmp_path: Path, check: Any) -> None:
    path = configure(tmp_path)
    path.write_text(
        path.read_text().replace(
            'direction = "push"', 'direction = "push"\nbuffer = 2\nshare = "50%"\ncap = 9'
        )
    )
    assert "buffer 2, share 50%, cap 9" in check(path).out


def test_the_demo_is_red_nowhere() -> None:
    with demo_shop(SystemClock()) as settings:
        answers = checklist.answers(checklist.case(settings, None))
    assert [answer.wrong for answer in answers] == [()] * 6
    assert answers[0].answer == "warehouse for quantities, shop for states"


def test_red_shows_without_colour_and_long_lines_break_where_the_paper_ends() -> None:
    answer = Answer("Is it so?", "no " * 20, ("because " * 10,), ("it is not so " * 5,))
    for colour in (False, True):
        lines = list(printed.lines([answer], Paper(width=40, colour=colour)))
        assert sum("✖ settings and behaviour disagree" in line for line in lines) == 1
        plain = [re.sub(r"\x1b\[\d+m", "", line) for line in lines]
        assert max(map(len, plain)) <= 40


def test_bundles_and_aliases_are_counted(tmp_path: Path, check: Any) -> None:
    (tmp_path / "aliases.csv").write_text("channel_sku,sku\nL,LAMP\n")
    (tmp_path / "bundles.csv").write_text(
        "bundle_sku,component_sku,quantity\nSET,LAMP,2\nSET,KETTLE,1\n"
    )
    path = configure(tmp_path)
    changed = path.read_text().replace(
        'direction = "push"',
        'direction = "push"\naliases = "aliases.csv"\nunits = 6\n'
        'locations = { "1" = "main", "2" = "yard" }',
    )
    path.write_text(f'{changed}\n[catalogue]\nbundles = "bundles.csv"\n')
    ran = check(path)
    assert "units of 6, 2 locations, 1 alias " in ran.out
    assert "1 bundle with 2 components" in ran.out


def test_what_is_wrong_comes_first_one_line_each_and_nothing_says_ok_above_it(
    tmp_path: Path, check: Any
) -> None:
    path = drop_files(seed(tmp_path))
    conflict(path)
    (tmp_path / "warehouse.csv").unlink()
    (tmp_path / "market.csv").write_text("article,number\nLAMP,14\n")

    ran = check(path)

    assert ran.code == 2
    first, second, third, fourth, *_ = ran.out.splitlines()
    assert first == f"✖ warehouse: warehouse.csv not found in {tmp_path}"
    assert second.startswith("✖ market: ")
    assert third.startswith("✖ shop sent 1 event again with other content")
    assert fourth == f"3 channels in {path}"
    assert "configuration OK" not in ran.out


def test_where_nothing_is_wrong_the_first_line_says_so(tmp_path: Path, check: Any) -> None:
    path = drop_files(configure(tmp_path))
    ran = check(path)
    assert ran.code == 0
    assert ran.out.splitlines()[0] == f"configuration OK: 3 channels in {path}"


@pytest.mark.parametrize(("good", "code"), [("", 2), ("CUP,3,29.11.2026 21:15\n", 0)])
def test_rows_of_a_file_that_cannot_be_read_are_said_before_the_first_poll(
    tmp_path: Path, check: Any, good: str, code: int
) -> None:
    path = tmp_path / "skew.toml"
    path.write_text(
        '[skew]\ndatabase = "skew.db"\n[authority]\nquantity = "warehouse"\n'
        '[channels.warehouse]\nkind = "csv"\npath = "stock.csv"\n'
    )
    rows = "LAMP,14,11/29/2026\nPOT,2,11/30/2026\n"
    (tmp_path / "stock.csv").write_text(f"sku,available,updated_at\n{rows}{good}")

    ran = check(path)

    assert ran.code == code
    said = 'line 2: "11/29/2026" can begin with the day or with the month'
    assert said in " ".join(ran.out.split())
    assert f"2 of {2 + bool(good)} rows can't be read" in " ".join(ran.out.split())


def test_credentials_that_end_soon_are_said(tmp_path: Path, check: Any) -> None:
    path = drop_files(configure(tmp_path))
    day = datetime.now(UTC) + timedelta(days=10, hours=1)
    written = f'[channels.shop]\ncredentials_expire = "{day:%Y-%m-%d}"'
    path.write_text(path.read_text().replace("[channels.shop]", written))

    ran = check(path)
    assert ran.code == 0
    words = f"channels.shop: its credentials end on {day:%Y-%m-%d}, in "
    assert f"warning {words}" in ran.out
    (warning,) = json.loads(check(path, "--json").out)["warnings"]
    assert warning.startswith(words)
