"""How much the inbox keeps, and for how long."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.webhooks import inbox
from store.webhooks.inbox import KEPT_MS, WebhookInbox

NOW = 1_800_000_000_000


def kept(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT delivery FROM deliveries ORDER BY received_at")
        return [delivery for (delivery,) in found]


def test_of_too_many_the_oldest_go_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "DELIVERIES_MAX", 150)
    with closing(WebhookInbox(tmp_path / "skew.db")) as opened:
        for number in range(1_000):
            assert opened.take("shop", str(number), now=NOW + number)
        assert not opened.take("shop", "999", now=NOW)
        found = kept(opened.path)

    assert 150 <= len(found) <= 150 + 100
    assert found == [str(number) for number in range(1_000 - len(found), 1_000)]


def test_what_is_a_week_old_goes(tmp_path: Path) -> None:
    with closing(WebhookInbox(tmp_path / "skew.db")) as opened:
        opened.take("shop", "old", now=NOW)
    with closing(WebhookInbox(tmp_path / "skew.db")) as opened:
        assert not opened.take("shop", "old", now=NOW + KEPT_MS)
        for number in range(101):
            opened.take("shop", str(number), now=NOW + KEPT_MS + 1)
        assert "old" not in kept(opened.path)


def test_one_of_before_the_index_goes_on(tmp_path: Path) -> None:
    with closing(WebhookInbox(tmp_path / "skew.db")) as opened:
        opened.take("shop", "1", now=NOW)
    with closing(sqlite3.connect(opened.path)) as connection:
        connection.execute("DROP INDEX deliveries_by_age")
    with closing(WebhookInbox(tmp_path / "skew.db")) as opened:
        assert not opened.take("shop", "1", now=NOW)


def test_pruning_reads_no_more_of_many_than_of_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "DELIVERIES_MAX", 5_000)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 100
        return 0

    with closing(WebhookInbox(tmp_path / "skew.db")) as opened:
        with opened._connection:
            opened._connection.execute("BEGIN")
            opened._connection.executemany(
                "INSERT INTO deliveries VALUES ('shop', ?, ?)",
                ((f"{number:06}", NOW + number) for number in range(5_000)),
            )
        opened._kept = 5_000
        opened._connection.set_progress_handler(count, 100)
        for number in range(5_000, 5_200):
            opened.take("shop", f"{number:06}", now=NOW + number)
        assert len(kept(opened.path)) <= 5_010
    assert steps < 200 * 200


def test_what_came_is_written_back_while_more_may_come(tmp_path: Path) -> None:
    with closing(WebhookInbox(tmp_path / "skew.db")) as opened:
        empty = opened.path.stat().st_size
        for number in range(400):
            opened.take("shop", str(number), now=NOW)
        opened._checkpoint.join()
        assert opened.path.stat().st_size > empty
