"""A credential that is replaced while the engine runs is used, without a restart."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.errors
import pytest

from store.channels import pauses
from store.corrections import decisions
from store.database.connection import Database
from store.model import CorrectionStatus, Freshness
from sync.clock import SystemClock
from sync.config.load import load
from sync.engine.engine import Engine
from sync.settings import Settings
from tests.loopback import Answer, Loopback, ReceivedRequest, serving
from tests.sync.engine_bench import freshness, incident_kinds, running, until, updates

CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "shop"
[channels.shop]
kind = "http"
url = "{url}/stock"
items = "items"
token = {token}
every = "{every}"
[channels.shop.fields]
sku = "sku"
available = "qty"
"""


@dataclass
class Guarded:
    """A shop that takes one token, and can be told another."""

    token: str = "first"
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    while_refusing: list[Callable[[], None]] = field(default_factory=list)
    """What happens while it refuses: the first of these at the first time."""

    def answer(self, asked: ReceivedRequest) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            with self.lock:
                self.refused += 1
                if self.while_refusing:
                    self.while_refusing.pop(0)()
            return Answer({"message": "who are you"}, 401)
        return Answer({"items": [{"sku": "A", "qty": 3}]})


@pytest.fixture
def guarded() -> Guarded:
    return Guarded()


@pytest.fixture
def server(guarded: Guarded) -> Iterator[Loopback]:
    with serving(guarded.answer) as found:
        yield found


def settings_of(folder: Path, url: str, token: str, every: str = "1h") -> Settings:
    path = folder / "skew.toml"
    path.write_text(CONFIGURATION.format(url=url, token=token, every=every))
    return load(path)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "shop.key"
    path.write_text("first\n")
    return path


def replace(key: Path, text: str) -> None:
    """Somebody writes another secret into the file."""
    key.write_text(text)


@pytest.fixture
def database(tmp_path: Path, key: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "skew.db") as found:
        yield found


def made(settings: Settings, database: Database) -> Engine:
    return Engine(settings, database, clock=SystemClock(), holder="one")


FILE = '{ file = "shop.key" }'


async def test_a_file_that_is_replaced_is_used_by_the_next_request(
    tmp_path: Path, database: Database, server: Loopback, guarded: Guarded, key: Path
) -> None:
    engine = made(settings_of(tmp_path, server.url, FILE, every="100ms"), database)
    async with running(engine):
        await until(lambda: freshness(database, "shop") is Freshness.FRESH)
        replace(key, "second\n")
        guarded.token = "second"
        count = len(server.asked)
        await until(lambda: len(server.asked) > count + 3)

    # Between the two lines above a poll may have come with the new key to the old shop.
    assert guarded.refused <= 1
    assert freshness(database, "shop") is Freshness.FRESH
    assert incident_kinds(database) == []


async def test_a_refused_channel_is_tried_again_as_soon_as_its_file_is_replaced(
    tmp_path: Path, database: Database, server: Loopback, guarded: Guarded, key: Path
) -> None:
    guarded.token = "second"
    async with running(made(settings_of(tmp_path, server.url, FILE), database)):
        await until(lambda: incident_kinds(database) == ["credentials"])
        assert guarded.refused == 1
        replace(key, "")  # Whoever replaces it has it empty for a moment.
        replace(key, "second")
        await until(lambda: freshness(database, "shop") is Freshness.FRESH)
        await until(lambda: incident_kinds(database) == [])
    assert "shop" not in database.read(pauses.on_record)


async def test_another_wrong_credential_is_tried_once_and_rests_again(
    tmp_path: Path, database: Database, server: Loopback, guarded: Guarded, key: Path
) -> None:
    guarded.token = "second"
    async with running(made(settings_of(tmp_path, server.url, FILE), database)):
        await until(lambda: guarded.refused == 1)
        replace(key, "third")
        await until(lambda: guarded.refused >= 2)
        await until(lambda: "shop" in database.read(pauses.on_record))
    assert guarded.refused == 2


async def test_a_file_that_is_replaced_while_its_channel_refuses_it_is_not_missed(
    tmp_path: Path, database: Database, server: Loopback, guarded: Guarded, key: Path
) -> None:
    guarded.token = "second"
    # The first refusal has the file read again; what comes into it after that nobody has read.
    guarded.while_refusing += [lambda: replace(key, "third"), lambda: replace(key, "second")]
    async with running(made(settings_of(tmp_path, server.url, FILE), database)):
        await until(lambda: freshness(database, "shop") is Freshness.FRESH)
    assert guarded.refused == 2


@pytest.mark.long
async def test_a_channel_that_a_person_paused_is_not_polled_for_a_new_credential(
    tmp_path: Path, database: Database, server: Loopback, guarded: Guarded, key: Path
) -> None:
    guarded.token = "second"
    async with running(made(settings_of(tmp_path, server.url, FILE), database)):
        await until(lambda: incident_kinds(database) == ["credentials"])
        now = SystemClock().now()
        database.write(pauses.pause, "shop", who="ana", reason="count", until=now + 60_000)
        replace(key, "second")
        asked = len(server.asked)
        with pytest.raises(TimeoutError):
            await until(lambda: len(server.asked) > asked)


@dataclass
class Ring(keyring.backend.KeyringBackend):
    password: str = "first"
    looked: int = 0

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        assert (service, username) == ("skew", "shop")
        self.looked += 1
        return self.password

    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.PasswordSetError(f"{service}/{username} of {len(password)}")


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, found = keyring.get_keyring(), Ring()
    keyring.set_keyring(found)
    yield found
    keyring.set_keyring(before)


async def test_a_keyring_is_read_again_after_a_refusal_and_not_before(
    tmp_path: Path, database: Database, server: Loopback, guarded: Guarded, ring: Ring
) -> None:
    settings = settings_of(tmp_path, server.url, '{ keyring = "skew/shop" }', every="100ms")
    async with running(made(settings, database)):
        await until(lambda: len(server.asked) > 3)
        looked = ring.looked
        ring.password = guarded.token = "second"
        await until(lambda: ring.looked > looked)
        count = len(server.asked)
        await until(lambda: len(server.asked) > count + 2)
    assert guarded.refused == 1
    assert incident_kinds(database) == []


WRITING = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
[channels.shop]
kind = "http"
url = "{url}/stock"
items = "items"
token = {{ keyring = "skew/shop" }}
direction = "push"
[channels.shop.fields]
sku = "sku"
available = "qty"
[channels.shop.write]
url = "{url}/stock/{{sku}}"
read = "{url}/stock/{{sku}}"
body = {{ qty = "$quantity" }}
[approval]
hold = "0s"
"""


def writing_shop(folder: Path, url: str) -> Settings:
    (folder / "skew.toml").write_text(WRITING.format(url=url))
    (folder / "warehouse.csv").write_text("sku,available\nA,4\n")
    return load(folder / "skew.toml")


async def test_a_write_that_was_refused_for_its_old_key_is_sent_once_more_with_the_new(
    tmp_path: Path, database: Database, ring: Ring
) -> None:
    stock: dict[str, int] = {"A": 9}
    writes: list[Any] = []
    token = "first"

    def answer(asked: ReceivedRequest) -> Answer:
        nonlocal token
        if asked.method == "PUT" and not writes:
            # The key is replaced between the recheck and the write.
            token = ring.password = "second"
        if asked.method == "PUT":
            writes.append(asked.headers.get("authorization"))
        if asked.headers.get("authorization") != f"Bearer {token}":
            return Answer({"message": "who are you"}, 401)
        if asked.method == "PUT":
            stock["A"] = json.loads(asked.body)["qty"]
        return Answer({"items": [{"sku": sku, "qty": qty} for sku, qty in stock.items()]})

    with serving(answer) as server:
        engine = made(writing_shop(tmp_path, server.url), database)
        for _ in range(2):
            await engine.poll()
        (update,) = updates(database, CorrectionStatus.PROPOSED)
        now = SystemClock().now()
        database.write(
            decisions.approve, [(update.id, None)], who="ana", now=now, hold_ms=0, expires_ms=9_000
        )
        report = await engine.apply()

    assert [result.status for result in report.results] == [CorrectionStatus.VERIFIED]
    assert stock == {"A": 4}
    assert writes == ["Bearer first", "Bearer second"]
