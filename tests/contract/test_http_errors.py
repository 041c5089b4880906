"""`error` says where an error stands in an answer of 200: of a page, a record, a write, events."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sync.channels.base import ListingRef
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from tests.contract.backends import Market
from tests.contract.harness import OverHttp, change, opened, over_http, poll, read_events
from tests.loopback import Answer


@dataclass
class Complaining(Market):
    """A shop that says in a place of its own what went wrong."""

    more: dict[str, Any] = field(default_factory=dict)

    def table(self, url: str) -> dict[str, Any]:
        return {**super().table(url), "error": "info.trouble[0].text", **self.more}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(Complaining(), tmp_path) as found:
        found.put("A-1", 5)
        yield found


def trouble(text: object, **more: object) -> dict[str, object]:
    return {"info": {"trouble": [{"text": text}]}, **more}


def spoil(shop: OverHttp, path: str, body: object, method: str = "GET") -> None:
    shop.front.spoil = lambda asked: (
        Answer(body) if asked.path.startswith(path) and asked.method == method else None
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("the index is being built", ContractBroken),
        ("please try again in 3 s", Temporary),
        ("token expired", NeedsOperator),
    ],
)
async def test_a_page_that_says_so_there_is_no_page(
    shop: OverHttp, text: str, kind: type[ChannelError]
) -> None:
    spoil(shop, "/stock", trouble(text, items=[{"sku": "A-1", "available": 0}], next=None))

    with pytest.raises(kind) as caught:
        await poll(shop)

    assert f"page 1: answered with an error: {text}" in str(caught.value)


@pytest.mark.parametrize("nothing", [None, "", [], "ok", False])
async def test_nothing_there_is_no_error(shop: OverHttp, nothing: object) -> None:
    page = trouble(nothing, items=[{"sku": "A-1", "available": 5, "state": "live"}], next=None)
    spoil(shop, "/stock", page)

    assert (await poll(shop)).stock == {"A-1": 5}


async def test_an_error_in_the_usual_place_is_one_beside_it(shop: OverHttp) -> None:
    spoil(shop, "/stock", {"items": [], "errors": [{"message": "no such index"}]})

    with pytest.raises(ContractBroken, match="no such index"):
        await poll(shop)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("too many", WriteRejected), ("backend timed out", WriteOutcomeUnknown)],
)
async def test_a_write_that_is_answered_so_is_refused(
    shop: OverHttp, text: str, kind: type[ChannelError]
) -> None:
    record = (await poll(shop)).of("A-1")
    spoil(shop, "/stock/A-1", trouble(text, sku="A-1"), "PUT")
    async with opened(shop) as channel:
        with pytest.raises(kind, match=text):
            await channel.write([change(record, 3)])


async def test_a_record_and_events_that_are_answered_so_are_errors(shop: OverHttp) -> None:
    spoil(shop, "/stock/A-1", trouble("it is locked"))
    async with opened(shop) as channel:
        found = await channel.read([ListingRef("A-1", "", "")])
    assert ["it is locked" in refused.reason for refused in found.refused] == [True]

    spoil(shop, "/events", trouble("no log today", events=[]))
    with pytest.raises(ContractBroken, match="no log today"):
        await read_events(shop)
