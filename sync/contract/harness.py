"""What a kind of channel must bring along for the contract suite to drive it, and how it is driven.

A new kind over HTTP brings a `Backend`: the vendor's API as far as the kind uses it, on a dict of
stock. Everything that a network does to it is done here, in front of it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

import msgspec
import pytest

from store.event_kinds import Event, EventKind
from store.model import Direction, Record, Refused
from sync import channels
from sync.channels.base import Change, Channel, EventPage, EventSource, RecordPage
from sync.clock import SystemClock
from sync.config.decoding import Findings, table
from sync.contract.loopback import FakeAnswer, Loopback, ReceivedRequest, serving
from sync.settings import ChannelSettings

SECRET_NAME = "CONTRACT_SECRET"  # noqa: S105 - a name.
"""The environment variable that a harness names as the place of its credential."""
SECRET = "c0ntract-s3cret"  # noqa: S105 - it opens nothing but a fake on loopback.
STRANGE = (" spaced ", "ünï/côde?&#", "per%2Fcent", "../../admin", "{ref}", 'quo"te', "a+b;c|d")
"""SKUs that must arrive at their own place, whatever they look like."""

T = TypeVar("T", bound=msgspec.Struct)
H = TypeVar("H", bound="Harness")


class Harness(Protocol):
    """A running channel to read and write, and the ways to spoil it."""

    @property
    def kind(self) -> str: ...

    @property
    def base(self) -> Path:
        """The folder of the configuration."""
        ...

    def table(self) -> dict[str, Any]:
        """The kind's own keys of `[channels.NAME]`."""
        ...

    @property
    def many(self) -> int:
        """How many listings are more than one page."""
        ...

    def put(self, sku: str, quantity: int) -> None:
        """The channel now has so many available; at most it is a new listing."""
        ...

    def shown(self, sku: str) -> int:
        """What the channel itself holds available, asked behind our back."""
        ...

    def corrupt(self, sku: str, raw: str) -> None:
        """Say `raw`, as text of the format, where the listing's quantity stands."""
        ...

    def garble(self) -> None:
        """Say something that is no page at all."""
        ...

    def vanish(self) -> None:
        """Be gone."""
        ...


class Backend(Protocol):
    """A vendor's API on a dict of stock, as its documents and measurements say."""

    kind: str

    def table(self, url: str) -> dict[str, Any]: ...
    def answer(self, asked: ReceivedRequest) -> FakeAnswer: ...
    def put(self, sku: str, quantity: int) -> None: ...
    def shown(self, sku: str) -> int: ...
    def corrupt(self, sku: str, raw: str) -> None: ...


@runtime_checkable
class TellingBackend(Protocol):
    """A backend whose writes are not told by their method: its reads may be a POST too."""

    def is_write(self, asked: ReceivedRequest) -> bool: ...


@runtime_checkable
class LaterBackend(Protocol):
    """A backend that applies later what it accepts, as its vendor does."""

    def settle(self) -> None:
        """Apply now what was accepted."""
        ...


class EventBackend(Backend, Protocol):
    """One that tells what moved."""

    def order(self, sku: str, units: int) -> str:
        """A customer orders; answers the order's name."""
        ...

    def count(self, sku: str, units: int) -> None:
        """A stocktake finds so many more or fewer."""
        ...

    def misreport(self, sku: str) -> None:
        """From now on the last event of this SKU has a quantity that is not a number."""
        ...


@dataclass
class OverHttp:
    """The harness of every kind that speaks HTTP: a backend, and a front that can spoil it."""

    backend: Backend
    server: Loopback
    front: "Front"
    base: Path
    gone: bool = False
    timeout_ms: int = 5000

    @property
    def kind(self) -> str:
        return self.backend.kind

    def table(self) -> dict[str, Any]:
        return self.backend.table("http://127.0.0.1:9" if self.gone else self.server.url)

    def put(self, sku: str, quantity: int) -> None:
        self.backend.put(sku, quantity)

    def shown(self, sku: str) -> int:
        return self.backend.shown(sku)

    def corrupt(self, sku: str, raw: str) -> None:
        self.backend.corrupt(sku, raw)

    @property
    def many(self) -> int:
        """How many listings are more than two pages, as the backend's `many` says."""
        return int(getattr(self.backend, "many", 2_300))

    def is_write(self, asked: ReceivedRequest) -> bool:
        """Tell a write from a read: by its method, or as the backend says."""
        if isinstance(self.backend, TellingBackend):
            return self.backend.is_write(asked)
        return asked.method != "GET"

    def garble(self) -> None:
        self.front.spoil = lambda _asked: FakeAnswer(b'{"items": [')

    def vanish(self) -> None:
        # Nobody listens on the discard port.
        self.gone = True


@dataclass
class Front:
    """Stands before a backend; `spoil` may answer in its place, or None to let it."""

    backend: Backend
    spoil: Callable[[ReceivedRequest], FakeAnswer | None] = field(default=lambda _asked: None)

    def __call__(self, asked: ReceivedRequest) -> FakeAnswer:
        return self.spoil(asked) or self.backend.answer(asked)


@contextmanager
def over_http(backend: Backend, base: Path) -> Iterator[OverHttp]:
    """Serve a backend on loopback and give its harness. `base` is the configuration's folder."""
    front = Front(backend)
    with serving(front) as server:
        yield OverHttp(backend, server, front, base)


def stocked(harness: H) -> H:
    """Put the three listings there with which every test of the suite begins."""
    for sku, quantity in {"A-1": 5, "B-2": 0, "C-3": 12}.items():
        harness.put(sku, quantity)
    return harness


def settle(harness: Harness) -> None:
    """Let as much time pass as a channel needs that applies later what it accepts."""
    if isinstance(harness, OverHttp) and isinstance(harness.backend, LaterBackend):
        harness.backend.settle()


class ContractSuite:
    """What a suite stands on: its subclass has a fixture `harness`, with three listings."""

    @pytest.fixture(autouse=True)
    def _credential_in_its_place(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> Iterator[None]:
        monkeypatch.setenv(SECRET_NAME, SECRET)
        yield
        assert SECRET not in caplog.text


def options_of(shape: type[T], keys: dict[str, Any]) -> T:
    """Decode the kind's own keys as the configuration does; a wrong one fails the test.

    A key that is None is not there: TOML has no null.
    """
    found = Findings()
    keys = {name: value for name, value in keys.items() if value is not None}
    options = table(keys, shape, "channels.shop", found)
    assert options is not None, found.errors
    return options


@asynccontextmanager
async def opened(harness: Harness) -> AsyncIterator[Channel]:
    """Open the harness's channel through the registry, as the engine does."""
    options = options_of(channels.kind(harness.kind).OPTIONS, harness.table())
    settings = ChannelSettings(
        name="shop",
        kind=harness.kind,
        direction=Direction.PUSH,
        options=options,
        timeout_ms=getattr(harness, "timeout_ms", 5000),
    )
    channel = channels.open_channel(settings, QuickClock(), harness.base)
    try:
        yield channel
    finally:
        await channel.close()


class QuickClock(SystemClock):
    """Real time, but nobody waits for long: the waits themselves are the transport's tests."""

    async def sleep(self, span_ms: int) -> None:
        await asyncio.sleep(min(span_ms, 20) / 1000)


@dataclass(frozen=True)
class WholeReading:
    """A whole poll."""

    pages: Sequence[RecordPage]

    @property
    def records(self) -> list[Record]:
        return [record for page in self.pages for record in page.records]

    @property
    def refused(self) -> list[Refused]:
        return [refused for page in self.pages for refused in page.refused]

    @property
    def stock(self) -> dict[str, int | None]:
        return {record.sku: record.available for record in self.records}

    def of(self, sku: str) -> Record:
        (found,) = (record for record in self.records if record.sku == sku)
        return found


@dataclass(frozen=True)
class EventsRead:
    """A whole reading of what moved."""

    pages: Sequence[EventPage]

    @property
    def events(self) -> list[Event]:
        return [event for page in self.pages for event in page.events]

    @property
    def refused(self) -> list[Refused]:
        return [refused for page in self.pages for refused in page.refused]

    @property
    def cursor(self) -> str | None:
        cursors = [page.cursor for page in self.pages if page.cursor is not None]
        return cursors[-1] if cursors else None

    @property
    def moved(self) -> list[tuple[EventKind, str, int]]:
        return [(event.kind, event.sku, event.quantity) for event in self.events]


async def read_events(harness: Harness, cursor: str | None = None) -> EventsRead:
    async with opened(harness) as channel:
        return await event_poll(channel, cursor)


async def event_poll(channel: Channel, cursor: str | None = None) -> EventsRead:
    source = cast("EventSource", channel)
    return EventsRead([page async for page in source.events(cursor)])


async def poll(harness: Harness) -> WholeReading:
    async with opened(harness) as channel:
        return WholeReading([page async for page in channel.pages()])


def change(record: Record, quantity: int, key: str = "c-1", **more: Any) -> Change:
    """A change of what was just read."""
    return Change(record.sku, record.location, record.ref, quantity, record, key, **more)


def with_raw(payload: object, raw: dict[str, str]) -> bytes:
    """Write JSON in which the texts `<raw SKU>` are replaced by raw JSON."""
    text = json.dumps(payload)
    for sku, value in raw.items():
        text = text.replace(json.dumps(f"<raw {sku}>"), value)
    return text.encode()
