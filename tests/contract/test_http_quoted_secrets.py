"""A channel that quotes our credential back: no message shows it, nor what a cut leaves of it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync.channels import open_channel
from sync.channels.base import Channel
from sync.channels.http.options import HttpOptions
from sync.clock import SystemClock
from sync.errors import ChannelError
from sync.settings import ChannelSettings
from sync.transport.redaction import Redactor
from tests.contract.harness import SECRET_NAME
from tests.loopback import Answer, serving

LONG = "cs_0f1e2d3c4b5a69788796a5b4c3d2e1f001234567"
"""Longer than what a message quotes of a value."""
FIELDS = {"sku": "sku", "available": "qty", "updated_at": "at"}
GOOD = {"sku": "B", "qty": 1}
SHAPES: dict[str, tuple[Any, dict[str, Any]]] = {
    "a quantity": ({"items": [{"sku": "A", "qty": f"ck={LONG}"}, GOOD]}, {}),
    "a time": ({"items": [{"sku": "A", "qty": 1, "at": LONG}, GOOD]}, {}),
    "a record": ({"items": [LONG, GOOD]}, {}),
    "a name": ({LONG: [], "b": 1}, {}),
    "names of a record": ({"items": [{"sku": "A", LONG: 1}]}, {}),
    "the list": ({"items": LONG}, {}),
    "the next address": ({"items": [GOOD], "next": {"a": LONG}}, {"next": "next.a.b || next"}),
    "the cursor": (
        {"items": [GOOD], "next": LONG + "x" * 3_000},
        {"paging": {"by": "cursor", "param": "c", "cursor": "next"}},
    ),
    "the total": ({"items": [GOOD], "total": LONG}, {"total": "total"}),
    "the error": ({"items": [], "error": {"message": f"no {LONG}"}}, {"error": "error.message"}),
}


async def said_by(channel: Channel) -> str:
    """All that a poll and a trial say."""
    said = []
    try:
        async for page in channel.pages():
            said += [f"{refused.place}: {refused.reason}" for refused in page.refused]
            said += [*page.warnings, page.cut_short]
    except ChannelError as error:
        said.append(str(error))
    try:
        sighting = await channel.try_out()  # type: ignore[attr-defined]
        said += [sighting.seen, *sighting.wrong, *sighting.warnings]
        said += [key.found for key in sighting.keys]
    except ChannelError as error:
        said.append(str(error))
    return "\n".join(said)


@pytest.mark.parametrize("shape", SHAPES)
async def test_no_message_shows_it(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, keys = SHAPES[shape]
    monkeypatch.setenv(SECRET_NAME, LONG)
    with serving(lambda _asked: Answer(body)) as server:
        table = {"url": f"{server.url}/stock", "items": "items", "fields": FIELDS, **keys}
        table["headers"] = {"X-Key": {"env": SECRET_NAME}}
        options = msgspec.convert(table, HttpOptions)
        settings = ChannelSettings(name="shop", kind="http", options=options)
        channel = open_channel(settings, SystemClock(), tmp_path)
        try:
            said = await said_by(channel)
        finally:
            await channel.close()

    assert said
    assert LONG[:8] not in said


@pytest.mark.parametrize("length", range(4, len(LONG)))
def test_a_beginning_with_the_mark_of_a_cut_is_struck_out(length: int) -> None:
    redactor = Redactor()
    redactor.learn([LONG])

    assert redactor.text(f'"x {LONG[:length]}…" is not a number') == '"x •••…" is not a number'
    assert redactor.text("cs_ … cs_… and so on") == "cs_ … cs_… and so on"
