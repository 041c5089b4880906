"""The suite that every registered kind of channel passes, each against a real server or file.

A new kind adds one line to `HARNESSES`, and over HTTP a backend (`tests/contract/backends.py`).
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sync import channels
from sync.channels.base import Receipt, Wanted
from sync.channels.csv import QUIET_MS
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from sync.simulation.server import WorldServer
from tests.contract.backends import Market, Simulated
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    Harness,
    OverHttp,
    QuickClock,
    change,
    opened,
    over_http,
    poll,
)
from tests.contract.vendure_backend import Vendure
from tests.loopback import Asked, Told, script, serving
from tests.simulation.support import small_world

STRANGE = (" spaced ", "ünï/côde?&#", "per%2Fcent", "../../admin", "{ref}", 'quo"te', "a+b;c|d")


@dataclass
class DroppedFile:
    """The `csv` kind's harness: the warehouse drops its file anew after every change."""

    base: Path
    kind: str = "csv"
    stock: dict[str, str] = field(default_factory=dict)

    def table(self) -> dict[str, Any]:
        return {"path": "stock.csv", "delimiter": "\t"}

    def put(self, sku: str, quantity: int) -> None:
        self.corrupt(sku, str(quantity))

    def shown(self, sku: str) -> int:
        return int(self.stock[sku])

    def corrupt(self, sku: str, raw: str) -> None:
        self.stock[sku] = raw.strip('"')
        rows = ["sku\tavailable"]
        rows += ['"{}"\t{}'.format(s.replace('"', '""'), n) for s, n in self.stock.items()]
        self._drop("".join(f"{row}\n" for row in rows))

    def garble(self) -> None:
        self._drop("<html>Sign in</html>\n")

    def vanish(self) -> None:
        (self.base / "stock.csv").unlink()

    def _drop(self, content: str) -> None:
        path = self.base / "stock.csv"
        path.write_text(content)
        then = time.time() - QUIET_MS / 1000 - 1
        os.utime(path, (then, then))


@contextmanager
def _file(base: Path) -> Iterator[Harness]:
    harness = DroppedFile(base)
    harness.put("FIRST", 1)
    yield harness


@contextmanager
def _simulated(base: Path) -> Iterator[Harness]:
    world = small_world()
    for item in list(world.shelf("shop").items()):
        world.shelf("shop").drop(item.sku)
    with (
        WorldServer(world, tokens={"shop": SECRET}, clock=QuickClock()) as server,
        over_http(Simulated(server, world), base) as harness,
    ):
        yield harness


HARNESSES: dict[str, Callable[[Path], AbstractContextManager[Harness]]] = {
    "csv": _file,
    "http": lambda base: over_http(Market(), base),
    "simulated": _simulated,
    "vendure": lambda base: over_http(Vendure(), base),
}


NETWORKED = sorted(set(channels.KINDS) - {"csv"})
WRITING = sorted(kind for kind in NETWORKED if channels.kind(kind).ABILITIES.writes)


@contextmanager
def running(kind: str, base: Path) -> Iterator[Harness]:
    """Run one kind's channel with three listings; a kind without a harness fails here."""
    with HARNESSES[kind](base) as found:
        found.put("A-1", 5)
        found.put("B-2", 0)
        found.put("C-3", 12)
        yield found


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


@pytest.fixture(params=sorted(channels.KINDS))
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    with running(request.param, tmp_path) as found:
        yield found


@pytest.fixture(params=NETWORKED)
def networked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
    with running(request.param, tmp_path) as found:
        assert isinstance(found, OverHttp)
        yield found


@pytest.fixture(params=WRITING)
def writing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
    with running(request.param, tmp_path) as found:
        assert isinstance(found, OverHttp)
        yield found


async def failure(harness: Harness) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await poll(harness)
    assert SECRET not in repr(caught.value)
    assert "shop" in str(caught.value)
    return caught.value


async def test_a_poll_gives_every_listing_once(harness: Harness) -> None:
    reading = await poll(harness)

    assert reading.refused == []
    assert len(reading.records) == len(reading.stock)
    assert reading.stock.items() >= {"A-1": 5, "B-2": 0, "C-3": 12}.items()


async def test_a_large_catalogue_comes_page_by_page_in_a_stable_order(harness: Harness) -> None:
    for number in range(2_300 if harness.kind != "csv" else 1_200):
        harness.put(f"N-{number:05}", number)

    first, second = await poll(harness), await poll(harness)

    assert len(first.pages) > 1
    assert first.records == second.records
    assert len({record.sku for record in first.records}) == len(first.records)
    assert first.stock["N-01199"] == 1199
    announced = [page.announced for page in first.pages if page.announced is not None]
    assert not announced or announced[-1] == len(first.records)


async def test_negative_stock_is_told_as_it_is_read(harness: Harness) -> None:
    harness.put("A-1", -4)

    assert (await poll(harness)).of("A-1").available == -4


async def test_a_sku_is_taken_exactly_as_it_is(harness: Harness) -> None:
    for number, sku in enumerate(STRANGE):
        harness.put(sku, number)

    stock = (await poll(harness)).stock

    assert {sku: stock[sku] for sku in STRANGE} == {sku: n for n, sku in enumerate(STRANGE)}


@pytest.mark.parametrize("raw", ['"twelve"', "1e400", "3.5", "9999999999999999", "[]", "true"])
async def test_a_bad_quantity_blinds_its_own_listing_only(harness: Harness, raw: str) -> None:
    harness.corrupt("B-2", raw)

    reading = await poll(harness)

    (refused,) = reading.refused
    assert refused.sku == "B-2"
    assert refused.place
    assert refused.reason
    assert reading.stock.items() >= {"A-1": 5, "C-3": 12}.items()
    assert "B-2" not in reading.stock


@pytest.mark.parametrize("sku", ["K" * 10_000, "bell\x07", "esc\x1b[2J", "bidi\u202e"])
async def test_a_sku_that_cannot_be_one_blinds_itself_only(harness: Harness, sku: str) -> None:
    harness.put(sku, 1)

    reading = await poll(harness)

    assert [refused.sku for refused in reading.refused] == [None]
    assert sku not in reading.stock
    assert reading.stock.items() >= {"A-1": 5, "C-3": 12}.items()


async def test_what_is_no_page_breaks_the_contract_at_a_place(harness: Harness) -> None:
    harness.garble()

    error = await failure(harness)

    assert isinstance(error, ContractBroken)
    assert error.path


async def test_a_channel_that_is_gone_may_come_back(harness: Harness) -> None:
    harness.vanish()

    assert type(await failure(harness)) is Temporary


async def test_signing_in_tells_what_was_seen(harness: Harness) -> None:
    async with opened(harness) as channel:
        assert await channel.sign_in()
        assert SECRET not in await channel.sign_in()
        assert SECRET not in repr(channel)


async def test_closing_twice_is_harmless(harness: Harness) -> None:
    async with opened(harness) as channel:
        await channel.sign_in()
        await channel.close()


async def test_what_a_channel_can_do_is_within_what_its_kind_can(harness: Harness) -> None:
    most = channels.kind(harness.kind).ABILITIES
    async with opened(harness) as channel:
        can = channel.abilities

    assert can.kind == most.kind == harness.kind
    assert set(can.reads) <= set(most.reads)
    assert can.states <= most.states
    assert set(can.writes) <= set(most.writes) <= {"quantity", "state"}
    assert can.batch_max >= 1
    assert can.writes or not (can.compare_and_set or can.idempotency)


async def test_a_refused_credential_is_named_and_not_shown(
    networked: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_NAME, "wr0ng-s3cret")

    error = await failure(networked)

    assert type(error) is NeedsOperator
    assert SECRET_NAME in str(error)
    assert "wr0ng-s3cret" not in repr(error)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_passing_trouble_is_waited_out(networked: OverHttp, status: int) -> None:
    troubles = [Told(status=status)]
    networked.front.spoil = lambda _asked: troubles.pop() if troubles else None

    assert (await poll(networked)).stock["A-1"] == 5


async def test_a_redirect_to_another_host_is_not_followed(networked: OverHttp) -> None:
    with serving(script(Told(b"thanks"))) as thief:
        networked.front.spoil = lambda _asked: Told(status=302, headers={"Location": thief.url})

        assert isinstance(await failure(networked), ContractBroken)
        assert thief.asked == []


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b"<html>", b"\xff\xfe", b"[" * 100_000])
async def test_any_other_answer_breaks_the_contract(networked: OverHttp, body: bytes) -> None:
    networked.front.spoil = lambda _asked: Told(body)

    assert isinstance(await failure(networked), ContractBroken | NeedsOperator)


async def test_a_write_sets_what_the_channel_shows(writing: OverHttp) -> None:
    before = await poll(writing)
    async with opened(writing) as channel:
        changes = [change(before.of("A-1"), 3, "c-1"), change(before.of("B-2"), 9, "c-2")]
        receipts: list[Receipt] = []
        for start in range(0, len(changes), channel.abilities.batch_max):
            receipts += await channel.write(changes[start : start + channel.abilities.batch_max])

    assert [receipt.change for receipt in receipts] == changes
    assert [receipt.refused for receipt in receipts] == [None, None]
    assert (writing.shown("A-1"), writing.shown("B-2"), writing.shown("C-3")) == (3, 9, 12)
    assert (await poll(writing)).stock.items() >= {"A-1": 3, "B-2": 9}.items()


async def test_a_strange_sku_is_written_and_read_at_its_own_place(writing: OverHttp) -> None:
    for sku in STRANGE:
        writing.put(sku, 1)
    before = await poll(writing)
    async with opened(writing) as channel:
        for sku in STRANGE:
            record = before.of(sku)
            (receipt,) = await channel.write([change(record, 7, sku)])
            answer = await channel.read([Wanted(sku, record.location, record.ref)])
            assert receipt.refused is None
            assert [(found.sku, found.available) for found in answer.records] == [(sku, 7)]

    assert all(writing.shown(sku) == 7 for sku in STRANGE)
    assert {"A-1": 5, "B-2": 0}.items() <= (await poll(writing)).stock.items()


async def test_a_listing_that_moved_meanwhile_is_a_conflict(writing: OverHttp) -> None:
    before = await poll(writing)
    writing.put("A-1", 4)
    async with opened(writing) as channel:
        (receipt,) = await channel.write([change(before.of("A-1"), 3)])

    assert receipt.conflict
    assert receipt.refused
    assert writing.shown("A-1") == 4


async def test_a_write_to_what_is_not_there_is_refused(writing: OverHttp) -> None:
    record = (await poll(writing)).of("A-1")
    nobody = change(record, 3)
    object.__setattr__(nobody, "sku", "NOBODY")
    object.__setattr__(nobody, "ref", "NOBODY")
    async with opened(writing) as channel:
        try:
            (receipt,) = await channel.write([nobody])
        except WriteRejected:
            return

    assert receipt.refused


async def test_a_lost_reply_to_a_write_is_an_unknown_outcome(writing: OverHttp) -> None:
    record = (await poll(writing)).of("A-1")
    writes: list[Asked] = []

    def lose(asked: Asked) -> Told | None:
        if not is_write(asked):
            return None
        writes.append(asked)
        writing.backend.answer(asked)
        return Told(lose=True)

    async with opened(writing) as channel:
        await channel.sign_in()
        writing.front.spoil = lose
        with pytest.raises(WriteOutcomeUnknown):
            await channel.write([change(record, 3)])

    assert len(writes) == 1
    assert writing.shown("A-1") == 3


def is_write(asked: Asked) -> bool:
    """Tell a write from a read, also where both are a POST."""
    if asked.method == "POST" and b'"query"' in asked.body:
        return b"updateProductVariants" in asked.body
    return asked.method != "GET"


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_write_gives_the_channels_words(writing: OverHttp, status: int) -> None:
    record = (await poll(writing)).of("A-1")
    async with opened(writing) as channel:
        await channel.sign_in()
        writing.front.spoil = lambda asked: (
            Told({"message": f"no, says {SECRET}"}, status) if is_write(asked) else None
        )
        with pytest.raises(WriteRejected, match="no, says •••"):
            await channel.write([change(record, 3)])

    assert writing.shown("A-1") == 5


async def test_a_few_listings_are_read_afresh(writing: OverHttp) -> None:
    before = await poll(writing)
    writing.put("A-1", 2)
    wanted = [
        Wanted(sku, before.of(sku).location, before.of(sku).ref) for sku in ("A-1", "C-3")
    ] + [Wanted("NOBODY", "", "NOBODY")]
    async with opened(writing) as channel:
        assert channel.abilities.reads_one
        answer = await channel.read(wanted)

    assert {record.sku: record.available for record in answer.records} == {"A-1": 2, "C-3": 12}
    assert list(answer.refused) == []


async def test_a_fresh_reading_that_is_no_good_is_refused_by_name(writing: OverHttp) -> None:
    record = (await poll(writing)).of("B-2")
    writing.corrupt("B-2", '"twelve"')
    async with opened(writing) as channel:
        answer = await channel.read([Wanted("B-2", record.location, record.ref)])

    assert list(answer.records) == []
    assert [refused.sku for refused in answer.refused] == ["B-2"]


async def test_reading_and_writing_at_once_is_safe(writing: OverHttp) -> None:
    record = (await poll(writing)).of("A-1")
    async with opened(writing) as channel:

        async def sweep() -> int:
            return sum([len(page.records) async for page in channel.pages()])

        counts = await asyncio.gather(sweep(), channel.write([change(record, 3)]), sweep())

    assert counts[0] == counts[2] == 3
    assert writing.shown("A-1") == 3
