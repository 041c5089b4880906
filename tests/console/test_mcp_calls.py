"""What a call of `skew mcp` leaves behind that its caller has given up."""

import asyncio
import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.console.test_web_sessions import children

pytestmark = pytest.mark.skipif(find_spec("mcp") is None, reason="the extra mcp is missing")


@pytest.mark.long
async def test_a_call_that_is_cancelled_leaves_no_process(seeded: Path) -> None:
    from console import mcp_server

    before = set(children(os.getpid()))
    call = asyncio.create_task(mcp_server._asked(seeded, "status"))
    async with asyncio.timeout(30):
        while not (started := set(children(os.getpid())) - before):  # noqa: ASYNC110 - as below.
            await asyncio.sleep(0.01)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        while started & set(children(os.getpid())):  # noqa: ASYNC110 - a process tells nobody.
            await asyncio.sleep(0.01)

    assert call.cancelled()
