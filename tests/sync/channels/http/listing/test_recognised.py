"""A page that is recognised by its bytes gives what it gave when it was decoded, and its list too.

Random catalogues are read again after random edits: records that change, come, go and move, pages
that move, words that come and go. A channel that recognises is held against one that never does.
"""

import asyncio
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from store.model import Record, State
from store.polling.recognition.memory import PollMemory
from store.polling.recognition.pages import PollPages
from store.polling.recognition.recogniser import Recogniser
from sync.channels.base import RecordPage, closing
from sync.channels.http.channel import HttpApi, open_channel
from sync.channels.http.listing.pages import PageReader
from sync.channels.http.listing.table import EachTable, PagingTable
from sync.channels.http.options import HttpOptions
from sync.errors import ContractBroken
from sync.transport.call import Reply
from sync.transport.transport import Transport
from tests.contract.harness import QuickClock
from tests.long_run import examples
from tests.loopback import Answer, ReceivedRequest, serving

FIELDS = {"sku": "sku", "available": "qty", "title": "title", "price": "cost.net", "state": "state"}


@dataclass
class Shop:
    """An API whose list is `pages`, and that says `total` beside each."""

    pages: list[list[Any]] = field(default_factory=list)
    api: set[str] = field(default_factory=set)
    """Of total, words, nested, numbered."""

    def answer(self, asked: ReceivedRequest) -> Answer:
        number = int(asked.path.rpartition("=")[2] or 1)
        if number > len(self.pages):
            return Answer({"items": []})
        body: dict[str, Any] = {"items": self.pages[number - 1]}
        if number < len(self.pages) and "numbered" not in self.api:
            body["next"] = f"/list?page={number + 1}"
        if "total" in self.api:
            body["total"] = sum(map(len, self.pages))
        return Answer(body)


@dataclass
class Memory:
    """What a channel's last reading had, as the engine keeps it."""

    pages: PollPages = field(default_factory=PollPages)
    records: list[Sequence[Record]] = field(default_factory=list)
    source: bytes = b""

    def recogniser(self) -> Recogniser:
        memory = PollMemory()
        memory.pages, memory.poll_id, memory.records = self.pages, 1, self.pages.records
        memory.source = self.source
        recogniser = Recogniser(memory, frozenset(), counts=True)
        memory.configured, memory.described = recogniser.configured, recogniser.described
        return Recogniser(memory, frozenset(), counts=True)

    def keep(self, read: list[RecordPage], records: list[Sequence[Record]]) -> None:
        marks: list[bytes] = []
        pages = PollPages(marks)
        for page, of_page in zip(read, records, strict=True):
            parts = page.marks.parts
            known = parts[0][0] if parts and isinstance(parts[0], range) else None
            doubtful = page.refused or page.warnings or page.cut_short
            mark = b"" if doubtful else page.marks.mark
            marks.append(self.pages.marks[known] if isinstance(known, int) else mark)
            pages.listing_ids.extend(array("q", [1] * len(of_page)))
            pages.digests.extend(array("Q", [0] * len(of_page)))
            pages.ends.append(len(pages.digests))
            pages.sizes.append(0)
        self.pages, self.records = pages, records
        self.source = read[-1].marks.source or b""

    def records_of(self, page: RecordPage) -> Sequence[Record]:
        parts = page.marks.parts
        if not parts:
            return page.records
        (known,) = parts
        assert isinstance(known, range)
        assert not page.records
        (number,) = known
        return self.records[number]


QUANTITIES = st.sampled_from([0, 1, 7, "3", None, "gone", "many", ">100", 12.0])
RECORDS = st.fixed_dictionaries(
    {"sku": st.sampled_from("ABCDEFGH"), "qty": QUANTITIES},
    optional={
        "title": st.sampled_from(["", "Lamp", None]),
        "cost": st.sampled_from([{"net": "1.00"}, {"net": None}, {"net": 2.5}, {"net": "x"}]),
        "state": st.sampled_from(["live", "ended", "odd", None]),
    },
)
ACTS = st.sampled_from(["edit", "drop", "add", "move", "turn"])
PAGES = st.lists(st.lists(RECORDS, max_size=4), min_size=1, max_size=4)


@st.composite
def lives(draw: st.DrawFn) -> list[list[list[Any]]]:
    """A list as it is from reading to reading: mostly the same."""
    known = [draw(PAGES)]
    for _ in range(draw(st.integers(1, 3))):
        pages = [list(page) for page in known[-1]]
        for act in draw(
            st.lists(st.sampled_from(["edit", "drop", "add", "move", "turn"]), max_size=2)
        ):
            at = draw(st.integers(0, len(pages) - 1))
            if act == "add":
                pages[at].insert(0, draw(RECORDS))
            elif act == "move":
                pages.insert(draw(st.integers(0, len(pages) - 1)), pages.pop(at))
            elif act == "turn":
                pages.append(pages.pop(0)[:])
            elif pages[at] and act == "edit":
                pages[at][0] = {**pages[at][0], "qty": draw(QUANTITIES)}
            elif pages[at]:
                pages[at].pop()
        known.append(pages)
    return known


A, B = {"sku": "A", "qty": 1}, {"sku": "B", "qty": 1}


@settings(max_examples=examples(200), deadline=None)
@example([[[A], [B], [A]], [[A], [B], [A], [B]]], set())
@example([[[A], [B], [A]], [[A], [B], [A], [B]]], {"numbered"})
@given(lives(), st.sets(st.sampled_from(["total", "words", "nested", "numbered"])))
def test_a_reading_that_recognises_is_the_reading_that_decodes(
    life: list[list[list[Any]]], api: set[str]
) -> None:
    asyncio.run(compare(life, api))


async def compare(life: list[list[list[Any]]], api: set[str]) -> None:
    shop, memory = Shop(api=api), Memory()
    with serving(shop.answer) as server:
        recognising = opened(server.url, api)
        for pages in life:
            decoding = opened(server.url, api)
            shop.pages = pages
            if "nested" in api:
                shop.pages = [[{"all": [item]} for item in page] for page in pages]
            recognising.recall(memory.recogniser())
            found, refused = await read_or_refusal(recognising)
            expected, refusal = await read_or_refusal(decoding)
            await decoding.close()
            assert refused == refusal
            if refused:
                continue  # The poll failed, and the memory is of the one before.
            records = [memory.records_of(page) for page in found]
            assert list(map(list, records)) == [list(page.records) for page in expected]
            for page, other in zip(found, expected, strict=True):
                assert list(page.refused) == list(other.refused)
                assert (page.announced, page.cut_short) == (other.announced, other.cut_short)
                assert list(page.warnings) == list(other.warnings)
            memory.keep(found, records)
        await recognising.close()


def opened(url: str, api: set[str]) -> HttpApi:
    nests, is_numbered = "nested" in api, "numbered" in api
    fields = {name: f"item.{path}" if nests else path for name, path in FIELDS.items()}
    options = HttpOptions(
        url=f"{url}/list" if is_numbered else f"{url}/list?page=1",
        items="items",
        next=None if is_numbered else "next",
        paging=PagingTable(by="page", param="page") if is_numbered else None,
        fields=fields,
        states={"live": State.ACTIVE, "ended": State.ARCHIVED},
        words={"gone": "absent", ">100": "at least 100"} if "words" in api else {},
        each=EachTable(items="all") if nests else None,
    )
    clock = QuickClock()
    return open_channel("shop", options, Transport("shop", url, clock=clock), clock, Path())


async def read_or_refusal(channel: HttpApi) -> tuple[list[RecordPage], str]:
    """The pages, or what the list is refused for, such as a page 3 that is page 1 and leads on."""
    try:
        return await read(channel), ""
    except ContractBroken as error:
        return [], str(error)


async def read(channel: HttpApi) -> list[RecordPage]:
    async with closing(channel.pages()) as pages:
        return [page async for page in pages]


async def test_a_page_that_stands_is_not_decoded_wherever_it_stands_now() -> None:
    first = [{"sku": "A", "qty": 1, "title": "Lamp", "cost": {"net": 1}, "state": "live"}]
    second = [{**first[0], "sku": "B"}]
    last = [{**first[0], "sku": "C"}]
    shop, memory = Shop([first, second, last], {"numbered"}), Memory()
    with serving(shop.answer) as server:
        channel = opened(server.url, shop.api)
        found = await read(channel)
        memory.keep(found, [page.records for page in found])
        shop.pages = [second, first, last, [{**first[0], "sku": "D"}]]
        channel.recall(memory.recogniser())
        again = await read(channel)
        await channel.close()
    assert [page.marks.parts for page in again[:3]] == [[range(n, n + 1)] for n in (1, 0, 2)]
    assert list(again[3].records) == [Record("D", 1, title="Lamp", price_minor=100, state="active")]


async def test_a_page_that_stands_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by a new process; the first one is, to see that it has all that is described."""
    full = {"qty": 1, "title": "Lamp", "cost": {"net": 1}, "state": "live"}
    shop = Shop([[{"sku": sku, **full}] for sku in "ABCD"])
    memory = Memory()
    parsed: list[str] = []
    content = PageReader.content

    def counted(reader: PageReader, reply: Reply, place: str) -> object:
        parsed.append(place)
        return content(reader, reply, place)

    monkeypatch.setattr(PageReader, "content", counted)
    with serving(shop.answer) as server:
        for expected in (["page 1", "page 2", "page 3", "page 4"], ["page 1"]):
            channel = opened(server.url, set())
            channel.recall(memory.recogniser())
            found = await read(channel)
            memory.keep(found, [memory.records_of(page) for page in found])
            await channel.close()
            assert parsed == expected
            parsed.clear()
    assert [record.sku for page in memory.records for record in page] == list("ABCD")
