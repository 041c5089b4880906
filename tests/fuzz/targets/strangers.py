"""What strangers send to the daemon, and what code of other packages hands over."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.model import Record, Refused
from store.monitoring.reading import here, read
from sync import values
from sync.channels.abilities import Abilities
from sync.channels.base import EventPage, FreshReadings, Receipt, RecordPage
from sync.describing.looking import ApiQuestion, describe_answer
from sync.errors import ChannelError, ConfigErrors, ContractBroken, Temporary
from sync.polling import handed_over
from sync.secrets import Secret, SecretSource
from sync.serving.app import ServingApp
from sync.settings import WebhookSettings
from tests.contract.spoilt_answers import WRONG, spoilt
from tests.fuzz.commands import skew
from tests.fuzz.draw import FuzzDraw
from tests.fuzz.in_process import VirtualClock
from tests.fuzz.oracle import FuzzTarget, whole_text
from tests.sync import scripted_channel
from tests.sync.scripted_channel import Bench, HandClock, Shop, settings_of

SCHEMES = ("shopify", "woocommerce", "square", "bigcommerce", "standard", "hmac")
SECRET = "hush-4711"


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


@cache
def _app() -> ServingApp:
    folder = Path(tempfile.mkdtemp(prefix="skew-fuzz-"))
    database = Database.open(folder / "skew.db")
    engine = cast("Any", SimpleNamespace(hasten=lambda _channel: None, looked_at=0.0, holding=True))
    senders = {
        name: (
            WebhookSettings(scheme=cast("Any", name), secret=SecretSource(env="S")),
            Secret(SECRET, name="S"),
        )
        for name in SCHEMES
    }
    return ServingApp(engine, database, VirtualClock(), senders)


def request(content: bytes) -> None:
    """Any request to the daemon: its answer is one, of a status that is no bug."""
    draw = FuzzDraw(content)
    path = draw.choice(
        ["/webhooks/" + name for name in SCHEMES] + ["/metrics", "/healthz", "/readyz", draw.text()]
    )
    headers = [
        (
            draw.choice(
                [
                    b"x-skew-token",
                    b"webhook-id",
                    b"webhook-timestamp",
                    b"content-length",
                    b"x-wc-webhook-delivery-id",
                    b"x-shopify-triggered-at",
                    draw.some(9),
                ]
            ),
            draw.choice([SECRET.encode(), b"1763899200", draw.some(40)]),
        )
        for _ in range(draw.number(5))
    ]
    parts = [draw.some(draw.number(256)) for _ in range(1 + draw.number(3))]
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not parts:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "method": draw.choice(["POST", "GET", "HEAD", draw.text()]),
        "path": path,
        "headers": headers,
    }
    _runner().run(_app()(scope, receive, send))
    assert answers[0]["status"] in (200, 400, 401, 404, 405, 408, 413, 503)
    assert SECRET.encode() not in answers[-1]["body"]


def signed(content: bytes) -> None:
    """A body whose sender has the secret: whatever is in it."""
    scheme = SCHEMES[content[0] % len(SCHEMES)] if content else "hmac"
    body = content[1:]
    from sync.serving.webhooks import schemes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schemes, "_must_match", lambda *_: None)
        patch.setattr(schemes, "_is_equal", lambda *_: True)
        headers = {
            "x-skew-token": SECRET,
            "webhook-signature": "v1,x",
            "webhook-timestamp": body[:12].decode("latin-1"),
            "webhook-id": body[:200].decode("latin-1"),
            "x-shopify-triggered-at": body[:40].decode("latin-1"),
        }
        settings = WebhookSettings(scheme=cast("Any", scheme), secret=SecretSource(env="S"))
        try:
            found = schemes.check(
                settings, SECRET, schemes.ReceivedWebhook(headers, body, 1_763_899_200_000)
            )
        except schemes.WrongSignature as error:
            whole_text(str(error))
        else:
            whole_text(found.id)
            assert len(found.id) < 1_000


def _signed() -> Iterable[bytes]:
    for number in range(len(SCHEMES)):
        yield bytes([number]) + b'{"id": "1", "created_at": 1763899200, "hash": "ab"}'
        yield bytes([number]) + b'{"id": "1", "created_at": "2025-11-23T12:00:00Z"}'


ODD: Sequence[Any] = (
    0,
    5,
    -3,
    10**12,
    2**63,
    None,
    "",
    "A",
    "\ud800",
    "x" * 1_000,
    1.5,
    float("nan"),
    True,
    b"x",
    [],
    {},
    "a\x00b",
    "\x1b[31m",
    "=1+1",
    "\u202eA",
    "9" * 5_000,
    -(2**70),
    object(),
)


class BadlyMade(Shop):
    """A channel of another package, which hands over what it likes."""

    draw: FuzzDraw

    def _record(self) -> Any:
        draw = self.draw
        good: dict[str, Any] = {
            "sku": draw.choice(["LAMP", "KETTLE", "CABLE"]),
            "available": draw.number(50),
        }
        for _ in range(draw.number(4)):
            good[draw.choice(Record.__struct_fields__)] = draw.choice(ODD)
        return Record(**good) if draw.number(16) else draw.choice(ODD)

    async def pages(self) -> AsyncIterator[RecordPage]:
        for _ in range(1 + self.draw.number(3)):
            draw = self.draw
            page: dict[str, Any] = {"records": [self._record() for _ in range(draw.number(4))]}
            if draw.number(3) == 2:
                page["refused"] = [Refused(draw.choice(ODD), draw.choice(ODD), draw.choice(ODD))]
            for _ in range(draw.number(3)):
                page[draw.choice(RecordPage.__struct_fields__)] = draw.choice(ODD)
            yield RecordPage(**page) if draw.number(16) else draw.choice(ODD)
            if draw.number(12) == 11:
                raise draw.choice(
                    [
                        ValueError("x"),
                        ContractBroken("b", path="p"),
                        Temporary("\ud800"),
                        KeyError("k"),
                        RecursionError(),
                    ]
                )

    async def events(self, _cursor: str | None) -> AsyncIterator[EventPage]:
        draw = self.draw
        event: dict[str, Any] = {
            "id": "1",
            "kind": EventKind.ORDERED,
            "sku": "LAMP",
            "quantity": 1,
            "at": 1,
        }
        names = Event.__struct_fields__
        for _ in range(draw.number(3)):
            event[draw.choice(names)] = draw.choice(ODD)
        try:
            made = Event(**event)
        except TypeError:
            return
        yield EventPage([made], cursor=draw.choice(ODD) if draw.number(3) else None)

    async def read(self, _wanted: Any) -> FreshReadings:
        return FreshReadings([self._record()]) if self.draw.number(4) else self.draw.choice(ODD)

    async def write(self, changes: Any) -> Sequence[Receipt]:
        return (
            [Receipt(change, unknown=self.draw.choice(ODD)) for change in changes]
            if self.draw.number(4)
            else self.draw.choice(ODD)
        )


async def _polled(folder: Path, draw: FuzzDraw) -> None:
    bad = BadlyMade()
    bad.draw = draw
    bad.abilities = Abilities(
        kind="scripted",
        reads=("available",),
        writes=("quantity",),
        reads_one=True,
        batch_max=100,
        events=bool(draw.number(2)),
    )
    scripted_channel.SHOPS.update(warehouse=Shop(), shop=bad)
    settings = settings_of(folder)
    with Database.open(folder / "skew.db") as database:
        bench = Bench(settings, database, HandClock())
        bench.warehouse.shows(LAMP=5, KETTLE=3)
        await bench.poll("warehouse")
        for _ in range(2):
            report = await bench.poll("shop")
            whole_text(str(report.error))
        bench.approve(*[update.id for update in bench.updates()][:1])
        await bench.apply()
        database.read(lambda connection: connection.execute("PRAGMA integrity_check").fetchall())
        mark = database.read(here)
        database.read(read, mark, now=bench.clock.now())


def plugin(content: bytes) -> None:
    """Whatever a package's channel hands over: the poll ends, the cache holds, and can be shown."""
    with (
        tempfile.TemporaryDirectory(prefix="skew-fuzz-") as name,
        pytest.MonkeyPatch.context() as patch,
    ):
        folder = Path(name)
        scripted_channel.register(patch)
        patch.setattr(handed_over, "is_foreign", lambda _kind: True)
        _runner().run(_polled(folder, FuzzDraw(content)))
        (folder / "skew.toml").write_text(
            '[skew]\ndatabase = "skew.db"\n[authority]\nquantity = "warehouse"\n'
            '[channels.warehouse]\nkind = "csv"\npath = "w.csv"\n'
            '[channels.shop]\nkind = "csv"\npath = "s.csv"\n'
        )
        for command in (
            ("diff", "--json"),
            ("incidents", "--all"),
            ("history", "LAMP"),
            ("status",),
        ):
            skew(folder, *command)


ANSWERS: Sequence[Any] = (
    {
        "items": [
            {"sku": "A", "qty": 5, "id": 1, "updated": "2026-11-20T10:00:00Z"},
            {"sku": "B", "qty": 0, "id": 2},
        ],
        "next": "https://x.example/?page=2",
        "total": 2,
        "page": 1,
    },
    [
        {
            "code": "A",
            "stock": [{"warehouse": "w", "available": 3, "reserved": 1}],
            "price": {"amount": "9.99", "currency": "EUR"},
        }
    ],
    {
        "data": {
            "products": {
                "edges": [{"node": {"sku": "A", "inventory": 3}}],
                "pageInfo": {"hasNextPage": True, "endCursor": "x"},
            }
        }
    },
)


def described(content: bytes) -> None:
    draw = FuzzDraw(content)
    answer: Any = draw.choice(ANSWERS)
    for _ in range(draw.number(6)):
        answer = spoilt(answer, draw) if draw.number(8) else draw.choice(WRONG)
    # As it would have come over the wire.
    answer = values.json_value(json.dumps(answer).encode())
    url = draw.choice(
        ["https://shop.example/items?page=1&limit=50", "https://shop.example/x", "https://[half"]
    )
    question = ApiQuestion("shop", url, Path(), items=draw.choice([None, "items", "data.*", "[?"]))
    try:
        proposal = describe_answer(question, answer)
    except (ChannelError, ConfigErrors) as error:
        whole_text(str(error))
    else:
        for text in (*proposal.notes, *proposal.seen):
            whole_text(str(text))


def _seeds() -> Iterable[bytes]:
    for number in range(0, 250, 7):
        yield bytes(
            [
                number % 5,
                number,
                number % 9,
                2,
                1,
                number % 31,
                0,
                3,
                number % 11,
                7,
                7,
                1,
                16,
                number,
            ]
        )


TARGETS = {
    "strangers: requests": FuzzTarget(_seeds, request, ("/webhooks/", SECRET)),
    "strangers: signed webhooks": FuzzTarget(_signed, signed, ("created_at", "event_id", "hash")),
    "strangers: plugins": FuzzTarget(_seeds, plugin),
    "strangers: described answers": FuzzTarget(_seeds, described),
}
