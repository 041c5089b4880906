"""The way out, by Apprise: mail, chat, push services and webhooks, each by its URL."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sync import extras
from sync.errors import ConfigError

if TYPE_CHECKING:
    import apprise

SEND_S = 30.0

_UNKNOWN = 2
_UNKNOWN_WORDS = "Apprise does not know this kind of URL; its documentation lists those there are"


def place_of(url: str, key: str) -> "apprise.Apprise":
    """What sends to a URL. Raises ConfigError where Apprise is missing or does not know the URL."""
    if lacking := extras.lack("notify"):
        raise ConfigError(key, lacking)
    import apprise

    # It logs URLs, in which secrets are.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    place = apprise.Apprise()
    if not place.add(url):
        raise ConfigError(key, _UNKNOWN_WORDS)
    return place


async def send(url: str, key: str, title: str, body: str) -> bool:
    """Send a message, as plain text; whether its place took it in time.

    By a process of its own, which can be ended: a server that answers a byte a second would hold
    one of Apprise's threads for hours, and a daemon that is to end with it. Raises ConfigError like
    `place_of`.
    """
    if lacking := extras.lack("notify"):
        raise ConfigError(key, lacking)
    message = json.dumps([url, _plain(title), _plain(body)]).encode()
    try:
        # The URL goes by stdin: what stands in a command line, anybody on the machine can read.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", __name__, env=os.environ | {"PYTHONPATH": _packages()},
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return False
    try:
        async with asyncio.timeout(SEND_S):
            await process.communicate(message)
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == _UNKNOWN:
        raise ConfigError(key, _UNKNOWN_WORDS)
    return process.returncode == 0


def _packages() -> str:
    """Where that process finds what this one has, wherever it was started from."""
    mine = str(Path(__file__).parents[2])
    return os.pathsep.join(filter(None, (mine, os.environ.get("PYTHONPATH"))))


def _send_and_exit() -> None:
    # Whoever started it may have been killed.
    signal.alarm(int(SEND_S) + 5)
    url, title, body = json.load(sys.stdin)
    try:
        place = place_of(url, "url")
    except ConfigError:
        sys.exit(_UNKNOWN)
    took = False
    with contextlib.suppress(Exception):  # The edge of another package's plugins.
        took = bool(place.notify(title=title, body=body, body_format="text"))
    # Not by the way of threads that may hang.
    os._exit(0 if took else 1)


def _plain(text: str) -> str:
    """Text from outside, without what acts on a terminal or a mail's head; lines stay."""
    return "".join(
        character if character.isprintable() or character == "\n" else "\ufffd"
        for character in text
    )


if __name__ == "__main__":
    _send_and_exit()
