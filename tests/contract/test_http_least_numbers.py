"""Writes to listings of which a described API says only the least number."""

from typing import Any

import pytest

from store.model import Record
from tests.contract.depot import WOO, describe, sent
from tests.contract.harness import OverHttp, change, opened

LEAST = Record("S-71", 100, ref='{"ref":71}', at_least=True)
EXACT = Record("S-72", 5, ref='{"ref":72}')
WHY = "not sent: its previous number is only known as at least 100, which the write compares with"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ({"qty": "$quantity", "was": "$previous"}, "json"),
        ({"qty": "$quantity", "if": {"was": ["$previous"]}}, "form"),
        ('{"qty": $quantity, "was": $previous}', "json"),
        ("qty=$quantity&was=$previous", "form"),
    ],
)
async def test_where_the_api_compares_no_write_goes_without_its_guard(
    depot: OverHttp, body: Any, encoding: str
) -> None:
    describe(depot, body=body, encoding=encoding, conflict=[409], method="POST")

    async with opened(depot) as channel:
        (receipt,) = await channel.write([change(LEAST, 4)])

    assert (receipt.refused, receipt.conflict) == (WHY, False)
    assert [asked for asked in depot.server.asked if asked.method != "GET"] == []


async def test_of_a_batch_only_the_least_number_is_not_sent(depot: OverHttp) -> None:
    body = {"update": [{"id": "$ref", "qty": "$quantity", "was": "$previous"}]}
    describe(depot, **{**WOO, "body": body, "conflict": [409]})

    async with opened(depot) as channel:
        receipts = await channel.write([change(LEAST, 4), change(EXACT, 3)])

    assert receipts[0].refused == WHY
    assert sent(depot).json == {"update": [{"id": 72, "qty": 3, "was": 5}]}


async def test_where_nothing_is_compared_a_least_number_is_left_out(depot: OverHttp) -> None:
    describe(depot, body={"qty": "$quantity", "was": "$previous"})

    async with opened(depot) as channel:
        (receipt,) = await channel.write([change(LEAST, 4)])

    assert receipt.refused is None
    assert sent(depot).json == {"qty": 4}
