"""The stage's shop with something the matter with each of its channels."""

from collections.abc import Sequence
from typing import Any

from store.channels import incidents, pauses, polls
from store.model import IncidentKind, Record
from store.polling import merge, staging
from tests.console.small_shop import MINUTE, NOW, Shop

WORDS = (
    "market answered 401, refused our sign-in, credential MARKET_TOKEN, at http://market.example"
    "/stock?after=…: the key has been revoked by its owner"
)


def fail_poll(shop: Shop, channel: str, words: str, *, at: int, took_ms: int = 900) -> None:
    """Have a poll of a channel fail."""
    sweep = shop.database.write(staging.begin, channel, None, now=at)
    shop.database.write(merge.fail, sweep, words, now=at + took_ms)


def begin_poll(
    shop: Shop, channel: str, seen: int, announced: int | None = None, *, at: int
) -> None:
    """Have a poll of a channel begin, and read so many records."""
    sweep = shop.database.write(staging.begin, channel, None, now=at)
    records = [Record(f"X{number}", number) for number in range(seen)]
    shop.database.write(staging.stage, sweep, records, (), announced, note_progress=True)


def finish_polls(shop: Shop, channel: str, times_ms: Sequence[int], *, until: int) -> None:
    """Have good polls of a channel take so long, one a minute."""
    for number, took_ms in enumerate(times_ms):
        at = until - (len(times_ms) - number) * MINUTE

        def poll(connection: Any, at: int = at, took_ms: int = took_ms) -> None:
            sweep = staging.begin(connection, channel, None, now=at)
            staging.stage(connection, sweep, [Record(f"Y{n}", n) for n in range(5)])
            merge.merge(connection, sweep, shop.comparison, now=at + took_ms, as_of=None)

        shop.database.write(poll)


def trouble_channels(shop: Shop) -> None:
    """The shop is paused, the market refuses us, the outlet is being read."""
    write = shop.database.write
    write(polls.set_rates, {"shop": 5.0, "market": None, "outlet": 2.5})
    write(polls.note_allowance, "shop", 8, 40, at=NOW - 4_000)
    write(polls.note_allowance, "outlet", 980, 1_000, at=NOW - 4_000)
    write(
        pauses.pause, "shop", who="bo", reason="stock count in \x1b[31mHamburg",
        until=NOW + 28 * MINUTE,
    )  # fmt: skip
    fail_poll(shop, "market", "503", at=NOW - 8 * MINUTE)
    fail_poll(shop, "market", WORDS, at=NOW - 40_000)
    write(pauses.pause_by_engine, "market", WORDS, NOW + 14 * MINUTE)
    write(
        incidents.raise_incident, "market", IncidentKind.CREDENTIALS, WORDS, now=NOW - 39_000,
        key="poll",
    )  # fmt: skip
    write(polls.set_next_poll, "warehouse", NOW + 12_000)
    begin_poll(shop, "outlet", 310, 1_000, at=NOW - 72_000)
