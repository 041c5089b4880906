"""The last look comes right before a write's first byte, and is worth nothing once it is old."""

import socket

import pytest

from sync.errors import Temporary, Withheld
from sync.transport.before_write import SENT_WITHIN_S, before_write
from sync.transport.transport import Transport
from tests.loopback import Answer, script
from tests.sync.transport.test_transport import FakeClock, rig


async def test_a_write_leaves_after_its_last_look() -> None:
    async with rig(script(Answer({}))) as r:
        sent_before_look = []

        async def look() -> None:
            sent_before_look.append(len(r.server.asked))

        with before_write(look):
            await r.write()
        assert sent_before_look == [0]
        assert len(r.server.asked) == 1


async def test_a_process_that_was_stopped_after_its_last_look_sends_nothing() -> None:
    async with rig(script(Answer({}))) as r:

        async def look() -> None:
            r.clock.at += (SENT_WITHIN_S + 1) * 1000

        with before_write(look), pytest.raises(Withheld, match="2 s passed since it was looked"):
            await r.write()
        assert r.server.asked == []


async def test_where_no_connection_stands_nobody_looks_and_nothing_is_marked() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    transport = Transport("market", url, clock=FakeClock())
    looked = []

    async def look() -> None:
        looked.append(True)

    with before_write(look), pytest.raises(Temporary, match="cannot be reached"):
        await transport.request("PUT", url, repeatable=False)
    await transport.aclose()
    assert looked == []
