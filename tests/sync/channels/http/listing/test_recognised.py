"""A page that is recognised by its bytes gives what it gave when it was decoded, and its list too.

Random catalogues are read again after random edits: records that change, come, go and move, pages
that move, words that come and go. A channel that recognises is held against one that never does.
"""

import asyncio
from array import array
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from store.model import Record, State
from store.polling.recognition.memory import PollMemory
from store.polling.recognition.pages import NEW, FreshPart, PollPages
from store.polling.recognition.recogniser import Recogniser
from sync.channels.base import FreshReadings, RecordPage, closing
from sync.channels.http.channel import HttpApi, open_channel
from sync.channels.http.listing.pages import PageReader
from sync.channels.http.listing.reader import ListReader
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
    """What a channel's last reading had, as the engine keeps it: each record has a number."""

    pages: PollPages = field(default_factory=PollPages)
    numbered: dict[int, Record] = field(default_factory=dict)
    source: bytes = b""

    @property
    def records(self) -> list[list[Record]]:
        """Those of each page of the last reading."""
        return [self._listed(range(page, page + 1)) for page in range(len(self.pages.marks))]

    def recogniser(self) -> Recogniser:
        memory = PollMemory()
        memory.pages, memory.poll_id, memory.records = self.pages, 1, self.pages.records
        memory.source = self.source
        recogniser = Recogniser(memory, frozenset(), counts=True)
        memory.configured, memory.described = recogniser.configured, recogniser.described
        return Recogniser(memory, frozenset(), counts=True)

    def keep(self, read: list[RecordPage]) -> None:
        made = PollPages()
        for page in read:
            (part,) = page.marks.parts or [whole(page)]
            if isinstance(part, range):
                start, end = self.pages.start(part.start), self.pages.ends[part.stop - 1]
                made.marks.append(self.pages.marks[part.start])
                made.digests.extend(self.pages.digests[start:end])
                made.listing_ids.extend(self.pages.listing_ids[start:end])
            else:
                new = iter(page.records)
                for listing_id in part.listing_ids:
                    if listing_id == NEW:
                        self.numbered[len(self.numbered) + 1] = next(new)
                    made.listing_ids.append(listing_id or len(self.numbered))
                made.marks.append(part.mark)
                made.digests.extend(part.digests)
            made.ends.append(len(made.digests))
            made.sizes.append(0)
        self.pages = made
        self.source = read[-1].marks.source or b""

    def records_of(self, page: RecordPage) -> list[Record]:
        (part,) = page.marks.parts or [whole(page)]
        if isinstance(part, range):
            assert not page.records
            return self._listed(part)
        new = iter(page.records)
        found = [next(new) if at == NEW else self.numbered[at] for at in part.listing_ids]
        assert next(new, None) is None
        return found

    def _listed(self, pages: range) -> list[Record]:
        start, end = self.pages.start(pages.start), self.pages.ends[pages.stop - 1]
        return [self.numbered[number] for number in self.pages.listing_ids[start:end]]


def whole(page: RecordPage) -> FreshPart:
    """A page that is recognised by nothing but its bytes."""
    doubtful = page.refused or page.warnings or page.cut_short
    mark = b"" if doubtful else page.marks.mark
    count = len(page.records)
    return FreshPart(mark, array("Q", [0] * count), array("q", [NEW] * count))


QUANTITIES = st.sampled_from([0, 1, 7, "3", None, "gone", "many", ">100", 12.0])
RECORDS = st.fixed_dictionaries(
    {"sku": st.sampled_from("ABCDEFGH"), "qty": QUANTITIES},
    optional={
        "title": st.sampled_from(["", "Lamp", None]),
        "cost": st.sampled_from([{"net": "1.00"}, {"net": None}, {"net": 2.5}, {"net": "x"}]),
        "state": st.sampled_from(["live", "ended", "odd", None]),
    },
)
ACTS = st.sampled_from(["edit", "drop", "add", "move", "turn", "repeat"])
PAGES = st.lists(st.lists(RECORDS, max_size=4), min_size=1, max_size=4)


@st.composite
def lives(draw: st.DrawFn) -> list[list[list[Any]]]:
    """A list as it is from reading to reading: mostly the same."""
    known = [draw(PAGES)]
    for _ in range(draw(st.integers(1, 3))):
        pages = [list(page) for page in known[-1]]
        for act in draw(st.lists(ACTS, max_size=2)):
            at = draw(st.integers(0, len(pages) - 1))
            if act == "add":
                pages[at].insert(0, draw(RECORDS))
            elif act == "move":
                pages.insert(draw(st.integers(0, len(pages) - 1)), pages.pop(at))
            elif act == "turn":
                pages.append(pages.pop(0)[:])
            elif act == "repeat":
                pages[at][:0] = pages[at - 1][-1:] if at else []
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
            assert records == [list(page.records) for page in expected]
            for page, other in zip(found, expected, strict=True):
                assert list(page.refused) == list(other.refused)
                assert (page.announced, page.cut_short) == (other.announced, other.cut_short)
                assert list(page.warnings) == list(other.warnings)
            memory.keep(found)
        await recognising.close()


def opened(url: str, api: set[str], only: Collection[str] = FIELDS.values()) -> HttpApi:
    nests, is_numbered = "nested" in api, "numbered" in api
    fields = {
        name: f"item.{path}" if nests else path for name, path in FIELDS.items() if path in only
    }
    options = HttpOptions(
        url=f"{url}/list" if is_numbered else f"{url}/list?page=1",
        items="items",
        next=None if is_numbered else "next",
        paging=PagingTable(by="page", param="page") if is_numbered else None,
        fields=fields,
        states={"live": State.ACTIVE, "ended": State.ARCHIVED} if "state" in fields else {},
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
        memory.keep(found)
        shop.pages = [second, first, last, [{**first[0], "sku": "D"}]]
        channel.recall(memory.recogniser())
        again = await read(channel)
        await channel.close()
    assert [page.marks.parts for page in again[:3]] == [[range(n, n + 1)] for n in (1, 0, 2)]
    assert list(again[3].records) == [Record("D", 1, title="Lamp", price_minor=100, state="active")]


async def test_a_page_that_stands_is_not_even_parsed(decoded: list[str]) -> None:
    """Neither by a new process; the first one is, to see that it has all that is described."""
    shop, memory = Shop([[{**FULL, "sku": sku}] for sku in "ABCD"]), Memory()
    with serving(shop.answer) as server:
        for expected in ("page 1 ABCD", "page 1 "):
            await reread(server.url, memory)
            assert "".join(decoded) == expected
            decoded.clear()
    assert [record.sku for page in memory.records for record in page] == list("ABCD")


async def test_of_a_page_that_has_changed_only_new_records_are_decoded(decoded: list[str]) -> None:
    """After the first page, which is decoded to see that it has all that is described."""
    shop = Shop([[{**FULL, "sku": sku} for sku in page] for page in ("AB", "CDE", "FGH")])
    memory = Memory()
    with serving(shop.answer) as server:
        await reread(server.url, memory)
        decoded.clear()
        shop.pages[1][1] = {**FULL, "sku": "D", "qty": 2}
        shop.pages[2].insert(1, {**FULL, "sku": "I"})
        shop.pages[2].pop()

        await reread(server.url, memory)

    assert "".join(decoded) == "page 1 DI"
    assert [[(r.sku, r.available) for r in page] for page in memory.records] == [
        [("A", 1), ("B", 1)], [("C", 1), ("D", 2), ("E", 1)], [("F", 1), ("I", 1), ("G", 1)],
    ]  # fmt: skip


ODD = (
    b'{"sku": "C", "qty": 1e999}', b'{"sku": "C", "qty": "many"}', b'{"sku": "C", "qty": NaN}',
    b'{"sku": "C", "qty": 123456789012345678901234567890}', b'{"sku": "C", "qty": 01}',
    b'{"sku": "A", "sku": "C", "qty": 5}', b'{"qty": 3, "sku": "B"}', b'{"sku": "C"', b"7", b"",
    b'{"sku": "C", "qty": 1}}', b"null", b'{"sku": "\\ud800", "qty": 1}',
    b'{"sku": "\xff", "qty": 1}', b'{"sku": "C\\u0000", "qty": 1}',
    b'\n {"qty":\t4 , "sku" : "C" }\n',
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
async def test_an_odd_record_says_what_it_says_where_all_are_decoded(odd: bytes) -> None:
    good = [b'{"sku": "%c", "qty": 1}' % sku for sku in b"ABDEF"]
    shown, memory = [good[:2], good[2:]], Memory()

    def answer(asked: ReceivedRequest) -> Answer:
        number = int(asked.path.rpartition("=")[2])
        beside = b', "next": "/list?page=2"' if number == 1 else b""
        return Answer(b'{"items": [%s]%s}' % (b",".join(shown[number - 1]), beside))

    with serving(answer) as server:
        for shown[1] in (good[2:], [good[2], odd, *good[3:]], good[2:]):
            recognising, decoding = (opened(server.url, set(), {"sku", "qty"}) for _ in range(2))
            recognising.recall(memory.recogniser())
            found, refused = await read_or_refusal(recognising)
            expected, refusal = await read_or_refusal(decoding)
            await recognising.close()
            await decoding.close()
            assert refused == refusal
            if not refused:
                assert [memory.records_of(page) for page in found] == [
                    list(page.records) for page in expected
                ]
                assert [page.refused for page in found] == [page.refused for page in expected]
                memory.keep(found)


FULL = {"qty": 1, "title": "Lamp", "cost": {"net": 1}, "state": "live"}


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that are decoded as a whole, and the SKUs of the records that are decoded."""
    seen: list[str] = []
    content, records = PageReader.content, ListReader.decoded

    def page(reader: PageReader, reply: Reply, place: str) -> object:
        seen.append(f"{place} ")
        return content(reader, reply, place)

    def each(reader: ListReader, items: Any, place: str, first: int = 1) -> FreshReadings:
        answer = records(reader, items, place, first)
        seen.extend(record.sku for record in answer.records)
        return answer

    monkeypatch.setattr(PageReader, "content", page)
    monkeypatch.setattr(ListReader, "decoded", each)
    return seen


async def reread(url: str, memory: Memory) -> None:
    channel = opened(url, set())
    channel.recall(memory.recogniser())
    memory.keep(await read(channel))
    await channel.close()


async def test_whoever_recalls_nothing_gets_every_record() -> None:
    shop = Shop([[{**FULL, "sku": sku} for sku in page] for page in ("AB", "CD")])
    with serving(shop.answer) as server:
        channel = opened(server.url, set())
        for _ in range(2):
            found = await read(channel)
            assert [[record.sku for record in page.records] for page in found] == [[*"AB"], [*"CD"]]
            assert [page.marks.parts for page in found] == [None, None]
        await channel.close()
