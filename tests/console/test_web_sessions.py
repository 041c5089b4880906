"""`skew web`: a session's process ends when its browser or its server does, however that is."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.console.command_shop import seed
from tests.console.test_web import ANA, PATIENCE_S, needs_web, started

pytestmark = [pytest.mark.long, needs_web]


def stat(pid: int) -> list[str]:
    """State and parent of a process; nothing where it has ended."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[:2]
    except OSError:
        return []
    return [] if state == "Z" else [state, parent]


def children(pid: int) -> list[int]:
    """The processes that this one started and that run."""
    running = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [other for other in running if stat(other)[1:] == [str(pid)]]


async def until(held: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not held():  # noqa: ASYNC110 - another process tells nobody.
            await asyncio.sleep(0.05)


async def until_gone(pids: list[int]) -> None:
    await until(lambda: not any(stat(pid) for pid in pids))


async def opened(session: Any, url: str, **given: Any) -> Any:
    """A session's websocket, once its screen is painted."""
    target = f"{url}/ws?width=100&height=30"
    websocket = await session.ws_connect(target, headers={"Origin": url}, **given)
    shown = 0
    async with asyncio.timeout(PATIENCE_S):
        while shown < 2_000:
            shown += len((await websocket.receive()).data)
    return websocket


def abort(websocket: Any) -> None:
    websocket._response.connection.transport.abort()


def fall_silent(websocket: Any) -> None:
    websocket._response.connection.transport.pause_reading()


@pytest.mark.parametrize("leave", [abort, fall_silent])
async def test_who_leaves_without_a_word_leaves_no_process(
    tmp_path: Path, leave: Callable[[Any], None]
) -> None:
    import aiohttp

    seed(tmp_path)
    with started(tmp_path) as (server, url):
        async with aiohttp.ClientSession() as session:
            websocket = await opened(session, url)
            pids = children(server.pid)
            assert len(pids) == 1
            leave(websocket)
            await until_gone(pids)
            assert server.poll() is None


async def test_who_leaves_before_the_first_screen_leaves_no_process(tmp_path: Path) -> None:
    import aiohttp

    seed(tmp_path)
    with started(tmp_path) as (server, url):
        async with aiohttp.ClientSession() as session:
            websocket = await session.ws_connect(f"{url}/ws", headers={"Origin": url})
            await until(lambda: bool(children(server.pid)))
            pids = children(server.pid)
            abort(websocket)
            await until_gone(pids)


async def test_a_console_that_hangs_is_killed(tmp_path: Path) -> None:
    import aiohttp

    seed(tmp_path)
    with started(tmp_path) as (server, url):
        async with aiohttp.ClientSession() as session:
            websocket = await opened(session, url)
            [pid] = children(server.pid)
            os.kill(pid, signal.SIGSTOP)
            abort(websocket)
            await until_gone([pid])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_a_server_leaves_no_session_behind(tmp_path: Path, number: int) -> None:
    import aiohttp

    seed(tmp_path)
    with started(tmp_path, "--token", "ana=env:ANA", "--read-write") as (server, url):
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            await (await session.get(f"{url}/?token={ANA}")).release()
            # Kept: who forgets a websocket closes it. The second takes nothing any more.
            browsers = [await opened(session, url), await opened(session, url)]
            fall_silent(browsers[1])
            pids = children(server.pid)
            assert len(pids) == 2
            server.send_signal(number)
            await until_gone([server.pid, *pids])
