"""What only Square does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from store.model import State
from sync.channels.base import Change, ListingRef, Receipt, SinceSource
from sync.channels.square.options import SquareOptions
from sync.clock import SystemClock, rfc3339
from sync.errors import ContractBroken, NeedsOperator, Temporary, WriteOutcomeUnknown, WriteRejected
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    Reading,
    change,
    opened,
    options_of,
    over_http,
    poll,
    stocked,
)
from tests.fakes.square import DAY_MS, SquareSeller, refused
from tests.loopback import Answer, ReceivedRequest

COUNTS = "/v2/inventory/counts/batch-retrieve"
SEARCH = "/v2/catalog/search"
CHANGES = "/v2/inventory/changes/batch-create"


@pytest.fixture
def seller() -> SquareSeller:
    return SquareSeller()


@pytest.fixture
def harness(seller: SquareSeller, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(seller, tmp_path) as found:
        yield stocked(found)


async def written(harness: OverHttp, *changes: Change) -> list[Receipt]:
    async with opened(harness) as channel:
        return list(await channel.write(changes))


async def changed(harness: OverHttp, since: int) -> Reading:
    async with opened(harness) as channel:
        source = cast("SinceSource", channel)
        return Reading([page async for page in source.changed(since)])


def asked_for(harness: OverHttp, path: str) -> list[Any]:
    return [asked.json for asked in harness.server.asked if asked.path == path]


def warnings(reading: Reading) -> str:
    return "; ".join(warning for page in reading.pages for warning in page.warnings)


# Reading


async def test_a_sweep_takes_the_largest_pages(harness: OverHttp) -> None:
    await poll(harness)

    assert [asked["limit"] for asked in asked_for(harness, SEARCH)] == [1000]
    assert {asked["limit"] for asked in asked_for(harness, COUNTS)} == {1000}
    assert len(harness.server.asked) == 4


async def test_small_pages_are_all_read(harness: OverHttp, seller: SquareSeller) -> None:
    seller.page_size = 2

    assert (await poll(harness)).stock == {"A-1": 5, "B-2": 0, "C-3": 12}


async def test_a_count_that_moves_while_the_counts_are_read_is_not_missed(
    harness: OverHttp, seller: SquareSeller
) -> None:
    # It jumps from the page that comes next to the front, which was read already.
    seller.page_size = 1
    pages = 0

    def sell(path: str) -> None:
        nonlocal pages
        pages += path == COUNTS
        if path == COUNTS and pages == 2:
            seller.sell("A-1", 2)

    seller.before_answer = sell

    assert (await poll(harness)).stock == {"A-1": 3, "B-2": 0, "C-3": 12}


async def test_an_item_that_the_catalogue_shows_twice_is_one_listing(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.articles.append(seller.article("A-1"))

    assert len((await poll(harness)).records) == 3


async def test_what_was_never_counted_has_nothing_in_stock(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.add("NEW", track_inventory=True)

    assert (await poll(harness)).of("NEW").available == 0


@pytest.mark.long
@pytest.mark.parametrize("how", ["itself", "its location", "its count", "nothing"])
async def test_what_square_does_not_track_is_not_counted(
    harness: OverHttp, seller: SquareSeller, how: str
) -> None:
    article = seller.article("A-1")
    if how == "itself":
        article.data = {"track_inventory": False}
    elif how == "its location":
        override = {"location_id": "MAIN", "track_inventory": False}
        article.data = {"track_inventory": True, "location_overrides": [override]}
    elif how == "its count":
        del seller.history[article.id, "MAIN"]
        seller.more_counts = [
            {"catalog_object_id": article.id, "location_id": "MAIN", "state": "UNTRACKED"}
        ]
    else:
        article.data = {}
        del seller.history[article.id, "MAIN"]

    record = (await poll(harness)).of("A-1")
    (receipt,) = await written(harness, change(record, 3))

    assert (record.available, record.state) == (None, "uncounted")
    assert receipt.refused == "Square does not track its stock, so it never runs out"
    assert asked_for(harness, CHANGES) == []


async def test_a_location_may_track_what_others_do_not(
    harness: OverHttp, seller: SquareSeller
) -> None:
    override = {"location_id": "MAIN", "track_inventory": True}
    seller.article("A-1").data = {"track_inventory": False, "location_overrides": [override]}

    assert (await poll(harness)).of("A-1").available == 5


@pytest.mark.long
@pytest.mark.parametrize(
    ("quantity", "shown"),
    [("7", 7), ("7.00000", 7), ("-3.0", -3), ("7.5", None), (None, None), (7, 7),
     ("99999999999999999999", None), ("", None)],
)  # fmt: skip
async def test_quantities_are_decimal_strings(
    harness: OverHttp, seller: SquareSeller, quantity: object, shown: int | None
) -> None:
    harness.corrupt("A-1", json.dumps(quantity))

    reading = await poll(harness)

    assert reading.stock.get("A-1") == shown
    assert [found.sku for found in reading.refused] == ([] if shown is not None else ["A-1"])


async def test_units_in_other_states_do_not_count_and_new_states_are_told(
    harness: OverHttp, seller: SquareSeller
) -> None:
    ref = seller.article("A-1").id
    seller.more_counts = [
        {"catalog_object_id": ref, "location_id": "MAIN", "state": state, "quantity": "4"}
        for state in ("WASTE", "RESERVED_FOR_SALE", "IN_ORBIT", "SUPPORTED_BY_NEWER_VERSION")
    ]

    reading = await poll(harness)

    assert reading.of("A-1").available == 5
    assert reading.refused == []
    assert 'in a state that Skew does not know, "IN_ORBIT", which do not count' in warnings(reading)
    assert "WASTE" not in warnings(reading)


async def test_a_count_that_names_no_variation_ends_the_sweep(
    harness: OverHttp, seller: SquareSeller
) -> None:
    # Its listing would seem never counted, and show 0.
    seller.more_counts = [{"location_id": "MAIN", "state": "IN_STOCK", "quantity": "4"}]

    with pytest.raises(ContractBroken, match=r"counts, page 1, counts\[3\]"):
        await poll(harness)


async def test_a_count_without_a_location_blinds_its_variation(
    harness: OverHttp, seller: SquareSeller
) -> None:
    ref = seller.article("A-1").id
    seller.more_counts = [{"catalog_object_id": ref, "state": "IN_STOCK", "quantity": "4"}]

    reading = await poll(harness)

    assert [found.sku for found in reading.refused] == ["A-1"]
    assert reading.stock == {"B-2": 0, "C-3": 12}


async def test_a_bad_variation_blinds_itself_only(harness: OverHttp, seller: SquareSeller) -> None:
    seller.article("B-2").data = {"track_inventory": "perhaps"}

    reading = await poll(harness)

    assert [found.sku for found in reading.refused] == ["B-2"]
    assert reading.stock == {"A-1": 5, "C-3": 12}


async def test_what_has_no_sku_is_left_out_and_counted(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.add(None, track_inventory=True)
    seller.add("", track_inventory=True)

    reading = await poll(harness)

    assert len(reading.records) == 3
    assert "2 listings, without a SKU, so left out: V3, V4" in warnings(reading)


@pytest.mark.parametrize(
    ("data", "archived", "stock", "state"),
    [
        ({}, True, 5, State.ARCHIVED),
        ({"sellable": False}, False, 5, State.DISABLED),
        ({"sold_out": True}, False, 5, State.HOLD),
        ({"sold_out": True, "sold_out_valid_until": "2099-01-01T00:00:00Z"}, False, 5, State.HOLD),
        ({"sold_out": True, "sold_out_valid_until": "2020-01-01T00:00:00Z"}, False, 5,
         State.ACTIVE),
        ({"sold_out": True}, False, 0, State.ACTIVE),
    ],
)  # fmt: skip
async def test_states_are_those_that_a_person_set(
    harness: OverHttp,
    seller: SquareSeller,
    data: dict[str, Any],
    archived: bool,  # noqa: FBT001
    stock: int,
    state: State,
) -> None:
    article = seller.article("A-1")
    seller.put("A-1", stock)
    article.archived = archived
    if "sold_out" in data:
        data = {"location_overrides": [{"location_id": "MAIN", **data}]}
    article.data = {"track_inventory": True, **data}

    record = (await poll(harness)).of("A-1")

    assert (record.available, record.state) == (stock, state)


async def test_prices_are_those_of_the_location_in_hundredths(
    harness: OverHttp, seller: SquareSeller
) -> None:
    yen = {"location_id": "MAIN", "price_money": {"amount": 500, "currency": "JPY"}}
    seller.article("A-1").data["location_overrides"] = [yen]

    reading = await poll(harness)

    assert (reading.of("A-1").price_minor, reading.of("C-3").price_minor) == (50_000, 1290)


# What Square works out itself


async def test_what_is_made_of_others_is_read_by_itself_and_never_written(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.count(seller.add("SET", track_inventory=True, stockable=False), 4)

    reading = await poll(harness)
    (receipt,) = await written(harness, change(reading.of("SET"), 9))

    assert reading.of("SET").available == 4
    assert "1 listing, whose stock Square works out from others" in warnings(reading)
    assert receipt.refused == "Square works out its stock from that of others: correct those"
    assert asked_for(harness, CHANGES) == []


async def test_what_is_made_of_others_and_has_no_count_is_not_taken_for_nothing(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.add("SET", track_inventory=True, stockable=False)

    reading = await poll(harness)

    assert [found.sku for found in reading.refused] == ["SET"]
    assert "SET" not in reading.stock


# Locations


@pytest.fixture
def chain(harness: OverHttp, seller: SquareSeller) -> OverHttp:
    """A second location that sells A-1 and C-3, and a third that is closed."""
    seller.chosen = None
    seller.locations += [
        {"id": "SIDE", "name": "Side Street", "status": "ACTIVE"},
        {"id": "GONE", "name": "Old Market", "status": "INACTIVE"},
    ]
    seller.article("B-2").presence = {
        "present_at_all_locations": True, "absent_at_location_ids": ["SIDE"],
    }  # fmt: skip
    seller.count(seller.article("A-1"), 2, "SIDE")
    seller.count(seller.article("A-1"), 90, "GONE")
    return harness


def by_place(reading: Reading) -> dict[tuple[str, str], int | None]:
    return {(record.sku, record.location): record.available for record in reading.records}


async def test_each_listing_stands_at_its_location(chain: OverHttp) -> None:
    assert by_place(await poll(chain)) == {
        ("A-1", "MAIN"): 5, ("A-1", "SIDE"): 2, ("B-2", "MAIN"): 0,
        ("C-3", "MAIN"): 12, ("C-3", "SIDE"): 0,
    }  # fmt: skip


async def test_a_write_goes_to_the_listing_s_own_location(
    chain: OverHttp, seller: SquareSeller
) -> None:
    reading = await poll(chain)
    (side,) = [found for found in reading.records if (found.sku, found.location) == ("A-1", "SIDE")]

    (receipt,) = await written(chain, change(side, 7))

    assert receipt == Receipt(receipt.change)
    ref = seller.article("A-1").id
    assert [seller.stock((ref, place)) for place in ("MAIN", "SIDE", "GONE")] == [5, 7, 90]


async def test_one_location_alone_is_read_and_written(
    chain: OverHttp, seller: SquareSeller
) -> None:
    seller.chosen = "SIDE"

    reading = await poll(chain)
    (receipt,) = await written(chain, change(reading.of("A-1"), 7))

    assert by_place(reading) == {("A-1", ""): 2, ("C-3", ""): 0}
    assert receipt == Receipt(receipt.change)
    assert seller.stock((seller.article("A-1").id, "SIDE")) == 7
    async with opened(chain) as channel:
        assert not channel.abilities.locations


@pytest.mark.parametrize("location", ["NOWHERE", "GONE"])
async def test_a_location_that_is_not_there_does_not_read_as_nothing_in_stock(
    chain: OverHttp, seller: SquareSeller, location: str
) -> None:
    seller.chosen = location

    with pytest.raises(NeedsOperator) as caught:
        await poll(chain)

    assert f'"{location}" is not an active location of this seller' in str(caught.value)
    assert "known: MAIN (Main Street), SIDE (Side Street)" in str(caught.value)


# What changed


async def test_what_changed_is_what_was_counted_sold_or_edited(
    harness: OverHttp, seller: SquareSeller
) -> None:
    for moved in seller.history.values():
        moved[:] = [("count", at - DAY_MS, units) for _, at, units in moved]
    since = SystemClock().now() - 60_000
    seller.sell("C-3", 2)
    seller.article("B-2").archived = True
    seller.article("B-2").updated_at = SystemClock().now()

    reading = await changed(harness, since)

    assert reading.stock == {"C-3": 10, "B-2": 0}
    assert reading.of("B-2").state == State.ARCHIVED
    (asked, *_) = asked_for(harness, COUNTS)
    assert asked["updated_after"] == rfc3339(since - 1000)


async def test_where_nothing_changed_nothing_is_listed(
    harness: OverHttp, seller: SquareSeller
) -> None:
    reading = await changed(harness, SystemClock().now() + DAY_MS)

    assert reading.records == []
    assert len(harness.server.asked) == 3


# Writing


async def test_a_sale_between_our_look_and_our_write_is_kept(
    harness: OverHttp, seller: SquareSeller
) -> None:
    record = (await poll(harness)).of("C-3")

    def sell(path: str) -> None:
        if path == CHANGES:
            seller.sell("C-3", 1)

    seller.before_answer = sell
    (receipt,) = await written(harness, change(record, 20))

    assert receipt == Receipt(receipt.change)
    assert harness.shown("C-3") == 19


async def test_a_count_equal_to_the_last_one_is_not_dropped(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.history[seller.article("C-3").id, "MAIN"] = [("count", 1_000_000, 12)]
    seller.sell("C-3", 4)
    record = (await poll(harness)).of("C-3")

    (receipt,) = await written(harness, change(record, 12))

    assert record.available == 8
    assert receipt == Receipt(receipt.change)
    assert harness.shown("C-3") == 12
    (asked,) = asked_for(harness, CHANGES)
    assert asked["ignore_unchanged_counts"] is False


async def test_what_moved_is_a_conflict_and_what_is_gone_is_refused_and_the_rest_is_written(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.put("D-4", 6)
    before = await poll(harness)
    changes = [change(before.of(sku), 9, f"c-{sku}") for sku in ("A-1", "B-2", "C-3", "D-4")]
    seller.sell("A-1", 1)
    seller.articles.remove(seller.article("B-2"))
    seller.article("D-4").archived = True

    receipts = await written(harness, *changes)

    assert [receipt.change for receipt in receipts] == changes
    assert [receipt.conflict for receipt in receipts] == [True, False, False, True]
    assert receipts[1].refused == "the listing no longer exists"
    assert receipts[2] == Receipt(changes[2])
    assert (harness.shown("A-1"), harness.shown("C-3")) == (4, 9)
    (asked,) = asked_for(harness, CHANGES)
    assert len(asked["changes"]) == 1


async def test_a_hundred_changes_go_in_one_call(harness: OverHttp, seller: SquareSeller) -> None:
    for number in range(100):
        seller.put(f"N-{number}", number)
    before = await poll(harness)
    changes = [change(before.of(f"N-{number}"), 7, f"c-{number}") for number in range(100)]

    receipts = await written(harness, *changes)

    assert receipts == [Receipt(found) for found in changes]
    assert all(harness.shown(f"N-{number}") == 7 for number in range(100))
    assert len(asked_for(harness, CHANGES)) == 1


async def test_a_repeat_of_a_write_is_not_applied_twice(
    harness: OverHttp, seller: SquareSeller
) -> None:
    before = await poll(harness)
    found = change(before.of("C-3"), 12, "c-7")
    await written(harness, found)
    seller.sell("A-1", 1)

    with pytest.raises(WriteOutcomeUnknown, match="IDEMPOTENCY_KEY_REUSED"):
        await written(harness, found)

    first, second = asked_for(harness, CHANGES)
    assert first["idempotency_key"] == second["idempotency_key"]
    assert len(first["idempotency_key"]) <= 128


async def test_other_corrections_have_another_key(harness: OverHttp) -> None:
    before = await poll(harness)
    await written(harness, change(before.of("C-3"), 11, "c-1"))
    after = await poll(harness)
    await written(harness, change(after.of("C-3"), 10, "c-2"))

    assert len({asked["idempotency_key"] for asked in asked_for(harness, CHANGES)}) == 2
    assert harness.shown("C-3") == 10


async def test_a_conflict_of_the_whole_call_is_one_of_each_change(harness: OverHttp) -> None:
    before = await poll(harness)
    answer = refused("CONFLICT", "Another request is changing it.", 409)
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    receipts = await written(harness, change(before.of("A-1"), 1, "c-1"),
                             change(before.of("C-3"), 2, "c-2"))  # fmt: skip

    assert [receipt.conflict for receipt in receipts] == [True, True]
    assert "Another request is changing it. (CONFLICT)" in str(receipts[0].refused)


@pytest.mark.parametrize("status", [400, 404, 200])
async def test_what_square_refuses_is_refused_whole_in_its_words(
    harness: OverHttp, status: int
) -> None:
    before = await poll(harness)
    answer = refused("VALUE_TOO_LOW", "Quantity must not be negative.", status)
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    with pytest.raises(WriteRejected, match=r"Quantity must not be negative\. \(VALUE_TOO_LOW\)"):
        await written(harness, change(before.of("A-1"), 1))


async def test_a_change_that_the_answer_does_not_name_is_unknown(harness: OverHttp) -> None:
    before = await poll(harness)
    answer = Answer({"counts": []})
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    (receipt,) = await written(harness, change(before.of("A-1"), 1))

    assert receipt.unknown == "Square's answer does not name it"


async def test_accepted_and_not_applied_shows_in_the_next_reading(harness: OverHttp) -> None:
    record = (await poll(harness)).of("A-1")
    count = {"catalog_object_id": record.ref, "location_id": "MAIN", "state": "IN_STOCK"}
    answer = Answer({"counts": [{**count, "quantity": "1"}]})
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    (receipt,) = await written(harness, change(record, 1))
    async with opened(harness) as channel:
        fresh = await channel.read([ListingRef("A-1", "", record.ref)])

    assert receipt == Receipt(receipt.change)
    assert [found.available for found in fresh.records] == [5]


async def test_a_reading_before_the_write_that_is_no_good_writes_nothing(
    harness: OverHttp,
) -> None:
    record = (await poll(harness)).of("A-1")
    harness.front.spoil = lambda asked: Answer(b"[]") if asked.path == COUNTS else None

    with pytest.raises(Temporary, match="nothing was written"):
        await written(harness, change(record, 1))

    assert asked_for(harness, CHANGES) == []


# Signing in


async def test_signing_in_names_the_seller_and_the_locations(harness: OverHttp) -> None:
    async with opened(harness) as channel:
        seen = await channel.sign_in()

    assert seen == "Jet Fuel Coffee (M1); locations Main Street (MAIN)"
    assert {asked.headers["square-version"] for asked in harness.server.asked} == {"2026-09-16"}


@pytest.mark.parametrize("scope", ["INVENTORY_READ", "ITEMS_READ", "MERCHANT_PROFILE_READ"])
async def test_a_permission_that_reading_needs_is_named(
    harness: OverHttp, seller: SquareSeller, scope: str
) -> None:
    seller.scopes = tuple(found for found in seller.scopes if found != scope)

    for act in (poll(harness), signed_in(harness)):
        with pytest.raises(NeedsOperator) as caught:
            await act
        assert scope in str(caught.value)
        assert SECRET not in str(caught.value)


async def signed_in(harness: OverHttp) -> str:
    async with opened(harness) as channel:
        return await channel.sign_in()


async def test_a_token_that_may_not_write_says_so_and_reads(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.scopes = tuple(found for found in seller.scopes if found != "INVENTORY_WRITE")
    record = (await poll(harness)).of("A-1")

    assert "nothing can be written: the token lacks the permission INVENTORY_WRITE" in (
        await signed_in(harness)
    )
    with pytest.raises(NeedsOperator, match="INVENTORY_WRITE"):
        await written(harness, change(record, 1))


async def test_a_refusal_without_words_names_the_permission(harness: OverHttp) -> None:
    harness.front.spoil = lambda asked: Answer(status=403) if asked.path == COUNTS else None

    with pytest.raises(NeedsOperator, match="it needs the permission INVENTORY_READ"):
        await poll(harness)


async def test_a_sandbox_that_tells_nothing_of_a_token_is_signed_in_to(harness: OverHttp) -> None:
    harness.front.spoil = lambda asked: (
        Answer(status=404) if asked.path == "/oauth2/token/status" else None
    )

    assert "locations Main Street (MAIN)" in await signed_in(harness)


async def test_a_token_that_ends_while_a_sweep_runs_is_renewed_once(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.by_refresh, seller.page_size = True, 1
    pages = 0

    def end(path: str) -> None:
        nonlocal pages
        pages += 1
        if pages == 2:
            seller.tokens = set()

    seller.before_answer = end

    assert (await poll(harness)).stock == {"A-1": 5, "B-2": 0, "C-3": 12}
    tokens = asked_for(harness, "/oauth2/token")
    assert tokens == [
        {"grant_type": "refresh_token", "refresh_token": SECRET, "client_id": "sq0idp-1"}
    ] * 2  # fmt: skip


async def test_a_refresh_token_that_is_refused_is_named(
    harness: OverHttp, seller: SquareSeller, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller.by_refresh = True
    monkeypatch.setenv(SECRET_NAME, "an-0ld-one")

    with pytest.raises(NeedsOperator) as caught:
        await poll(harness)

    assert SECRET_NAME in str(caught.value)
    assert "an-0ld-one" not in str(caught.value)


# Limits


@pytest.mark.parametrize("status", [429, 200])
async def test_a_throttle_is_waited_out(harness: OverHttp, status: int) -> None:
    answers = [refused("RATE_LIMITED", "Too many requests.", status)]
    harness.front.spoil = lambda asked: answers.pop() if answers and asked.path == COUNTS else None

    assert (await poll(harness)).stock["A-1"] == 5


async def test_an_answer_of_success_with_another_error_is_none(harness: OverHttp) -> None:
    harness.front.spoil = lambda asked: (
        refused("INTERNAL_THING", "It broke.", 200) if asked.path == COUNTS else None
    )

    with pytest.raises(ContractBroken, match=r"It broke\. \(INTERNAL_THING\)"):
        await poll(harness)


async def test_new_fields_are_tolerated(harness: OverHttp, seller: SquareSeller) -> None:
    seller.article("A-1").data["colour_of_the_year"] = {"name": "teal"}
    seller.locations[0]["moon"] = "full"

    assert (await poll(harness)).stock["A-1"] == 5


# Keys


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"url": "https://squareup.com/dashboard"}, "is a website, not the API"),
        ({"url": "https://jet-fuel.square.site"}, "is a website, not the API"),
        ({"url": "http://connect.squareup.com"}, "must begin with https://"),
        ({"url": "https://connect.squareup.com/v2"}, "must be the origin alone"),
        ({"url": "connect.squareup.com"}, "must begin with https:// and a host"),
        ({"token": None}, "token, or client_id and refresh_token"),
        ({"client_id": "a"}, "token, or client_id and refresh_token"),
        ({"token": None, "client_id": "a"}, "token, or client_id and refresh_token"),
        ({"client_secret": {"env": "S"}}, "client_secret: has no effect with token"),
        ({"location": " "}, "location: is empty"),
    ],
)
def test_keys_that_do_not_belong_together_are_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        options_of(SquareOptions, {"token": {"env": SECRET_NAME}, **keys})


def test_a_request_is_a_write_by_its_address(harness: OverHttp) -> None:
    write = ReceivedRequest("POST", CHANGES, {}, b"{}")
    assert harness.is_write(write)
    assert not harness.is_write(ReceivedRequest("POST", COUNTS, {}, b"{}"))
