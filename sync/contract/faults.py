"""What every kind of channel over HTTP passes when the network or the vendor is in trouble."""

import asyncio
import gc
import threading
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from sync.contract.harness import ContractSuite, OverHttp, opened, poll
from sync.contract.loopback import FakeAnswer, ReceivedRequest
from sync.contract.reading import failure
from sync.errors import ContractBroken, NeedsOperator, Temporary

_SOON = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)


class FaultSuite(ContractSuite):
    """What holds for every kind over HTTP, whatever goes wrong on the way."""

    @pytest.mark.parametrize("status", [401, 403, 404])
    async def test_a_refusal_is_no_empty_catalogue(self, harness: OverHttp, status: int) -> None:
        harness.front.spoil = lambda _asked: FakeAnswer({"message": "no"}, status)

        assert isinstance(await failure(harness), NeedsOperator | ContractBroken)

    @pytest.mark.parametrize(
        "headers", [{"Retry-After": "1"}, {"Retry-After": _SOON}, {"Retry-After": "soon"}, {}]
    )
    async def test_a_429_is_waited_out_whatever_it_says_of_when(
        self, harness: OverHttp, headers: dict[str, str]
    ) -> None:
        troubles = [FakeAnswer({"message": "slow down"}, 429, headers)]
        harness.front.spoil = lambda _asked: troubles.pop() if troubles else None

        assert (await poll(harness)).stock["A-1"] == 5

    async def test_an_answer_that_is_cut_off_is_asked_for_again(self, harness: OverHttp) -> None:
        troubles = [FakeAnswer(b'{"data": [', promise=500)]
        harness.front.spoil = lambda _asked: troubles.pop() if troubles else None

        assert (await poll(harness)).stock["A-1"] == 5

    async def test_a_connection_that_is_reset_is_made_again(self, harness: OverHttp) -> None:
        troubles = [FakeAnswer(lose=True)]
        harness.front.spoil = lambda _asked: troubles.pop() if troubles else None

        assert (await poll(harness)).stock["A-1"] == 5

    async def test_a_server_that_does_not_answer_may_do_so_later(self, harness: OverHttp) -> None:
        harness.timeout_ms, never = 200, threading.Event()
        harness.front.spoil = lambda _asked: FakeAnswer(wait=never)

        error = await failure(harness)
        never.set()

        assert type(error) is Temporary

    async def test_a_sweep_that_is_cancelled_leaves_no_connection(self, harness: OverHttp) -> None:
        waits, hangs = threading.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def hang(_asked: ReceivedRequest) -> FakeAnswer:
            loop.call_soon_threadsafe(hangs.set)
            return FakeAnswer(wait=waits)

        before = _sockets()
        async with opened(harness) as channel:
            harness.front.spoil = hang

            async def sweep() -> None:
                async for _ in channel.pages():
                    pass

            running = asyncio.create_task(sweep())
            await asyncio.wait_for(hangs.wait(), 5)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        waits.set()
        gc.collect()

        # The server's own end of a connection closes a moment later.
        for _ in range(100):
            if _sockets() <= before:
                break
            await asyncio.sleep(0.05)
        assert _sockets() <= before


def _sockets() -> int:
    """How many sockets this process has open; 0 where the system does not say."""
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        return 0
    count = 0
    for entry in folder.iterdir():
        try:
            count += str(entry.readlink()).startswith("socket:")
        except OSError:
            continue
    return count
