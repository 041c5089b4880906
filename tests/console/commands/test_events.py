"""`skew events import`: what it takes, what it refuses by its line, and beside whom it works."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from store.channels import incidents
from store.database import lease
from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.polling import events
from sync.clock import SystemClock, rfc3339
from sync.config.load import load
from sync.polling import event_import
from sync.polling.event_import import import_events
from sync.targets import terms
from tests.console.command_shop import configure, seed

NOW = SystemClock().now()


def line(event_id: object = "1", **changes: Any) -> dict[str, Any]:
    sold = {"channel": "shop", "id": event_id, "kind": "ordered", "sku": "LAMP", "quantity": 2}
    return {**sold, "at": rfc3339(NOW - 60_000), **changes}


def written(folder: Path, *lines: object) -> Path:
    path = folder / "events.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def skew(path: Path, *args: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = run(["events", "import", "--config", str(path), *args])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_events_are_taken_once_however_often_the_file_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = seed(tmp_path)
    file = written(tmp_path, line("1"), line("2", kind="adjusted", quantity=-3, order="O-1"), "")

    first = skew(path, str(file), "--json", capsys=capsys)
    again = skew(path, str(file), capsys=capsys)

    assert first[0] == 0
    assert json.loads(first[1]) == {"taken": 2, "repeats": 0, "conflicts": 0, "refused": []}
    assert again == (0, "Imported 0 events; 2 known already.\n", "")


REFUSED: tuple[tuple[object, str], ...] = (
    (line("a", channel="ebay"), '"ebay" is not a channel; known: warehouse, shop, market'),
    (line("b", channel=None), "no channel; known: warehouse, shop, market"),
    (line("c", kind="sold"), '"sold" is not a kind of event'),
    (line("d", sku="NOBODY"), "no channel has shown SKU NOBODY yet"),
    (line("e", location="attic"), "no channel has shown SKU LAMP at location attic yet"),
    (line("f", at="2999-01-01T00:00:00Z"), "ahead of this machine's clock"),
    (line(""), "no id"),
    (line("g", quantity=1.5), "1.5 is not a whole number"),
    (line("h", quantity=10**13), "is too large: at most 1,000,000,000,000"),
    (line("i", quantity=-1), "only that of `adjusted` may be negative"),
    (line("j", qty=1), '"qty" is not a key; known: channel'),
    ("{", "not JSON: "),
    ("[1]", "a list, not an object"),
    ("7", "7, not an object"),
    (json.dumps(line("k", sku="x" * 70_000)), "longer than 64 KiB"),
    (line("\ud800"), "the id is"),
)


def test_each_bad_line_is_named_and_the_others_are_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = seed(tmp_path)
    file = written(tmp_path, *(bad for bad, _ in REFUSED), line("good"))

    code, out, err = skew(path, str(file), "--json", capsys=capsys)

    document = json.loads(out)
    assert code == 1
    assert (document["taken"], document["repeats"]) == (1, 0)
    assert [refusal["line"] for refusal in document["refused"]] == list(range(1, len(REFUSED) + 1))
    for refusal, (_, reason) in zip(document["refused"], REFUSED, strict=True):
        assert reason in refusal["reason"]
        assert f"skew: line {refusal['line']}: " in err


def test_a_repeat_with_another_body_is_refused_and_the_first_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = seed(tmp_path)
    file = written(tmp_path, line("1"), line("1", quantity=5), line("1"))

    code, out, err = skew(path, str(file), "--json", capsys=capsys)

    words = "event 1 came again with a different quantity; the first counts"
    assert code == 1
    assert json.loads(out) == {
        "taken": 1,
        "repeats": 1,
        "conflicts": 1,
        "refused": [{"line": 2, "reason": words}],
    }
    assert err == f"skew: line 2: {words}\n"
    with Database.open(tmp_path / "skew.db") as database:
        assert [incident.message for incident in database.read(incidents.open_incidents)] == [words]

    assert skew(path, str(written(tmp_path, line("1"))), capsys=capsys)[0] == 0
    with Database.open(tmp_path / "skew.db") as database:
        assert database.read(incidents.open_incidents) == []


def test_stdin_is_read_with_a_byte_order_mark_and_windows_line_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = seed(tmp_path)
    body = f"\ufeff{json.dumps(line('1'))}\r\n{json.dumps(line('2'))}".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body)))

    assert skew(path, "-", capsys=capsys) == (0, "Imported 2 events.\n", "")


def test_it_works_while_an_engine_holds_the_lease(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = seed(tmp_path)
    with Database.open(tmp_path / "skew.db") as database:
        database.write(lease.acquire, holder="daemon", token="t", now=NOW, span_ms=600_000)

        assert skew(path, str(written(tmp_path, line("1"))), capsys=capsys)[0] == 0


def test_nothing_is_taken_for_a_configuration_that_the_cache_does_not_know_yet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A running engine keeps the cache by an older configuration."""
    path = seed(tmp_path)
    with Database.open(tmp_path / "skew.db") as database:
        database.write(lease.acquire, holder="daemon", token="t", now=NOW, span_ms=600_000)
    extra = '\n[channels.late]\nkind = "csv"\npath = "late.csv"\n'
    path.write_text(path.read_text() + extra)
    file = written(tmp_path, line("1", channel="late"), line("2"))

    code, out, err = skew(path, str(file), capsys=capsys)

    assert (code, out) == (1, "")
    assert "channel `late` is not in the cache" in err


def test_a_cache_of_nothing_refuses_every_sku(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = configure(tmp_path)

    code, out, _ = skew(path, str(written(tmp_path, line("1"))), capsys=capsys)

    assert (code, out) == (1, "Imported 0 events; 1 line refused.\n")


def test_a_file_that_is_not_there_is_a_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = skew(configure(tmp_path), str(tmp_path / "nothing"), capsys=capsys)

    assert code == 2
    assert "nothing" in err


def test_a_file_that_is_none_of_events_is_not_read_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_import, "REFUSED_MAX", 3)
    path = seed(tmp_path)

    code, _, err = skew(path, str(written(tmp_path, *"abcdefg")), capsys=capsys)

    assert code == 1
    assert "nothing was read from line 4 on" in err


def test_a_line_without_an_end_is_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_import, "LINE_PASSED_MAX", 10**6)
    path = seed(tmp_path)

    code, _, err = skew(path, "/dev/zero", capsys=capsys)

    assert code == 1
    assert "line 1: longer than 64 KiB" in err
    assert "nothing was read from line 1 on" in err


def test_where_there_is_no_stdin_it_is_a_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    code, _, err = skew(seed(tmp_path), "-", capsys=capsys)

    assert code == 2
    assert "no stdin" in err


def test_many_lines_are_taken_in_short_transactions_and_names_are_ours(tmp_path: Path) -> None:
    seed(tmp_path)
    total = 2 * event_import.LINES_AT_ONCE + 7
    lines = (json.dumps(line(number, sku="lamp")) for number in range(total))
    body = io.BytesIO("\n".join(lines).encode())

    def named(channel: str, event: Event) -> Event:
        return Event(event.id, event.kind, event.sku.upper(), event.quantity, event.at)

    comparison = terms.comparison(load(tmp_path / "skew.toml", None))
    with Database.open(tmp_path / "skew.db") as database:
        done = import_events(
            database, body, comparison, now=lambda: NOW, ahead_ms=300_000, translate=named
        )
        fifth = Event("5", EventKind.ORDERED, "LAMP", 2, NOW - 60_000)
        again = database.write(events.record_each, [("shop", fifth)], comparison, now=NOW)

    assert (done.taken, done.refused) == (total, [])
    assert [taken.repeats for taken in again] == [1]
