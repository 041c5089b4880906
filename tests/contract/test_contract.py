"""The suite that every registered kind of channel passes, each against a real server or file.

A new kind adds one line to `HARNESSES` (`tests/contract/kinds.py`), and over HTTP a backend.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync import channels
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
)
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    Harness,
    OverHttp,
    opened,
    poll,
)
from tests.contract.kinds import NETWORKED, STRANGE, behind_doors, running
from tests.long_run import first
from tests.loopback import Answer, script, serving


@pytest.fixture(params=behind_doors(sorted(channels.KINDS)))
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    with running(request.param, tmp_path) as found:
        yield found


@pytest.fixture(params=behind_doors(NETWORKED))
def networked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
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
    for number in range(2_300 if harness.kind not in {"csv", "sql"} else 1_200):
        harness.put(f"N-{number:05}", number)

    first, second = await poll(harness), await poll(harness)

    assert len(first.pages) > 1
    assert first.records == second.records
    assert len({record.sku for record in first.records}) == len(first.records)
    assert first.stock["N-01199"] == 1199
    announced = [page.announced for page in first.pages if page.announced is not None]
    assert not announced or announced[-1] == len(first.records)


async def test_negative_stock_is_reported_as_it_is_read(harness: Harness) -> None:
    harness.put("A-1", -4)

    assert (await poll(harness)).of("A-1").available == -4


async def test_a_sku_is_taken_exactly_as_it_is(harness: Harness) -> None:
    for number, sku in enumerate(STRANGE):
        harness.put(sku, number)

    stock = (await poll(harness)).stock

    assert {sku: stock[sku] for sku in STRANGE} == {sku: n for n, sku in enumerate(STRANGE)}


@pytest.mark.parametrize(
    "raw", first(2, ['"twelve"', "1e400", "3.5", "9999999999999999", "[]", "true"])
)
async def test_a_bad_quantity_blinds_its_own_listing_only(harness: Harness, raw: str) -> None:
    harness.corrupt("B-2", raw)

    reading = await poll(harness)

    (refused,) = reading.refused
    assert refused.sku == "B-2"
    assert refused.place
    assert refused.reason
    assert reading.stock.items() >= {"A-1": 5, "C-3": 12}.items()
    assert "B-2" not in reading.stock


@pytest.mark.parametrize("sku", first(2, ["K" * 10_000, "esc\x1b[2J", "bell\x07", "bidi\u202e"]))
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


@pytest.mark.parametrize("status", first(2, [429, 500, 503]))
async def test_a_passing_trouble_is_waited_out(networked: OverHttp, status: int) -> None:
    troubles = [Answer(status=status)]
    networked.front.spoil = lambda _asked: troubles.pop() if troubles else None

    assert (await poll(networked)).stock["A-1"] == 5


async def test_a_redirect_to_another_host_is_not_followed(networked: OverHttp) -> None:
    with serving(script(Answer(b"thanks"))) as thief:
        networked.front.spoil = lambda _asked: Answer(status=302, headers={"Location": thief.url})

        assert isinstance(await failure(networked), ContractBroken)
        assert thief.asked == []


@pytest.mark.parametrize(
    "body", first(3, [b"null", b"<html>", b"[" * 100_000, b"[]", b"{}", b"\xff\xfe"])
)
async def test_any_other_answer_breaks_the_contract(networked: OverHttp, body: bytes) -> None:
    networked.front.spoil = lambda _asked: Answer(body)

    assert isinstance(await failure(networked), ContractBroken | NeedsOperator)
