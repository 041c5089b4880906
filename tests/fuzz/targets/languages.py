"""What people type, and what stands in a text that is shown: filters, patterns, times, words."""

import json
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import Any

from console.keys import parse as keys
from console.text import format as shown
from console.tui.data.filters import disagreement_filter, incident_filter, update_filter
from console.tui.data.filters.disagreement_filter import FilterError
from store.channels.incident_list import incident_ids
from store.corrections import update_list
from store.corrections.update_list import STATUSES, UpdateGroup
from store.database.connection import Database
from store.queries import views
from sync import sku_patterns, units, values
from sync.channels import product_links
from sync.channels.api import expressions
from sync.errors import ChannelError, ConfigError
from sync.times import time_zones
from sync.transport.redaction import Redactor
from tests.contract.harness import SECRET
from tests.fuzz.draw import decoded
from tests.fuzz.oracle import FuzzTarget, whole_text
from tests.fuzz.targets.files import _world
from tests.store.world import START

CHANNELS = ("warehouse", "shop")
HIDDEN = set("\u200b\u200e\u200f\u202a\u202e\u2060\u2066\ufeff\xad\u3164\U000e0041")

WORDS = (
    "channel:",
    "kind:",
    "status:",
    "sku:",
    "cause:",
    "side:",
    "acked:",
    "risk>",
    "units<",
    "age:",
    '"',
    "-",
    "shop",
    "oversell",
    "1h-4h",
    "*",
    "quantity",
    "settling",
    ",",
)


def filters(content: bytes) -> None:
    """Each filter is refused in words, or asks the cache; in its plainest form it is the same."""
    text = decoded(content)
    database: Database = _world()[0]
    with suppress(FilterError):
        wanted = disagreement_filter.parse(text, CHANNELS)
        database.read(views.disagreements, wanted, now=START)
        written = disagreement_filter.filter_text(wanted)
        if len(written) <= disagreement_filter.LENGTH_MAX:
            assert disagreement_filter.parse(written, CHANNELS) == wanted, written
    with suppress(FilterError):
        database.read(
            update_list.find, update_filter.parse(text, CHANNELS, STATUSES[UpdateGroup.OPEN])
        )
    with suppress(FilterError):
        database.read(incident_ids, incident_filter.parse(text, CHANNELS), now=START)


def _filters() -> Iterable[bytes]:
    yield b'channel:shop kind:quantity risk>100 -sku:"A B" age:1h-4h'
    yield b'"a ""phrase""" lamp:red units>=5 acked:no status:settling'
    yield b"sku:A*,*B state:open cause:swapped"


_CHECKS: tuple[Callable[[str], object], ...] = (
    units.duration,
    units.period,
    units.portion,
    units.day,
    units.flow,
    units.listen_address,
    time_zones.time_zone,
    values.instant,
    values.sku,
    values.location,
    values.quantity,
    values.price_minor,
    values.title,
    product_links.check,
    sku_patterns.check,
    keys.read,
)


def words(content: bytes) -> None:
    """Short texts that a configuration or a channel has."""
    text = decoded(content)
    for check in _CHECKS:
        with suppress(ValueError, ConfigError):
            check(text)


def display(content: bytes) -> None:
    """What is shown is clean, as wide as it says, and cut where it is to be."""
    text = decoded(content)
    clean = shown.clean(text)
    acting = {part for part in clean if unicodedata.category(part) in ("Cc", "Cs", "Zl", "Zp")}
    assert not acting | (HIDDEN & set(clean)), ascii(clean)
    whole_text(clean)
    for width in (0, 1, 7):
        assert shown.cells(shown.cut(clean, width)) <= width
        assert shown.cells(shown.fit(clean, width)) == width
    shown.wrap(clean, 7)
    whole_text(shown.show_blanks(clean))


@cache
def _redactor() -> Redactor:
    made = Redactor()
    made.learn([SECRET])
    return made


def redaction(content: bytes) -> None:
    for said in (
        _redactor().words(content),
        _redactor().text(decoded(content)),
        _redactor().url(decoded(content)),
    ):
        assert SECRET not in said
        whole_text(said)


def _redactions() -> Iterable[bytes]:
    yield b'{"errors": [{"message": "bad token c0ntract-s3cret"}]}'
    yield b"<html><title>Error</title><body>c0ntract%2Ds3cret</body></html>"
    yield b"https://u:c0ntract-s3cret@shop.example/a?token=c0ntract-s3cret#x"


def expression(content: bytes) -> None:
    """An expression of a description, asked of an answer."""
    head, _, tail = content.partition(b"\x00")
    text = decoded(head)
    answer: Any = {
        "items": [{"id": 1, "qty": "5", "x": [1, None, {"a": "b"}]}],
        "meta": {"next": None},
    }
    with suppress(ValueError):
        answer = values.json_value(tail)
    try:
        expressions.check("items", text)
    except (ConfigError, ValueError):
        return
    with suppress(ChannelError, ValueError):
        expressions.search(text)(answer)


def _expressions() -> Iterable[bytes]:
    for text in (
        "items",
        "items[?qty > `3`].id",
        "meta.next || 'x'",
        "items[*].x[2].a | [0]",
        "join(',', items[].qty)",
    ):
        yield text.encode() + b"\x00" + json.dumps({"items": [{"qty": "5"}]}).encode()


def _words() -> Iterable[bytes]:
    yield from (
        b"10m",
        b"50%",
        b"2026-11-29T21:15:03+01:00",
        b"29.11.2026 21:15",
        b"A-1",
        b"127.0.0.1:8080",
        b"https://shop.example/{sku}",
        b"A*",
        b"1.234,56",
        b"ctrl+a",
        b"Europe/Berlin",
        b"1763899200",
    )


TARGETS = {
    "words: filters": FuzzTarget(_filters, filters, WORDS),
    "words: values": FuzzTarget(_words, words),
    "words: display": FuzzTarget(
        lambda: [b"Lamp \x1b[31mred\x1b[0m", "a\u202eb\u200bc👩‍👩‍👧".encode()], display
    ),
    "words: redaction": FuzzTarget(_redactions, redaction, (SECRET,)),
    "words: expressions": FuzzTarget(
        _expressions, expression, ("@", "&", "`1`", "sort_by(", "to_number(", "[*]", "||")
    ),
}
