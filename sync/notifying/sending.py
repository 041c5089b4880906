"""The way out, by Apprise: mail, chat, push services and webhooks, each by its URL."""

import asyncio
import logging
from typing import TYPE_CHECKING

from sync import extras
from sync.errors import ConfigError

if TYPE_CHECKING:
    import apprise

SEND_S = 30.0


def place_of(url: str, key: str) -> "apprise.Apprise":
    """What sends to a URL. Raises ConfigError where Apprise is missing or does not know the URL."""
    if lacking := extras.lack("notify"):
        raise ConfigError(key, lacking)
    import apprise

    # It logs URLs, in which secrets are.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    place = apprise.Apprise()
    if not place.add(url):
        raise ConfigError(
            key, "Apprise does not know this kind of URL; its documentation lists those there are"
        )
    return place


async def send(place: "apprise.Apprise", title: str, body: str) -> bool:
    """Send a message, as plain text; whether its place took it. Raises nothing."""
    try:
        async with asyncio.timeout(SEND_S):
            return bool(
                await place.async_notify(title=_plain(title), body=_plain(body), body_format="text")
            )
    except Exception:  # noqa: BLE001 - the edge of another package's plugins.
        return False


def _plain(text: str) -> str:
    """Text from outside, without what acts on a terminal or a mail's head; lines stay."""
    return "".join(
        character if character.isprintable() or character == "\n" else "\ufffd"
        for character in text
    )
