"""A server beside an engine at work, and how its tests ask it."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from store.database.connection import Database
from sync.clock import SystemClock
from sync.engine.engine import Engine
from sync.polling.reporting.log import SILENT
from sync.serving.app import ServingApp
from sync.serving.server import HttpServer
from sync.settings import ServeSettings, Settings
from tests.sync.engine_bench import made, running, until
from tests.sync.scripted_channel import Shop

PATIENCE_S = 10.0


@dataclass
class Reply:
    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


def ask(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as got:
            return Reply(got.status, got.read().decode(), dict(got.headers))
    except urllib.error.HTTPError as refused:
        return Reply(refused.code, refused.read().decode(), dict(refused.headers))


@contextmanager
def serving(engine: Engine, database: Database, **given: Any) -> Iterator[str]:
    """A server on a port of its own; answers its URL."""
    app = partial(ServingApp, engine, database, SystemClock(), **given)
    server = HttpServer(ServeSettings(host="127.0.0.1", port=0), app, SILENT)
    server.start()
    try:
        give_up = time.monotonic() + PATIENCE_S
        while server.address is None:
            assert time.monotonic() < give_up
            threading.Event().wait(0.01)
        yield server.address
    finally:
        server.stop()


@dataclass
class Served:
    """An engine, its cache, and where it is served."""

    engine: Engine
    database: Database
    shops: dict[str, Shop]
    url: str


@asynccontextmanager
async def served(
    settings: Settings, database: Database, shops: dict[str, Shop], **given: Any
) -> AsyncIterator[Served]:
    """An engine at work that is served."""
    engine = made(settings, database)
    async with running(engine):
        await until(lambda: engine.holding)
        with serving(engine, database, **given) as url:
            yield Served(engine, database, shops, url)


@pytest.fixture
async def at_work(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> AsyncIterator[Served]:
    shops["shop"].shows(A=31, B=2)
    shops["warehouse"].shows(A=14, B=9)
    async with served(settings, database, shops) as found:
        yield found
