"""What can be copied of a row, and that nothing that is pasted can act."""

import json
import shlex
from pathlib import Path

import pytest

from console.reports.clipboard import CopyChoice, approve_command, channel_choices, row_choices
from console.tui.data.source import DataSource
from console.tui.drawing.terminal import clipboard
from store.queries import status_counts, views
from store.queries.values import DisagreementFilter, Sort
from tests.console.small_shop import Shop, record


async def rows_of(shop: Shop, sku: str) -> dict[str, str]:
    source = DataSource(shop.database, shop.settings, shop.clock)
    ids = await source.disagreement_ids(DisagreementFilter(skus=(sku,)), Sort.RISK)
    detail = await source.detail_of_disagreement(ids[0])
    assert detail is not None
    path = Path("my shop.toml")
    choices = row_choices(detail.disagreement, detail.cause, detail.correction, configuration=path)
    return {choice.name: choice.text for choice in choices}


async def test_a_row_is_copied_as_sku_as_row_as_document_and_as_command(shop: Shop) -> None:
    copied = await rows_of(shop, "SKU-0004411")

    assert list(copied) == ["SKU", "row", "row with heading", "JSON", "approve command"]
    assert copied["SKU"] == "SKU-0004411"
    heading, row = copied["row with heading"].split("\n")
    assert row == copied["row"]
    document = dict(zip(heading.split("\t"), row.split("\t"), strict=True))
    assert (document["channel"], document["reads"], document["target"]) == ("market", "31", "17")
    assert json.loads(copied["JSON"])["reading"]["available"] == 31
    words = shlex.split(copied["approve command"])
    assert words[:2] == ["skew", "approve"]
    assert words[3:] == ["--config", "my shop.toml"]


async def test_a_hostile_title_brings_no_control_character_and_no_second_line(shop: Shop) -> None:
    bad = "A\x1b]0;owned\x07\nrm -rf\tx\x9b\u202e"
    for at in (60_000, 30_000):
        shop.read("warehouse", [record("K;reboot", 5, bad, 100)], at=shop.clock.at - at)
        shop.read("shop", [record("K;reboot", 9, bad, 100)], at=shop.clock.at - at + 500)

    copied = await rows_of(shop, "K;reboot")

    for name, text in copied.items():
        allowed = "\t\n" if name == "row with heading" else "\t"
        assert all(character.isprintable() or character in allowed for character in text), name
    assert copied["row"].count("\t") == copied["row with heading"].split("\n")[0].count("\t")


def test_a_command_holds_a_path_as_one_word(shop: Shop) -> None:
    update = shop.database.read(views.updates)[0]
    command = approve_command(update, Path("a b; reboot.toml"))

    assert shlex.split(command)[-1] == "a b; reboot.toml"


def test_a_channel_is_copied_by_name_and_as_what_status_tells(shop: Shop) -> None:
    health = shop.database.read(status_counts.channels, now=shop.clock.now())
    first, *rest = channel_choices(health[0])

    assert first == CopyChoice("channel", "warehouse")
    assert json.loads(rest[-1].text)["freshness"] == "fresh"


SEQUENCE = "\x1b]52;c;U0tVLTE=\a"


@pytest.mark.parametrize(
    ("environ", "sent"),
    [
        ({}, SEQUENCE),
        (
            {"TMUX": "a-socket,1,0"},
            f"{SEQUENCE}\x1bPtmux;\x1b\x1b]52;c;U0tVLTE=\a\x1b\\",
        ),
        ({"STY": "1.tty"}, f"\x1bP{SEQUENCE}\x1b\\"),
    ],
)
def test_the_clipboard_is_reached_through_tmux_and_screen(
    environ: dict[str, str], sent: str
) -> None:
    assert clipboard("SKU-1", environ) == sent


def test_screen_is_handed_a_long_text_in_parts_that_it_takes() -> None:
    sent = clipboard("x" * 3_000, {"STY": "1.tty"})

    parts = sent.split("\x1b\\")[:-1]
    assert len(parts) > 1
    assert all(part.startswith("\x1bP") and len(part) < 768 for part in parts)
    assert "".join(part.removeprefix("\x1bP") for part in parts) == clipboard("x" * 3_000, {})
