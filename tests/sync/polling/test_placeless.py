"""A record that can't be read at all blinds its SKU's listings, wherever these stand (rule 12)."""

from dataclasses import replace

import pytest

from store.model import Record, Refused
from sync.channels.abilities import Abilities
from sync.channels.base import FreshReadings, ListingRef
from sync.polling import placeless
from tests.sync.scripted_channel import Bench

SOMEWHERE = Abilities(kind="shop", reads=("available",), locations=True)
NOWHERE = replace(SOMEWHERE, locations=False)
BAD = Refused("page 1, item 2", "not an item", "B")


def present(bench: Bench) -> dict[tuple[str, str], bool]:
    rows = bench.database.read(
        lambda connection: connection.execute(
            """SELECT i.sku, i.location, l.present FROM listings l JOIN items i ON i.id = l.item_id
            JOIN channels c ON c.id = l.channel_id WHERE c.name = 'shop'"""
        ).fetchall()
    )
    return {(sku, location): bool(there) for sku, location, there in rows}


@pytest.mark.parametrize(("locations", "are_there"), [(True, True), (False, False)])
async def test_a_record_without_its_place_makes_no_listing_of_its_sku_gone(
    bench: Bench, *, locations: bool, are_there: bool
) -> None:
    bench.shop.abilities = replace(bench.shop.abilities, locations=locations, reads_one=False)
    bench.shop.stock = {
        f"{sku}@{place}": Record(sku, 5, place, ref=f"{sku}@{place}")
        for sku in ("A", "B")
        for place in ("BER", "HAM")
    }
    await bench.poll()
    bench.shop.stock = {name: record for name, record in bench.shop.stock.items() if name[0] == "A"}
    bench.shop.refused = [BAD]
    for _ in range(2):
        await bench.poll()

    assert present(bench)["B", "BER"] is present(bench)["B", "HAM"] is are_there
    assert present(bench)["A", "BER"] is True


def test_in_a_poll_it_may_be_any_listing() -> None:
    placed = Refused("page 1", "odd", "C", "BER")
    assert placeless.of_poll([BAD, placed], SOMEWHERE) == [
        Refused("page 1, item 2", "B: not an item"),
        placed,
    ]
    assert placeless.of_poll([BAD], NOWHERE) == [BAD]
    assert placeless.of_poll([], SOMEWHERE) == []


def test_read_by_itself_it_is_each_listing_that_has_no_answer() -> None:
    wanted = [ListingRef(sku, place, "r") for sku in ("A", "B") for place in ("BER", "HAM")]
    came = [Record("A", 1, "BER"), Record("A", 1, "HAM"), Record("B", 2, "HAM")]
    answer = FreshReadings(came, [BAD])

    found = placeless.of_reading(answer, wanted, SOMEWHERE)

    assert [(bad.sku, bad.location) for bad in found.refused] == [("B", "BER")]
    assert placeless.of_reading(answer, wanted, NOWHERE) == answer
    # A listing may stand at no location beside others that do.
    at_none = placeless.of_reading(answer, [*wanted, ListingRef("B", "", "r")], SOMEWHERE)
    assert {(bad.sku, bad.location) for bad in at_none.refused} == {("B", ""), ("B", "BER")}
