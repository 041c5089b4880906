"""Files that others drop: lists of stock, packed or in a spreadsheet, and files of events."""

import asyncio
import gzip
import io
import os
import tempfile
import time
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from store.database.connection import Database
from store.polling.comparison import Comparison
from sync.channels.base import Channel
from sync.channels.csv.channel import QUIET_MS
from sync.config.catalogue import aliases, bundles
from sync.errors import ChannelError, ConfigError
from sync.polling.event_import import import_events
from tests.contract import workbooks
from tests.contract.kinds import DroppedFile
from tests.fuzz.oracle import FuzzTarget, whole_text
from tests.fuzz.targets.answers import open_channel
from tests.store import world

SAMPLES = Path(__file__).parents[3] / "sample_data"
DROPPED = (SAMPLES / "first_shop" / "warehouse.csv", SAMPLES / "vendure" / "warehouse.csv")
TABLES: tuple[dict[str, Any], ...] = (
    {},
    {"columns": {"sku": "sku", "available": "available"}, "decimal": ","},
    {"delimiter": ";", "encoding": "latin-1"},
    {"columns": {"sku": "Item", "available": "Qty"}, "skip": 2},
    {"final_newline": False},
    {"sheet": "Stock"},
)


class AnyFile(DroppedFile):
    """A file of any content, under some name, read with some keys."""

    def __init__(self, base: Path, name: str, keys: dict[str, Any]) -> None:
        super().__init__(base)
        self._name, self._keys = name, keys

    def table(self) -> dict[str, Any]:
        return {"path": self._name, **self._keys}


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="skew-fuzz-"))


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


async def _read(channel: Channel) -> list[str]:
    said: list[str] = []
    try:
        for ask in (channel.sign_in, channel.try_out):  # type: ignore[attr-defined]
            with suppress(ChannelError):
                said.append(str(await ask()))
        async for page in channel.pages():
            said += [*page.warnings, page.cut_short, *(bad.reason for bad in page.refused)]
            for record in page.records:
                assert record.sku.isprintable()
                assert record.sku
    except ChannelError as error:
        said.append(str(error))
    finally:
        await channel.close()
    return said


def dropped(name: str, content: bytes) -> None:
    """The first byte says with which keys it is read."""
    keys = TABLES[content[0] % len(TABLES)] if content else {}
    path = _folder() / name
    path.write_bytes(content[1:])
    then = time.time() - QUIET_MS / 1000 - 1
    os.utime(path, (then, then))
    for text in _runner().run(_read(open_channel(AnyFile(_folder(), name, keys)))):
        whole_text(text)


def _lists() -> Iterable[bytes]:
    texts = [path.read_bytes() for path in DROPPED]
    texts += [
        b"sku\tavailable\nA-1\t5\n",
        b'sku;available;price\n"A;1";1.234,5;9,99\n',
        b"\xef\xbb\xbfsku,available,updated_at\nA,1,29.11.2026 21:15\n",
        "sku,available\nÄ,1\n".encode("utf-16"),
    ]
    for number, text in enumerate(texts):
        yield bytes([number]) + text


def _packed() -> Iterable[bytes]:
    for text in _lists():
        yield text[:1] + gzip.compress(text[1:], mtime=0)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("stock.csv", text[1:])
        yield text[:1] + made.getvalue()


def _sheets() -> Iterable[bytes]:
    rows: workbooks.Sheets = {
        "Stock": [["sku", "available"], ["A-1", 5.0], ["B-2", None], ["C", 1e300]]
    }
    yield b"\x00" + workbooks.xlsx(rows)
    yield b"\x05" + workbooks.ods(rows)


@cache
def _world() -> tuple[Database, Comparison]:
    database = Database.open(Path(tempfile.mkdtemp(prefix="skew-fuzz-")) / "skew.db")
    made = Comparison(world.terms(world.warehouse(), world.channel("shop")))
    seen = world.World(database, made)
    seen.twice("warehouse", world.stock(LAMP=5, KETTLE=3))
    seen.twice("shop", world.stock(LAMP=9, KETTLE=3))
    return database, made


def events(content: bytes) -> None:
    database, comparison = _world()
    found = import_events(
        database, io.BytesIO(content), comparison, now=lambda: world.START + 10**6, ahead_ms=60_000
    )
    for bad in found.refused:
        whole_text(bad.reason)


def _events() -> Iterable[bytes]:
    lines = [
        (
            b'{"channel": "shop", "id": "1", "kind": "ordered", "sku": "LAMP", "quantity": 2, '
            b'"at": "2025-11-23T12:00:00Z", "order": "O-1"}'
        ),
        (
            b'{"channel": "shop", "id": "2", "kind": "adjusted", "sku": "KETTLE", "quantity": -2, '
            b'"at": 1763899200, "location": ""}'
        ),
    ]
    yield b"\n".join(lines)
    yield from lines


def catalogue(content: bytes) -> None:
    path = _folder() / "catalogue.csv"
    path.write_bytes(content)
    for read in (bundles, aliases):
        with suppress(ConfigError):
            read(path, "catalogue.bundles")


def _catalogues() -> Iterable[bytes]:
    yield (SAMPLES / "exceptions" / "bundles.csv").read_bytes()
    yield (SAMPLES / "exceptions" / "market-aliases.csv").read_bytes()


TARGETS = {
    "files: csv": FuzzTarget(
        _lists, partial(dropped, "stock.csv"), ("sku", "available", '"', "\r\n")
    ),
    "files: packed": FuzzTarget(_packed, partial(dropped, "stock.csv.gz")),
    "files: workbook": FuzzTarget(_sheets, partial(dropped, "stock.xlsx")),
    "files: events": FuzzTarget(_events, events, ("adjusted", "ordered", "\\ud800", "1e400")),
    "files: catalogue": FuzzTarget(_catalogues, catalogue),
}
