"""What a poll of a file decodes: what has changed since the last one, and nothing else."""

import os
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from store.model import Record
from store.polling.recognition.memory import PollMemory
from store.polling.recognition.pages import NEW, NO_RECORD, FreshPage, FreshPart, joined
from store.polling.recognition.recogniser import Recogniser
from sync.channels.base import Change, RecordPage
from sync.channels.csv.channel import CsvFile
from sync.channels.csv.options import CsvOptions
from sync.channels.csv.recognition import whole
from sync.errors import ContractBroken
from sync.transport.transport import Transport
from tests.sync.scripted_channel import HandClock

LONG_AGO = 10**12
NOW = 4 * 10**12
"""Long after any file of today was written."""


class Reader:
    """Polls a file again and again, as the store would: with the memory of the poll before."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.path = path
        clock = HandClock()
        clock.at = NOW
        chosen = msgspec.convert({"path": path.name, **options}, CsvOptions)
        transport = Transport("shop", "", clock=clock)
        self.channel = CsvFile("shop", chosen, transport, clock, path.parent)
        self.memory = PollMemory()
        self.stands = False

    def write(self, text: str, at: int = LONG_AGO) -> None:
        self.path.write_text(text, newline="")
        os.utime(self.path, ns=(at * 1_000_000, at * 1_000_000))

    async def decoded(self, suspects: frozenset[int] = frozenset()) -> list[str]:
        """Poll; answers the SKUs of the rows that were decoded."""
        return [record.sku for page in await self.pages(suspects) for record in page.records]

    async def pages(self, suspects: frozenset[int] = frozenset()) -> Sequence[RecordPage]:
        recogniser = Recogniser(self.memory, suspects, counts=self.memory.poll_id > 0)
        recogniser.configure("as ever")
        self.channel.recall(recogniser)
        pages = [page async for page in self.channel.pages()]
        self.stands = recogniser.everything_stands
        layout: list[range | FreshPage] = []
        digests, ids = array("Q"), array("q")
        for page in pages:
            for part in page.marks.parts or ():
                if isinstance(part, FreshPart):
                    layout.append(FreshPage(part.mark, part.size, len(part.digests)))
                    digests += part.digests
                    ids += array("q", (n if n != NEW else 7 for n in part.listing_ids))
                else:
                    layout.append(part)
            if page.marks.source is not None:
                self.memory.source = page.marks.source
        whole_again = joined(recogniser.pages, layout, digests, ids)
        recogniser.remember(self.memory, layout, digests, ids)
        assert self.memory.pages is not None
        assert self.stands or self.memory.pages == whole_again
        self.memory.records = self.memory.pages.records
        self.memory.poll_id += 1
        return pages


def rows(*numbers: int) -> str:
    return "".join(f"S{place:03},{number}\n" for place, number in enumerate(numbers))


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path / "shop.csv")


async def test_a_file_that_stands_is_neither_decoded_nor_read(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.write("sku,available\n" + rows(*range(500)))
    assert len(await reader.decoded()) == 500
    monkeypatch.setattr(whole, "digest_of_file", None)

    assert await reader.decoded() == []
    assert reader.stands


async def test_a_file_that_was_young_when_it_was_read_is_read_again(reader: Reader) -> None:
    """Its time may stand though it was written a second time, within the tick of a clock."""
    reader.write("sku,available\n" + rows(1, 2, 3), at=NOW - 3_000)
    await reader.decoded()
    reader.write("sku,available\n" + rows(1, 9, 3), at=NOW - 3_000)

    assert await reader.decoded() == ["S001"]


async def test_of_a_file_that_changed_only_the_changed_rows_are_decoded(reader: Reader) -> None:
    reader.write("sku,available\n" + rows(*range(5_000)))
    await reader.decoded()
    numbers = list(range(5_000))
    numbers[7], numbers[4_100] = 77, 10_000
    reader.write("sku,available\n" + rows(*numbers), at=LONG_AGO + 1)

    assert await reader.decoded() == ["S007", "S4100"]


@pytest.mark.parametrize("place", [0, 1, 777, 2_000, 4_999])
async def test_a_row_that_was_put_in_or_taken_out_costs_no_other(
    reader: Reader, place: int
) -> None:
    lines = [f"S{number:05},{number}\n" for number in range(5_000)]
    reader.write("sku,available\n" + "".join(lines))
    await reader.decoded()
    more = [*lines[:place], "NEW,1\n", *lines[place:]]
    reader.write("sku,available\n" + "".join(more), at=LONG_AGO + 1)
    assert await reader.decoded() == ["NEW"]

    reader.write("sku,available\n" + "".join(lines), at=LONG_AGO + 2)
    assert await reader.decoded() == []


async def test_rows_that_are_added_one_by_one_leave_no_crumbs(reader: Reader) -> None:
    lines = [f"S{number:05},{number}\n" for number in range(2_000)]
    for count in range(1_000, 1_040):
        reader.write("sku,available\n" + "".join(lines[:count]), at=LONG_AGO + count)
        await reader.decoded()

    assert reader.memory.pages is not None
    assert len(reader.memory.pages.marks) < 10


async def test_a_quoted_line_end_is_no_row_end(reader: Reader) -> None:
    lines = [f'S{number:04},{number},"two\nlines ""{number}"""\n' for number in range(2_000)]
    reader.write("sku,available,title\n" + "".join(lines))
    assert len(await reader.decoded()) == 2_000
    lines[1_200] = 'S1200,5,"three\n\nlines"\n'
    reader.write("sku,available,title\n" + "".join(lines), at=LONG_AGO + 1)

    found = [record for page in await reader.pages() for record in page.records]
    assert found == [Record("S1200", 5, title="three\n\nlines")]


async def test_what_cannot_be_read_is_refused_in_every_poll_at_its_line(reader: Reader) -> None:
    lines = [f"S{number:04},{number}\n" for number in range(3_000)]
    lines[2_500] = "S2500,many\n"
    for poll in range(3):
        reader.write("sku,available\n" + "".join(lines), at=LONG_AGO + poll)
        refused = [bad for page in await reader.pages() for bad in page.refused]
        assert [(bad.place, bad.sku) for bad in refused] == [(f"line {2_502 + poll}", "S2500")]
        assert not reader.stands
        lines.insert(10, f"X{poll},1\n")


async def test_a_row_that_must_be_compared_is_decoded_though_it_stands(reader: Reader) -> None:
    reader.write("sku,available\n" + rows(*range(50)))
    await reader.decoded()
    assert reader.memory.pages is not None
    reader.memory.pages.listing_ids[3] = 99

    assert await reader.decoded(frozenset({99})) == ["S003"]


async def test_an_export_is_written_like_a_file_that_stands(tmp_path: Path) -> None:
    """A new process has never decoded it."""
    columns = {"sku": "Article", "available": "Stock"}
    export = str(tmp_path / "out" / "corrections-{batch}.csv")
    first, second = (
        Reader(tmp_path / "shop.csv", columns=columns, export=export) for _ in range(2)
    )
    first.write("Article;Stock\nA;1\n")
    assert await first.decoded() == ["A"]
    second.memory = first.memory
    assert await second.decoded() == []

    change = Change("A", "", "", 5, Record("A", 1), "key")
    assert [receipt.refused for receipt in await second.channel.write([change])] == [None]
    (written,) = (tmp_path / "out").glob("*.csv")
    assert written.read_text().splitlines()[0] == "Article;Stock"


async def test_another_header_recognises_nothing(reader: Reader) -> None:
    reader.write("sku,available,incoming\nA,1,2\nB,3,4\n")
    await reader.decoded()
    reader.write("sku,incoming,available\nA,1,2\nB,3,4\n", at=LONG_AGO + 1)
    found = [record for page in await reader.pages() for record in page.records]

    assert found == [Record("A", 2, incoming=1), Record("B", 4, incoming=3)]


async def test_a_total_under_rows_that_stand_is_still_a_total(reader: Reader) -> None:
    reader.write("sku,available\n" + rows(*range(100)))
    await reader.decoded()
    reader.write("sku,available\n" + rows(*range(100)) + f"Total,{sum(range(100))}\n", LONG_AGO + 1)
    skus = {record.sku for page in await reader.pages() for record in page.records}

    assert "Total" not in skus


async def test_a_row_that_is_no_listing_by_its_word_stays_none(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "shop.csv", words={"gone": "absent"})
    reader.write("sku,available\nA,1\nB,gone\nC,2\n")
    assert await reader.decoded() == ["A", "C"]
    reader.write("sku,available\nA,1\nB,gone\nC,3\n", at=LONG_AGO + 1)
    assert await reader.decoded() == ["C"]
    assert reader.memory.pages is not None
    assert reader.memory.pages.listing_ids.count(NO_RECORD) == 1


async def test_a_quote_that_is_never_closed_is_named_by_its_line(reader: Reader) -> None:
    reader.write("sku,available,title\n" + 'A,1,"fine\nB,2,"never\nC,3,\n')
    with pytest.raises(ContractBroken) as caught:
        await reader.decoded()
    assert caught.value.path == "line 2"
