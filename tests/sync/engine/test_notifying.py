"""Notifications from a running engine, to a real mail server and a real webhook on loopback."""

import asyncio
import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller

from store.channels import incidents
from store.database.connection import Database
from store.model import IncidentKind
from store.monitoring import told as told_troubles
from sync.clock import SystemClock
from sync.conditions import condition
from sync.engine import notifier
from sync.errors import ConfigError, Temporary
from sync.notifying import sending, troubles
from sync.secrets import SecretSource
from sync.settings import NotifySettings, Settings
from tests.loopback import Answer, Loopback, ReceivedRequest, serving
from tests.sync import engine_bench
from tests.sync.engine_bench import made, running, until
from tests.sync.scripted_channel import Shop, changed

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(troubles, "GATHER_MS", 50)
    monkeypatch.setattr(troubles, "REST_MS", 50)
    monkeypatch.setattr(notifier, "LOOK_EVERY_MS", 20)
    monkeypatch.setattr(notifier, "RETRY_MS", 100)
    # Each message is a process, in which Apprise loads a hundred plugins: seconds if busy.
    monkeypatch.setattr(engine_bench, "PATIENCE_S", 30.0)


class Mailbox:
    """What the mail server took."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    box = Mailbox()
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, f"mailto://127.0.0.1:{port}?mode=insecure&from=skew@example.org&to=ana@example.org"
    server.stop()


class Hook:
    """What the webhook received; it refuses at first where it is told to."""

    def __init__(self, refusals: int = 0) -> None:
        self.received: list[dict[str, Any]] = []
        self.refusals = refusals

    def answer(self, asked: ReceivedRequest) -> Answer:
        if self.refusals:
            self.refusals -= 1
            return Answer({}, status=503)
        self.received.append(asked.json)
        return Answer({})


def json_url(server: Loopback) -> str:
    return server.url.replace("http://", "json://") + "/hook"


def told_by(settings: Settings, monkeypatch: pytest.MonkeyPatch, url: str, *on: str) -> Settings:
    monkeypatch.setenv("CHAT", url)
    place = NotifySettings(name="CHAT", url=SecretSource(env="CHAT"), on=tuple(map(condition, on)))
    return msgspec.structs.replace(settings, notify=(place,))


def raise_one(database: Database, words: str = "gone wrong") -> None:
    database.write(
        incidents.raise_incident, "shop", IncidentKind.LOOP, words, now=SystemClock().now()
    )


def resolve_it(database: Database) -> None:
    database.write(incidents.resolve, "shop", IncidentKind.LOOP, now=SystemClock().now())


def test_a_shop_is_named_by_its_folder_wherever_the_command_was_given(
    settings: Settings, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    monkeypatch.chdir(folder)
    here = msgspec.structs.replace(settings, path=Path("skew.toml"))

    assert notifier.NotifyJob(made(here, database)._context, here)._shop == "acme"


@pytest.mark.long
async def test_a_mail_comes_once_and_another_when_it_is_over(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch, mailbox: tuple[Mailbox, str],
) -> None:  # fmt: skip
    box, url = mailbox
    told = told_by(settings, monkeypatch, url, "incident")
    told = msgspec.structs.replace(told, web_url="https://skew.example")
    async with running(made(told, database)):
        await until(lambda: shops["shop"].looked.count("poll") > 0)
        raise_one(database, "two\r\nBcc: all@example.org\x1b[2J writers")
        await until(lambda: len(box.mails) == 1)
        await asyncio.sleep(0.4)
        assert len(box.mails) == 1
        resolve_it(database)
        await until(lambda: len(box.mails) == 2)

    first, second = box.mails
    assert first["To"] == "ana@example.org"
    assert first["Bcc"] is None
    assert "loop on shop: two" in first["Subject"]
    assert "\x1b" not in first.as_string()
    assert "over" in second["Subject"]
    # There is something to look at, and afterwards there is not.
    assert "https://skew.example" in first.get_content()
    assert "https://" not in second.get_content()


@pytest.mark.long
async def test_a_webhook_is_told_with_what_approves_what_waits(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    hook = Hook()
    with serving(hook.answer) as server:
        told = told_by(
            settings, monkeypatch, json_url(server), "pending older than 0s", "oversell > 16"
        )
        told = msgspec.structs.replace(told, web_url="https://skew.example")
        async with running(made(told, database)):
            await until(lambda: len(hook.received) >= 1)
            await until(lambda: any("skew approve 1@1" in got["message"] for got in hook.received))
            body = next(got["message"] for got in hook.received if "approve" in got["message"])
            assert body.splitlines()[-1] == "https://skew.example"
            await until(lambda: any("17 units oversold" in got["message"] for got in hook.received))


@pytest.mark.long
async def test_a_channel_that_turns_stale_ends_no_oversell(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    brief = changed(settings, "shop", stale_after_ms=600)
    hook = Hook()

    def came(words: str) -> bool:
        return any(words in got["message"] for got in hook.received)

    with serving(hook.answer) as server:
        told = told_by(brief, monkeypatch, json_url(server), "oversell > 16", "incident stale")
        async with running(made(told, database)):
            await until(lambda: came("17 units oversold"))
            shops["shop"].page_faults.extend([Temporary("down")] * 1_000)
            await until(lambda: came("stale on shop"))
            await asyncio.sleep(0.4)
    assert not came("over:")


async def test_an_engine_that_starts_again_tells_nothing_twice(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    hook = Hook()
    with serving(hook.answer) as server:
        told = told_by(settings, monkeypatch, json_url(server), "incident loop")
        raise_one(database)
        async with running(made(told, database)):
            await until(lambda: noted(database))
        async with running(made(told, database)):
            await asyncio.sleep(0.5)
        assert len(hook.received) == 1


def noted(database: Database) -> bool:
    """Whether it is kept that the place was told."""
    return bool(database.read(told_troubles.told, "CHAT"))


async def test_what_is_taken_while_the_engine_stops_is_told_once(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    hook = Hook()

    monkeypatch.setattr(notifier, "ENDS_WITHIN_S", 30.0)
    with serving(hook.answer) as server:
        told = told_by(settings, monkeypatch, json_url(server), "incident loop")
        raise_one(database)
        async with running(made(told, database)):
            await until(lambda: len(hook.received) == 1)
        assert noted(database)


@pytest.mark.long
async def test_a_place_that_takes_nothing_is_tried_again_and_disturbs_nobody(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    hook = Hook(refusals=2)
    logged: list[tuple[str, dict[str, object]]] = []

    class Told:
        def info(self, event: str, **keys: object) -> None:
            logged.append((event, keys))

        warning = debug = error = info

    with serving(hook.answer) as server:
        told = told_by(settings, monkeypatch, json_url(server), "incident loop")
        engine = made(told, database)
        engine._context.log = Told()
        raise_one(database)
        async with running(engine):
            await until(lambda: len(hook.received) == 1)
            polled = shops["shop"].looked.count("poll")
            await until(lambda: shops["shop"].looked.count("poll") > polled + 2)

    refused = [keys for event, keys in logged if event == "not notified"]
    assert refused == [{"place": "CHAT", "error": "it did not take the message"}]
    assert not any(server.url in str(keys) for _, keys in logged)


@pytest.mark.long
async def test_a_place_that_is_not_there_is_said_once(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    told = told_by(settings, monkeypatch, "json://127.0.0.1:9/secret-path", "incident loop")
    raise_one(database)
    async with running(made(told, database)):
        await until(lambda: shops["shop"].looked.count("poll") > 5)


def test_a_url_that_apprise_does_not_know_is_refused_without_naming_it() -> None:
    with pytest.raises(ConfigError) as refused:
        sending.place_of("nosuch://secret@host", "notify.CHAT.url")

    assert "secret" not in str(refused.value)
    assert "does not know this kind of URL" in str(refused.value)
