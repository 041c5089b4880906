"""Plays `sample_data/exceptions`: its channels over real HTTP, its day by the commands of `skew`.

`python -m tests.end_to_end.exceptions` plays it and writes anew what is expected; a person reads
the difference before it is committed.
"""

import contextlib
import io
import json
import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from console.__main__ import run
from sync.clock import SystemClock, from_rfc3339
from tests.loopback import Answer, Loopback, ReceivedRequest, serving

DAY = "2026-11-24"
SAMPLE = Path(__file__).parents[2] / "sample_data" / "exceptions"
EXPECTED = Path(__file__).parent / "expected"
NAMES = ("warehouse", "shop", "market", "outlet", "till")
SKUS = ("TEA", "PAN", "MUG", "KIT", "WOK", "BOOK", "TILL-1")
"""Whose histories are kept as they are expected."""

_WORDS = {"active": "live", "disabled": "off", "hold": "paused"}


def instant(time: str) -> str:
    """A time of the day as RFC 3339."""
    return f"{DAY}T{time}{':00' if time.count(':') == 1 else ''}Z"


@dataclass
class Channels:
    """What the channels of the day hold and tell, and how they answer."""

    stock: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    """By channel, then `SKU@PLACE` or SKU: its listings, usually one."""
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    ignores: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def take(self, moment: Mapping[str, Any]) -> None:
        """Bring about what a moment says."""
        for channel, shows in moment.get("shows", {}).items():
            mine = self.stock.setdefault(channel, {})
            for key, value in shows.items():
                several = value if isinstance(value, list) else [value]
                mine[key] = [_listing(channel, key, listing) for listing in several]
        for channel, events in moment.get("events", {}).items():
            for event in events:
                self.events.setdefault(channel, []).append(event | {"at": instant(event["at"])})
        self.ignores = moment.get("ignores", [])

    def answer(self, asked: ReceivedRequest) -> Answer:
        """GET a channel's stock, one listing, its events; PUT one listing."""
        url = urlsplit(asked.path)
        channel, *rest = [unquote(part) for part in url.path.strip("/").split("/")]
        if rest == ["events"]:
            after = int(parse_qs(url.query).get("after", ["0"])[0])
            events = self.events.get(channel, [])
            return Answer({"items": events[after:], "cursor": str(len(events))})
        mine = self.stock.get(channel, {})
        if not rest:
            return Answer({"items": [listing for several in mine.values() for listing in several]})
        place, sku = rest
        key = sku if place == "-" else f"{sku}@{place}"
        if key not in mine:
            return Answer({"error": "no such listing"}, status=404)
        if asked.method == "PUT":
            self.written.append(f"{channel} {key} {asked.body.decode()}")
            if key not in self.ignores:
                mine[key] = [mine[key][0] | asked.json]
        return Answer(mine[key][0])


def _listing(channel: str, key: str, value: object) -> dict[str, Any]:
    sku, _, place = key.partition("@")
    values: dict[str, Any] = value if isinstance(value, dict) else {"available": value}
    listing = {"sku": sku, **values}
    if place:
        listing["place"] = place
    if channel in ("warehouse", "shop"):
        state = listing.get("state", "active")
        listing["state"] = state if channel == "warehouse" else _WORDS.get(state, state)
    return listing


@dataclass
class Day:
    """The day under way: a folder with its configuration, and commands at a time of its own."""

    folder: Path
    channels: Channels
    now: int = 0

    def skew(self, *args: str) -> tuple[int, str, str]:
        """Run a command at this moment of the day: its exit code, what it said, and complained."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run([*args, "--config", str(self.folder / "skew.toml")])
        return code, out.getvalue(), err.getvalue()

    def play(self, moments: list[dict[str, Any]]) -> None:
        """Play these moments; what a person does comes after the polls, and is read back."""
        for moment in moments:
            self.now = from_rfc3339(instant(moment["at"]))
            self.channels.take(moment)
            for name in moment.get("polls", NAMES):
                # One after another, so that what is numbered is numbered alike each time.
                self.skew("poll", name)
            for act in moment.get("acts", ()):
                self.skew(*act)
                self.now += 2_000


@contextlib.contextmanager
def day() -> Iterator[Day]:
    """A day that has not begun, with its channels on loopback."""
    channels = Channels()
    real_now, real_sleep = SystemClock.now, SystemClock.sleep
    with (
        serving(channels.answer) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        made = Day(Path(folder), channels)
        _configure(made.folder, server)

        async def sleep(_: SystemClock, span_ms: int) -> None:
            made.now += span_ms

        SystemClock.now = lambda _: made.now  # type: ignore[method-assign, assignment]
        SystemClock.sleep = sleep  # type: ignore[method-assign, assignment]
        try:
            yield made
        finally:
            SystemClock.now, SystemClock.sleep = real_now, real_sleep  # type: ignore[method-assign]


def _configure(folder: Path, server: Loopback) -> None:
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True)
    path = folder / "skew.toml"
    path.write_text(path.read_text().replace("http://127.0.0.1:9000", server.url))


def moments() -> list[dict[str, Any]]:
    """The day's script."""
    with (SAMPLE / "day.toml").open("rb") as file:
        found: list[dict[str, Any]] = tomllib.load(file)["moment"]
    return found


def outcome(ended: Day) -> dict[str, str]:
    """What the day has come to, by the name of its file in `expected`."""
    files = {
        "diff.json": ended.skew("diff", "--json")[1],
        "status.json": ended.skew("status", "--json")[1],
    }
    for sku in SKUS:
        files[f"history-{sku}.json"] = ended.skew("history", sku, "--json")[1]
    return files


def _write_expected() -> None:
    EXPECTED.mkdir(exist_ok=True)
    with day() as played:
        played.play(moments())
        for name, text in outcome(played).items():
            (EXPECTED / name).write_text(text)
        _, text, stderr = played.skew("diff", "--by", "cause")
        print(text, stderr)  # noqa: T201 - for the person who checks it.
        print(json.dumps(played.channels.written, indent=1))  # noqa: T201


if __name__ == "__main__":
    os.environ.pop("SKEW_CONFIG", None)
    _write_expected()
