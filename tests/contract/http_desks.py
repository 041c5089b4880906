"""A shop behind a door, and what it takes to try its sign-in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.errors import ChannelError
from tests.contract.backends import Market
from tests.contract.doors import DOORS, Desk
from tests.contract.harness import (
    SECRET,
    OverHttp,
    over_http,
    poll,
)


def market(name: str, tmp_path: Path) -> Iterator[OverHttp]:
    backend = Market(door=DOORS[name](), page_size=2)
    for number in range(5):
        backend.put(f"A-{number}", number)
    with over_http(backend, tmp_path) as found:
        yield found


def desk(shop: OverHttp) -> Desk:
    assert isinstance(shop.backend, Market)
    assert isinstance(shop.backend.door, Desk)
    return shop.backend.door


async def failure(shop: OverHttp) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await poll(shop)
    assert "shop" in str(caught.value)
    assert SECRET not in repr(caught.value)
    return caught.value
