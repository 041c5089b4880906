"""What the tests of a WooCommerce of any address ask and say again and again."""

import pytest

from sync.errors import ChannelError, NeedsOperator
from tests.contract.harness import (
    SECRET,
    OverHttp,
    poll,
)

HTML = {"Content-Type": "text/html"}


async def failure(harness: OverHttp, kind: type[ChannelError] = NeedsOperator) -> str:
    with pytest.raises(ChannelError) as caught:
        await poll(harness)
    assert type(caught.value) is kind, caught.value
    assert SECRET not in str(caught.value)
    return str(caught.value)
