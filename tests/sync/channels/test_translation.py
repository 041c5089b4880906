"""A channel's own SKUs and locations, translated at its edge, and pools of several of them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.event_kinds import Event, EventKind
from store.model import Direction, Kind, PollOutcome, Record, Refused, State
from sync import channels
from sync import locations as locations_module
from sync.channels.abilities import Abilities
from sync.channels.base import Change, EventPage, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.translation import SELLABLE_FIRST, Names, TranslatedChannel, event_in_our_names
from sync.errors import Temporary, WriteRejected
from sync.polling.channel_state import ChannelState
from sync.settings import ChannelSettings
from tests.contract.backends import Market
from tests.contract.harness import QuickClock, change, over_http
from tests.sync.scripted_channel import Bench, changed, settings_of

NOON = 1_763_899_200_000


@dataclass
class Recorded:
    """A channel that says what it was given, and keeps what it was asked."""

    own_pages: Sequence[RecordPage] = ()
    moved: Sequence[EventPage] = ()
    abilities: Abilities = field(
        default_factory=lambda: Abilities("recorded", ("available",), events=True)
    )
    asked: list[ListingRef] = field(default_factory=list)
    written: list[Change] = field(default_factory=list)
    open_pages: int = 0
    closed: bool = False

    async def pages(self) -> AsyncIterator[RecordPage]:
        self.open_pages += 1
        try:
            for page in self.own_pages:
                yield page
        finally:
            self.open_pages -= 1

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        self.asked += wanted
        names = {(listing.sku, listing.location) for listing in wanted}
        found = [record for page in self.own_pages for record in page.records]
        refused = [refused for page in self.own_pages for refused in page.refused]
        return FreshReadings(
            [record for record in found if (record.sku, record.location) in names], refused
        )

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        self.written += changes
        return [
            Receipt(change, refused="no" if change.quantity == 0 else None) for change in changes
        ]

    async def sign_in(self) -> str:
        return "recorded"

    async def close(self) -> None:
        self.closed = True

    async def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        assert cursor == "7"
        for page in self.moved:
            yield page


def names(aliases: dict[str, str] | None = None, **own: str | list[str]) -> Names:
    entries = locations_module.location_map(own) if own else locations_module.LocationMap()
    return Names(
        aliases or {},
        {entry: locations_module.place_name(members) for entry, members in entries.items()},
        frozenset(locations_module.summed(entries)),
    )


def record(sku: str, available: int, location: str = "", **more: Any) -> Record:
    return Record(sku, available, location, **more)


async def poll(channel: TranslatedChannel) -> list[RecordPage]:
    return [page async for page in channel.pages()]


def cells(pages: Sequence[RecordPage]) -> list[tuple[str, str, int | None]]:
    return [
        (record.sku, record.location, record.available) for page in pages for record in page.records
    ]


async def test_records_come_in_our_names_and_what_has_no_other_name_keeps_its_own() -> None:
    page = RecordPage(
        [record("K-12", 5, "berlin"), record("K-12", 6, "muc"), record("POT", 7)],
        [Refused("line 9", "bad", "K-12", "berlin"), Refused("line 10", "bad")],
        announced=5,
        as_of=NOON,
    )
    channel = TranslatedChannel(Recorded([page]), names({"K-12": "KET-12"}, berlin="BER"))

    (page,) = await poll(channel)

    assert cells([page]) == [("KET-12", "BER", 5), ("KET-12", "muc", 6), ("POT", "", 7)]
    assert page.refused == [
        Refused("line 9", "bad", "KET-12", "BER"),
        Refused("line 10", "bad"),
    ]
    assert (page.announced, page.as_of) == (5, NOON)


async def test_a_write_finds_its_way_back_to_the_channels_own_name() -> None:
    inner = Recorded(
        [RecordPage([record("K-12", 5, "berlin", ref="17"), record("POT", 7, ref="18")])]
    )
    channel = TranslatedChannel(inner, names({"K-12": "KET-12"}, berlin="BER"))
    (page,) = await poll(channel)
    changes = [change(page.records[0], 3), change(page.records[1], 0)]

    receipts = await channel.write(changes)

    first, second = inner.written
    assert (first.sku, first.location, first.ref, first.quantity) == ("K-12", "berlin", "17", 3)
    assert first.previous == record("K-12", 5, "berlin", ref="17")
    assert (second.sku, second.location, second.ref) == ("POT", "", "18")
    assert [receipt.change for receipt in receipts] == changes
    assert [receipt.refused for receipt in receipts] == [None, "no"]


async def test_a_fresh_reading_is_asked_for_and_answered_like_a_poll() -> None:
    inner = Recorded(
        [RecordPage([record("K-12", 5, "berlin", ref="17"), record("KET-12", 1, "berlin")])]
    )
    channel = TranslatedChannel(inner, names({"K-12": "KET-12"}, berlin="BER"))
    first, second = (await poll(channel))[0].records

    answer = await channel.read([ListingRef(first.sku, first.location, first.ref)])

    assert inner.asked == [ListingRef("K-12", "berlin", "17")]
    assert answer.records == [first]
    # Our name, by which the channel knows another listing, leads to that one.
    await channel.read([ListingRef(second.sku, second.location, second.ref)])
    assert inner.asked[1] == ListingRef("KET-12", "berlin", "")


texts = st.sampled_from(["", "A", "B", "C", "berlin", "BER", "17", "+"])
skus = st.sampled_from(["A", "B", "C", "KET-12"])


@given(
    st.dictionaries(skus, skus),
    st.dictionaries(texts, texts),
    st.builds(Record, sku=skus, available=st.integers(-5, 5), location=texts, ref=texts),
)
def test_a_records_own_name_can_always_be_distinguished_from_ours(
    aliases: dict[str, str], locations: dict[str, str], own: Record
) -> None:
    known = Names(aliases, locations, frozenset())
    ours = known.record(own)
    assert (ours.sku, ours.location) == (
        aliases.get(own.sku, own.sku),
        locations.get(own.location, own.location),
    )
    assert known.own(ours.sku, ours.location, ours.ref) == ListingRef(
        own.sku, own.location, own.ref
    )


POOL = names({"K-12": "KET"}, berlin="BER", web=["HAM", "BER-2"], app=["BER-2", "HAM"])


async def test_a_pool_is_the_sum_of_its_locations_whichever_pages_they_lie_on() -> None:
    web = record(
        "KET", 3, "web", on_hand=5, committed=2, unavailable=0, incoming=1, state="hold",
        source_at=NOON, ref="1",
    )  # fmt: skip
    app = record(
        "K-12", 4, "app", on_hand=4, committed=0, incoming=2, state="backorder",
        source_at=NOON + 5, title="Kettle", price_minor=1250, ref="2",
    )  # fmt: skip
    own_pages = [
        RecordPage([web, record("KET", 9, "berlin")], announced=4),
        RecordPage([app, record("POT", 1, "web")], announced=4, as_of=NOON),
    ]

    pages = await poll(TranslatedChannel(Recorded(own_pages), POOL))

    assert cells(pages) == [("KET", "BER", 9), ("KET", "BER-2+HAM", 7), ("POT", "BER-2+HAM", 1)]
    assert pages[-1].records[0] == record(
        "KET", 7, "BER-2+HAM", on_hand=9, committed=2, unavailable=None, incoming=3,
        state="backorder", source_at=NOON + 5, title="Kettle", price_minor=1250,
    )  # fmt: skip
    assert [page.announced for page in pages] == [None, None, 3]
    assert [page.as_of for page in pages] == [None, NOON, None]


async def test_the_sums_of_many_skus_come_page_by_page_as_any_channels_do() -> None:
    """Each page is staged in one transaction, and nobody is to wait for a million rows."""
    own_pages = [
        RecordPage(
            [record(f"SKU-{number}", number, place) for number in range(2500)], announced=5000
        )
        for place in ("web", "app")
    ]
    pages = await poll(TranslatedChannel(Recorded(own_pages), POOL))
    assert [len(page.records) for page in pages] == [0, 0, 1000, 1000, 500]
    assert [page.announced for page in pages[2:]] == [2500] * 3
    assert cells(pages)[2499] == ("SKU-2499", "BER-2+HAM", 4998)


async def test_a_poll_cut_short_is_cut_short_by_as_much_after_summing() -> None:
    own_pages = [RecordPage([record("KET", 3, "web"), record("KET", 4, "app")], announced=6)]
    pages = await poll(TranslatedChannel(Recorded(own_pages), POOL))
    assert (len(cells(pages)), pages[-1].announced) == (1, 5)


async def test_a_sku_twice_in_one_of_a_pools_locations_comes_twice() -> None:
    for other in ("KET", "K-12"):
        own_pages = [
            RecordPage([record("KET", 3, "web"), record(other, 4, "web"), record("KET", 5, "app")])
        ]
        pages = await poll(TranslatedChannel(Recorded(own_pages), POOL))
        assert cells(pages) == 2 * [("KET", "BER-2+HAM", 8)]


async def test_one_unreadable_record_blinds_the_whole_pool_of_its_sku_and_no_other() -> None:
    own_pages = [
        RecordPage([record("KET", 3, "web"), record("POT", 2, "app")], announced=4),
        RecordPage(
            [record("POT", 1, "web")], [Refused("line 3", "bad", "K-12", "app")], announced=4
        ),
    ]

    pages = await poll(TranslatedChannel(Recorded(own_pages), POOL))

    assert cells(pages) == [("POT", "BER-2+HAM", 3)]
    assert pages[1].refused == [Refused("line 3", "bad", "KET", "BER-2+HAM")]
    # Seen and refused together are as many as is still announced: nothing is cut short.
    assert pages[-1].announced == 2


async def test_a_pool_of_several_own_locations_is_never_read_or_written_by_itself() -> None:
    channel = TranslatedChannel(Recorded(), POOL)
    pooled = record("KET", 7, "BER-2+HAM")
    with pytest.raises(Temporary, match="sum of locations"):
        await channel.read([ListingRef("KET", "BER-2+HAM", "")])
    with pytest.raises(WriteRejected, match="sum of locations"):
        await channel.write([change(pooled, 3)])


async def test_a_poll_that_is_left_half_way_is_closed_and_so_is_the_channel() -> None:
    inner = Recorded([RecordPage([record("A", 1)]), RecordPage([record("B", 1)])])
    channel = TranslatedChannel(inner, POOL)
    pages = channel.pages()
    await anext(pages)
    assert inner.open_pages == 1
    await pages.aclose()  # type: ignore[attr-defined]
    assert inner.open_pages == 0
    await channel.close()
    assert inner.closed
    assert await channel.sign_in() == "recorded"


async def test_events_come_in_our_names() -> None:
    sale = Event("81", EventKind.ORDERED, "K-12", 2, NOON, "web", order="M-1")
    own_page = EventPage([sale], [Refused("items[1]", "bad", "K-12", "berlin")], "9", NOON)
    channel = TranslatedChannel(Recorded(moved=[own_page]), POOL)
    assert channel.abilities.events

    (page,) = [page async for page in channel.events("7")]

    assert page.events == [Event("81", EventKind.ORDERED, "KET", 2, NOON, "BER-2+HAM", "M-1")]
    assert page.refused == [Refused("items[1]", "bad", "KET", "BER")]
    assert (page.cursor, page.again_until) == ("9", NOON)


def test_an_event_from_a_file_is_put_in_our_names_by_its_channel(
    shops: dict[str, Any], tmp_path: Path
) -> None:
    settings = changed(settings_of(tmp_path), "shop", aliases={"K-12": "KET"})
    named = event_in_our_names(settings)
    sale = Event("81", EventKind.ORDERED, "K-12", 2, NOON)
    assert named("shop", sale).sku == "KET"
    assert named("warehouse", sale) is sale
    assert named("unheard of", sale) is sale


def test_a_channel_whose_names_are_ours_is_left_as_it_is(
    shops: dict[str, Any], tmp_path: Path
) -> None:
    settings = settings_of(tmp_path).channels["shop"]
    opened = channels.open_channel(settings, QuickClock(), tmp_path)
    assert not isinstance(opened, TranslatedChannel)
    pooled = msgspec.structs.replace(settings, locations={"": ("BER", "HAM")})
    assert isinstance(channels.open_channel(pooled, QuickClock(), tmp_path), TranslatedChannel)


def renamed_bench(bench: Bench, **given: Any) -> None:
    settings = changed(bench.settings, "shop", **given)
    bench.channel_state["shop"] = ChannelState(
        settings.channels["shop"],
        channels.open_channel(settings.channels["shop"], bench.clock, Path()),
    )


async def test_a_correction_of_an_alias_is_written_and_read_back(bench: Bench) -> None:
    renamed_bench(bench, aliases={"K-12": "KET"})

    bench.shop.shows(**{"K-12": 9})
    bench.warehouse.shows(KET=4)
    for name in ("shop", "warehouse", "shop"):
        await bench.poll(name)
    bench.approve()
    await bench.apply()

    (update,) = bench.updates()
    assert (update.sku, str(update.status)) == ("KET", "verified")
    assert bench.shop.written == [[("K-12", 4)]]
    assert bench.disagreements() == []


async def test_an_alias_beside_the_sku_itself_is_a_duplicate_and_never_corrected(
    bench: Bench,
) -> None:
    renamed_bench(bench, aliases={"K-12": "KET"})

    bench.shop.shows(**{"K-12": 9, "KET": 3})
    bench.warehouse.shows(KET=4)
    for name in ("shop", "warehouse", "shop"):
        assert (await bench.poll(name)).outcome is PollOutcome.GOOD

    assert [(disagreement.sku, disagreement.kind) for disagreement in bench.disagreements()] == [
        ("KET", Kind.DUPLICATE)
    ]
    assert bench.updates() == []


async def test_names_hold_over_http_against_a_real_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTRACT_SECRET", "c0ntract-s3cret")
    with over_http(Market(), tmp_path) as harness:
        harness.put("K/12", 5)
        harness.put("POT", 1)
        options = msgspec.convert(harness.table(), channels.kind("http").OPTIONS)
        settings = ChannelSettings(
            name="market", kind="http", direction=Direction.PUSH, options=options,
            aliases={"K/12": "KET"}, locations={"": ("BER",)},
        )  # fmt: skip
        channel = channels.open_channel(settings, QuickClock(), tmp_path)
        try:
            pages = [page async for page in channel.pages()]
            assert cells(pages) == [("KET", "BER", 5), ("POT", "BER", 1)]
            kettle = pages[0].records[0]
            (receipt,) = await channel.write([change(kettle, 2)])
            assert (receipt.refused, receipt.change.sku) == (None, "KET")
            assert harness.shown("K/12") == 2
            answer = await channel.read([ListingRef(kettle.sku, kettle.location, kettle.ref)])
            assert [
                (record.sku, record.location, record.available) for record in answer.records
            ] == [("KET", "BER", 2)]
        finally:
            await channel.close()


def test_every_state_has_a_rank_of_how_well_it_sells() -> None:
    assert sorted(SELLABLE_FIRST) == sorted(State)
