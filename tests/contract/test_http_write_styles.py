"""Every style of writing, behind every door, with one id or two."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.channels.base import ListingRef, Receipt
from sync.errors import WriteRejected
from tests.contract.doors import DOORS
from tests.contract.harness import SECRET, SECRET_NAME, OverHttp, change, opened, over_http, poll
from tests.contract.writing_backend import STYLES, StyledShop
from tests.long_run import first


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


def running(backend: StyledShop, base: Path) -> Iterator[OverHttp]:
    for number, quantity in ((71, 5), (72, 0), (73, 12)):
        backend.put(f"S-{number}", quantity)
    with over_http(backend, base) as found:
        yield found


@pytest.fixture(params=sorted(STYLES))
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
    yield from running(StyledShop(STYLES[request.param]), tmp_path)


def backend_of(shop: OverHttp) -> StyledShop:
    assert isinstance(shop.backend, StyledShop)
    return shop.backend


async def write(shop: OverHttp, **quantities: int) -> list[Receipt]:
    """Write as the engine does: read by itself first, and as many in a call as it takes."""
    reading = await poll(shop)
    records = {name: reading.of(name.replace("_", "-")) for name in quantities}
    async with opened(shop) as channel:
        wanted = [ListingRef(r.sku, r.location, r.ref) for r in records.values()]
        fresh = {record.sku: record for record in (await channel.read(wanted)).records}
        changes = [
            change(fresh[name.replace("_", "-")], quantity, f"c-{name}")
            for name, quantity in quantities.items()
        ]
        size, receipts = channel.abilities.batch_max, list[Receipt]()
        for start in range(0, len(changes), size):
            receipts += await channel.write(changes[start : start + size])
    return receipts


async def check(shop: OverHttp) -> None:
    backend = backend_of(shop)

    receipts = await write(shop, S_71=4, S_72=9, S_73=1)

    style = backend.style
    assert receipts == [Receipt(receipt.change, later=style.later) for receipt in receipts]
    assert backend.stock == {71: 4, 72: 9, 73: 1}
    assert (await poll(shop)).stock == {"S-71": 4, "S-72": 9, "S-73": 1}
    assert backend.writes == (1 if style.batch_max > 1 else 3)


async def test_each_style_sets_what_the_channel_shows(shop: OverHttp) -> None:
    await check(shop)
    async with opened(shop) as channel:
        can = channel.abilities
    style = backend_of(shop).style
    assert (can.batch_max, can.compare_and_set) == (style.batch_max, style.compares)


BATCHES = sorted(name for name, style in STYLES.items() if style.batch_max > 1)
COMPARING = sorted(name for name, style in STYLES.items() if style.compares)


@pytest.mark.parametrize("shop", BATCHES, indirect=True)
async def test_each_batch_says_which_of_them_is_refused(shop: OverHttp) -> None:
    backend = backend_of(shop)
    backend.gone = 72
    if backend.style is STYLES["graphql"]:
        with pytest.raises(WriteRejected, match="no such id"):
            await write(shop, S_71=4, S_72=9)
        assert backend.stock[71] == 5
        return

    receipts = await write(shop, S_71=4, S_72=9, S_73=1)

    assert [receipt.refused is None for receipt in receipts] == [True, False, True]
    assert backend.stock == {71: 4, 72: 0, 73: 1}


@pytest.mark.parametrize("shop", COMPARING, indirect=True)
async def test_each_style_that_compares_finds_a_conflict(shop: OverHttp) -> None:
    backend = backend_of(shop)
    reading = await poll(shop)
    async with opened(shop) as channel:
        record = reading.of("S-71")
        (fresh,) = (await channel.read([ListingRef("S-71", "", record.ref)])).records
        backend.put("S-71", 5)
        (receipt,) = await channel.write([change(fresh, 4)])

    assert receipt.conflict
    assert backend.stock[71] == 5


@pytest.mark.parametrize("style", first(4, sorted(STYLES)))
async def test_each_style_works_with_two_ids(style: str, tmp_path: Path) -> None:
    for shop in running(StyledShop(STYLES[style], is_nested=True), tmp_path):
        await check(shop)


@pytest.mark.long
@pytest.mark.parametrize(
    ("style", "door"),
    [
        pytest.param(style, door, marks=() if number % 20 == place % 20 else pytest.mark.long)
        for place, style in enumerate(sorted(STYLES))
        for number, door in enumerate(sorted(DOORS))
    ],
)
async def test_each_style_works_behind_each_door(style: str, door: str, tmp_path: Path) -> None:
    for shop in running(StyledShop(STYLES[style], door=DOORS[door]()), tmp_path):
        await check(shop)
