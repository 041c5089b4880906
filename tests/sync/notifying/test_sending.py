"""What a message meets on its way: servers that hang."""

import asyncio
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from sync.errors import ConfigError
from sync.notifying import sending


@pytest.fixture
def dripping() -> Iterator[tuple[str, threading.Event]]:
    """A server whose answers never end: its URL as Apprise has it, and whether anybody came."""
    stopping, asked = threading.Event(), threading.Event()

    def answer(listening: socket.socket) -> None:
        connections = []
        listening.settimeout(0.1)
        while not stopping.is_set():
            with suppress(TimeoutError):
                connections.append(listening.accept()[0])
                asked.set()
                connections[-1].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for connection in connections:
                with suppress(OSError):
                    connection.sendall(b"a")
        for connection in connections:
            connection.close()

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        yield f"json://127.0.0.1:{listening.getsockname()[1]}/hook", asked
        stopping.set()
        thread.join()


def children() -> list[str]:
    """The processes that send for this one."""
    listed = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(os.getpid())],
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in listed.stdout.splitlines() if "sync.notifying" in line]


@pytest.mark.long
async def test_a_server_that_never_ends_its_answer_holds_nothing(
    dripping: tuple[str, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SEND_S", 0.5)
    url, _ = dripping
    threads = set(threading.enumerate())

    assert not await sending.send(url, "url", "t", "b")

    # The thread in which asyncio waits for a process ends just after it has said so.
    for thread in set(threading.enumerate()) - threads:
        thread.join(10)
        assert not thread.is_alive()
    assert not await asyncio.to_thread(children)


async def test_who_stops_waiting_ends_the_message_too(
    dripping: tuple[str, threading.Event],
) -> None:
    url, asked = dripping
    sent = asyncio.create_task(sending.send(url, "url", "t", "b"))
    assert await asyncio.to_thread(asked.wait, 30)
    sent.cancel()
    await asyncio.gather(sent, return_exceptions=True)
    assert not await asyncio.to_thread(children)


@pytest.mark.long
async def test_a_url_that_apprise_does_not_know_is_refused_from_there_too() -> None:
    with pytest.raises(ConfigError, match="does not know this kind of URL") as refused:
        await sending.send("nosuch://secret@host", "notify.CHAT.url", "t", "b")
    assert "secret" not in str(refused.value)
