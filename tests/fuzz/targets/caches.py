"""Databases that others made, or that a disk has damaged: the cache, a backup, what lies in it."""

import io
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

from store.database.connection import Database
from store.errors import StoreError
from store.polling.recognition import memory, packing
from store.polling.recognition.pages import PollPages
from store.webhooks.inbox import WebhookInbox
from tests.console.command_shop import seed
from tests.fuzz.commands import skew
from tests.fuzz.draw import FuzzDraw
from tests.fuzz.oracle import FuzzTarget

PAGE = 4096
_ASKED = (
    ("status",),
    ("diff",),
    ("updates", "--all"),
    ("history", "LAMP"),
    ("incidents", "--all"),
    ("db", "check"),
    ("why", "LAMP"),
    ("status", "--json"),
    ("ignore",),
)


@cache
def _good() -> bytes:
    with tempfile.TemporaryDirectory(prefix="skew-fuzz-") as folder:
        path = Path(folder)
        seed(path)
        with closing(sqlite3.connect(path / "skew.db")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode = DELETE")
        return (path / "skew.db").read_bytes()


def _damaged(draw: FuzzDraw) -> bytes:
    """The good one with a few bytes changed: where pages say what they are, most of the time."""
    content = bytearray(_good())
    pages = len(content) // PAGE
    for _ in range(1 + draw.number(6)):
        place = draw.number(pages) * PAGE
        place += draw.number(112) if draw.number(3) else draw.number(PAGE)
        some = draw.some(1 + draw.number(8))
        content[place : place + len(some)] = some
    if draw.number(8) == 7:
        del content[draw.number(len(content)) :]
    return bytes(content)


def _values(draw: FuzzDraw) -> bytes:
    """The good one with odd values in its cells: what no version of Skew has written."""
    content = sqlite3.connect(":memory:", isolation_level=None)
    with closing(content):
        content.deserialize(_good())
        content.execute("PRAGMA ignore_check_constraints = ON")
        tables = [
            name
            for (name,) in content.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 1 ORDER BY 1"
            )
        ]
        odd = (
            None,
            "",
            -1,
            0,
            2**62,
            -(2**63),
            1e308,
            "x\x1b[2J\x00",
            b"\xff\x00",
            "\u202e",
            "9" * 300,
            "{",
            "[]",
            '{"a": 1}',
            "null",
            "active",
            "2026-01-01",
        )
        for _ in range(1 + draw.number(4)):
            table = draw.choice(tables)
            columns = [row[1] for row in content.execute(f"PRAGMA table_info({table})")]
            with suppress(sqlite3.Error):
                content.execute(
                    f'UPDATE OR IGNORE "{table}" SET "{draw.choice(columns)}" = ?',
                    (draw.choice(odd),),
                )
        return bytes(content.serialize())


def _asked(content: bytes, draw: FuzzDraw) -> None:
    with tempfile.TemporaryDirectory(prefix="skew-fuzz-") as name:
        folder = Path(name)
        seed(folder)
        (folder / "skew.db").write_bytes(content)
        for _ in range(2):
            skew(folder, *draw.choice(_ASKED))


def damaged(content: bytes) -> None:
    draw = FuzzDraw(content)
    _asked(_damaged(draw), draw)


def odd_values(content: bytes) -> None:
    draw = FuzzDraw(content)
    _asked(_values(draw), draw)


def restored(content: bytes) -> None:
    draw = FuzzDraw(content)
    backup = _values(draw) if draw.number(2) else _damaged(draw)
    with tempfile.TemporaryDirectory(prefix="skew-fuzz-") as name:
        folder = Path(name)
        seed(folder)
        (folder / "backup.db").write_bytes(backup)
        before = (folder / "skew.db").read_bytes()
        code, _ = skew(folder, "restore", "backup.db", "--yes")
        if code != 0:
            with closing(sqlite3.connect(folder / "skew.db")) as kept:
                assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert len(before) <= (folder / "skew.db").stat().st_size
        skew(folder, "status")


def any_file(content: bytes) -> None:
    """What is no database at all, or begins as one."""
    with tempfile.TemporaryDirectory(prefix="skew-fuzz-") as name:
        path = Path(name) / "skew.db"
        path.write_bytes(content)
        for suffix in ("-wal", "-shm"):
            if len(content) % 2:
                path.with_name(path.name + suffix).write_bytes(content[: len(content) // 2])
        with suppress(StoreError):
            Database.open(path).close()
        with suppress(StoreError):
            WebhookInbox(path).close()


def memories(content: bytes) -> None:
    """The digests of a poll, as the cache has them: what can't be read counts for nothing."""
    cut = content[0] if content else 0
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE poll_memories (channel_id, poll_id)")
        connection.execute("CREATE TABLE poll_pages (channel_id, number, content)")
        connection.execute("INSERT INTO poll_memories VALUES (1, 1)")
        rows = (content[1 : 1 + cut], content[1 + cut :])
        for number, row in zip((0, 1_000_000), rows, strict=True):
            if row:
                connection.execute("INSERT INTO poll_pages VALUES (1, ?, ?)", (number, row))
        found = memory.pages(connection, 1, 1)
        assert len(found.digests) == len(found.listing_ids)
        assert found.records <= len(found.digests)


def _memories() -> Iterable[bytes]:
    for steps in (1, 3):
        pages = PollPages()
        pages.marks.extend([b"a", b"b"])
        pages.sizes.extend([10, 20])
        pages.ends.extend([40, 100])
        pages.digests.extend(range(7, 107))
        pages.listing_ids.extend(range(1, 1 + 100 * steps, steps))
        for row in packing.packed(pages):
            yield bytes([min(255, len(row))]) + row
            yield b"\x00" + row


def _seeds() -> Iterable[bytes]:
    for number in range(0, 250, 9):
        yield bytes(
            [
                number % 6,
                number,
                0,
                number % 112,
                2,
                255,
                255,
                255,
                number,
                1,
                100,
                4,
                0,
                0,
                13,
                number % 9,
            ]
        )


def _files() -> Iterable[bytes]:
    yield _good()[:8192]
    yield b"SQLite format 3\x00" + bytes(100)
    yield io.BytesIO(b"not a database").getvalue()


TARGETS = {
    "cache: damaged": FuzzTarget(_seeds, damaged),
    "cache: odd values": FuzzTarget(_seeds, odd_values),
    "cache: restore": FuzzTarget(_seeds, restored),
    "cache: any file": FuzzTarget(_files, any_file),
    "cache: poll memories": FuzzTarget(_memories, memories),
}
