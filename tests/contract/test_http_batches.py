"""Several changes in one request of the kind http, and what its results say of each."""

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.model import Record
from sync.channels.base import AddressedChannel, Change, ListingRef, Receipt
from sync.channels.http.writing.results import BatchResults
from sync.channels.http.writing.table import BatchTable
from sync.errors import NeedsOperator, Temporary, WriteRejected
from tests.contract.depot import WOO, by_parent, describe, sent, woo, written
from tests.contract.harness import OverHttp, opened, poll
from tests.long_run import examples
from tests.loopback import Answer


async def test_several_changes_go_in_one_request(depot: OverHttp) -> None:
    woo(depot)

    receipts = await written(depot, S_71=4, S_72=9, S_73=1)

    assert [receipt.refused for receipt in receipts] == [None, None, None]
    assert sent(depot).json == {
        "update": [{"id": 71, "stock_quantity": 4}, {"id": 72, "stock_quantity": 9},
                   {"id": 73, "stock_quantity": 1}]
    }  # fmt: skip
    async with opened(depot) as channel:
        assert channel.abilities.batch_max == 100


async def test_an_error_inside_a_200_is_of_its_item_alone(depot: OverHttp) -> None:
    failed = {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.",
              "data": {"status": 400}}  # fmt: skip
    woo(depot, errors={72: failed})

    receipts = await written(depot, S_71=4, S_72=9, S_73=1)

    assert [receipt.refused for receipt in receipts] == [None, "Invalid ID.", None]
    assert not receipts[1].conflict


async def test_a_conflict_inside_a_200_is_one(depot: OverHttp) -> None:
    woo(depot, errors={72: {"message": "it moved", "data": {"status": 409}}}, conflict=[409])

    receipts = await written(depot, S_71=4, S_72=9)

    assert [receipt.conflict for receipt in receipts] == [False, True]


async def test_an_item_that_timed_out_inside_a_200_is_unknown(depot: OverHttp) -> None:
    woo(depot, errors={72: {"message": "lock wait timeout exceeded"}})

    receipts = await written(depot, S_71=4, S_72=9)

    assert [receipt.unknown for receipt in receipts] == [None, "lock wait timeout exceeded"]


@pytest.mark.parametrize(
    ("answer", "unknown"),
    [
        ({"update": [{"id": 72}]}, "the answer has no result for it"),
        ({"update": [{"id": 71}, {"id": 72}, {"id": 71, "error": {"message": "no"}}]},
         "the answer has several results for it, which differ"),
        ({"update": [{"id": 99}, {"id": 72}]}, "the answer has no result for it"),
        ({"update": "queued"}, "the answer has no list at `update[]`"),
        ({"updated": []}, "the answer has no list at `update[]`"),
    ],
)  # fmt: skip
async def test_a_change_without_a_result_of_its_own_is_unknown(
    depot: OverHttp, answer: Any, unknown: str
) -> None:
    backend = describe(depot, **WOO)
    backend.on_write = lambda _asked: Answer(answer)

    receipts = await written(depot, S_71=4, S_72=9)

    assert receipts[0].unknown == unknown


async def test_results_without_ids_stand_in_the_order_of_the_changes(depot: OverHttp) -> None:
    backend = describe(
        depot, url="URL/batch", body={"sku": "$sku", "qty": "$quantity"}, method="POST",
        batch={"max": 10, "result": "@"},
    )  # fmt: skip
    backend.on_write = lambda _asked: Answer([{"ok": True}, {"error": "unknown SKU"}])

    receipts = await written(depot, S_71=4, S_72=9)

    assert [receipt.refused for receipt in receipts] == [None, "unknown SKU"]
    assert sent(depot).json == [{"sku": "S-71", "qty": 4}, {"sku": "S-72", "qty": 9}]


async def test_too_few_results_without_ids_say_nothing(depot: OverHttp) -> None:
    backend = describe(
        depot, url="URL/batch", body={"sku": "$sku", "qty": "$quantity"}, method="POST",
        batch={"max": 10, "result": "@"},
    )  # fmt: skip
    backend.on_write = lambda _asked: Answer([{"ok": True}])

    receipts = await written(depot, S_71=4, S_72=9)

    assert {receipt.unknown for receipt in receipts} == {"1 results came for 2 changes"}


async def test_a_refusal_of_the_whole_is_one(depot: OverHttp) -> None:
    backend = describe(depot, **WOO)
    backend.on_write = lambda _asked: Answer({"message": "too many"}, 413)

    with pytest.raises(WriteRejected, match="too many"):
        await written(depot, S_71=4, S_72=9)


async def test_a_conflict_of_the_whole_is_a_refusal_that_can_be_halved(depot: OverHttp) -> None:
    backend = describe(depot, **WOO, conflict=[409])
    backend.on_write = lambda _asked: Answer({"message": "one has moved"}, 409)

    with pytest.raises(WriteRejected) as caught:
        await written(depot, S_71=4, S_72=9)

    assert caught.value.conflict


async def test_without_results_an_error_in_a_list_leaves_all_unknown(depot: OverHttp) -> None:
    whole = {name: part for name, part in WOO.items() if name != "batch"}
    backend = describe(depot, **whole, batch={"max": 100, "list": "update"})
    backend.on_write = lambda _asked: Answer({"update": [{"id": 71}, {"errors": ["no such id"]}]})

    receipts = await written(depot, S_71=4, S_72=9)

    assert all("no such id" in str(receipt.unknown) for receipt in receipts)


async def test_a_flag_for_all_beside_results_makes_none_of_them_wrong(depot: OverHttp) -> None:
    backend = describe(depot, **WOO)
    backend.on_write = lambda _asked: Answer(
        {"errors": True, "update": [{"id": 71}, {"id": 72, "error": {"message": "no"}}]}
    )

    receipts = await written(depot, S_71=4, S_72=9)

    assert [(receipt.refused, receipt.unknown) for receipt in receipts] == [
        (None, None), ("no", None),
    ]  # fmt: skip


async def test_an_error_beside_results_that_all_went_well_leaves_them_unknown(
    depot: OverHttp,
) -> None:
    backend = describe(depot, **WOO)
    backend.on_write = lambda _asked: Answer(
        {"error": "rolled back", "update": [{"id": 71}, {"id": 72}]}
    )

    receipts = await written(depot, S_71=4, S_72=9)

    assert {receipt.unknown for receipt in receipts} == {"rolled back"}


async def test_changes_of_one_address_go_together(depot: OverHttp) -> None:
    by_parent(depot)

    receipts = await written(depot, S_71=4, S_73=9, S_72=1)

    assert [receipt.change.sku for receipt in receipts] == ["S-71", "S-73", "S-72"]
    writes = [asked for asked in depot.server.asked if asked.method == "POST"]
    assert [(asked.path, len(asked.json["update"])) for asked in writes] == [
        ("/products/7/batch", 2), ("/products/8/batch", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "attribute"),
    [
        (Answer({"message": "slow down"}, 429), "unsent"),
        (Answer({"message": "who are you"}, 401), "unsent"),
        (Answer({"message": "no such product"}, 404), "refused"),
        (Answer({"message": "down"}, 503), "unknown"),
        (Answer(lose=True), "unknown"),
    ],
)
async def test_a_later_request_that_fails_says_so_of_its_own_changes(
    depot: OverHttp, answer: Answer, attribute: str
) -> None:
    backend = by_parent(depot)
    works = backend.on_write
    backend.on_write = lambda asked: works(asked) if "/7/" in asked.path else answer

    receipts = await written(depot, S_71=4, S_73=9)

    assert receipts[0] == Receipt(receipts[0].change)
    assert getattr(receipts[1], attribute)


async def test_a_first_request_that_fails_says_so_of_the_whole_call(depot: OverHttp) -> None:
    backend = by_parent(depot)
    backend.on_write = lambda _asked: Answer({"message": "slow down"}, 429)

    with pytest.raises(Temporary):
        await written(depot, S_71=4, S_73=9)
    assert len([asked for asked in depot.server.asked if asked.method == "POST"]) == 1


async def test_after_a_lost_answer_the_rest_is_not_sent(depot: OverHttp) -> None:
    backend = by_parent(depot)
    backend.on_write = lambda _asked: Answer(lose=True)

    receipts = await written(depot, S_71=4, S_73=9)

    assert receipts[0].unknown
    assert str(receipts[1].unsent).startswith("not sent, for a request before it failed")


async def test_a_refused_sign_in_stops_the_call(depot: OverHttp) -> None:
    backend = describe(depot, **WOO)
    backend.on_write = lambda _asked: Answer({"message": "bad key"}, 401)

    with pytest.raises(NeedsOperator):
        await written(depot, S_71=4, S_72=9)


async def test_a_list_of_one_in_the_body_is_the_list_of_the_changes(depot: OverHttp) -> None:
    mutation = "mutation($input: [In!]!) { set(input: $input) { id } }"
    backend = describe(
        depot, url="URL/graphql", method="POST",
        body={"query": mutation, "variables": {"input": [{"id": "$ref", "qty": "$quantity"}]}},
        batch={"max": 50, "list": "variables.input", "result": "data.set", "id": "id"},
    )  # fmt: skip
    backend.on_write = lambda _asked: Answer({"data": {"set": [{"id": 72}, {"id": 71}]}})

    receipts = await written(depot, S_71=4, S_72=9)

    assert [receipt.unknown for receipt in receipts] == [None, None]
    assert sent(depot).json == {
        "query": mutation,
        "variables": {"input": [{"id": 71, "qty": 4}, {"id": 72, "qty": 9}]},
    }


async def test_errors_of_graphql_in_a_200_are_errors(depot: OverHttp) -> None:
    backend = describe(
        depot, url="URL/graphql", method="POST",
        body={"query": "mutation { … }", "variables": {"id": "$ref", "qty": "$quantity"}},
    )  # fmt: skip
    backend.on_write = lambda _asked: Answer({"data": None, "errors": [{"message": "no such"}]})

    with pytest.raises(WriteRejected, match="no such"):
        await written(depot, S_71=4)


TABLE = BatchTable(max=100, list="update", result="update[]", error="error", id="id")


def _change(number: int) -> Change:
    return Change(f"S-{number}", "", str(number), 1, Record(f"S-{number}", 2), f"c-{number}")


@settings(max_examples=examples(200))
@given(
    st.lists(st.integers(1, 12), unique=True, min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(1, 14), st.sampled_from(["", "no"])), max_size=12),
)
def test_every_change_gets_what_its_own_results_say(
    numbers: list[int], told: list[tuple[int, str]]
) -> None:
    results = BatchResults(TABLE, frozenset(), str)
    content = {"update": [{"id": number, "error": error or None} for number, error in told]}

    receipts = results.receipts(content, [_change(number) for number in numbers])

    assert [receipt.change.ref for receipt in receipts] == [str(number) for number in numbers]
    for number, receipt in zip(numbers, receipts, strict=True):
        own = {error for known, error in told if known == number}
        if own == {""}:
            assert receipt == Receipt(receipt.change)
        elif own == {"no"}:
            assert receipt.refused == "no"
        else:
            assert receipt.unknown


async def test_of_a_batch_that_is_applied_later_what_is_refused_is_refused(
    depot: OverHttp,
) -> None:
    backend = describe(depot, **WOO, accepted=[202])
    backend.on_write = lambda _asked: Answer(
        {"update": [{"id": 71}, {"id": 72, "error": {"message": "no"}}]}, 202
    )

    receipts = await written(depot, S_71=4, S_72=9)

    assert (receipts[0].refused, receipts[0].later) == (None, True)
    assert receipts[1].refused == "no"


async def test_listings_of_one_address_have_it_in_common(depot: OverHttp) -> None:
    by_parent(depot)
    reading = await poll(depot)
    async with opened(depot) as channel:
        assert channel.abilities.by_address
        found = [
            cast("AddressedChannel", channel).address(ListingRef(r.sku, r.location, r.ref))
            for r in reading.records
        ]

    assert found[0] == found[1] != found[2]
    assert found[0].endswith("/products/7/batch")


async def test_a_batch_at_one_address_needs_none(depot: OverHttp) -> None:
    describe(depot, **WOO)
    async with opened(depot) as channel:
        assert not channel.abilities.by_address
