"""The updates' page, by keys: states, filter, order, the chosen one's steps, trying again."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.keys.action import PageName
from console.tui.app import SkewApp
from console.tui.dialogs.batch import BatchDialog
from console.tui.dialogs.confirm import ApproveDialog, RetryDialog
from console.tui.drawing.tones import Tone
from console.tui.pages.updates import UpdatesPage
from store.corrections import audit, decisions, lifecycle, update_list
from store.database import lease
from store.model import CorrectionStatus as Status
from sync.settings import PushLimits
from tests.console.small_shop import (
    MINUTE,
    NOW,
    SHOWN,
    STOCK,
    Shop,
    console,
    move_cursor_to,
    newest_update,
    press,
    record,
    settle,
    style_at,
    text_of,
)
from tests.long_run import first

GOLDENS = Path(__file__).parents[2] / "goldens"
SIZES = ((160, 45), (100, 30), (80, 24), (60, 24))


@pytest.fixture
def lived(shop: Shop) -> Shop:
    """The shop after an hour: one update verified, one not applied, two wait."""
    write, at = shop.database.write, NOW - 50_000
    seen = [(number, None) for number in (2, 3)]
    write(decisions.approve, seen, who="ben", now=at, hold_ms=0, expires_ms=900_000, note="counted")
    write(lease.acquire, holder="e", token="t", now=at, span_ms=60_000)
    write(lifecycle.begin_applying, [2, 3], token="t", now=at + 10)
    write(lifecycle.mark_applied, [2, 3], now=at + 200, result="the channel accepted it")
    shop.show("market", (31, 0, 55, 180, 38), at=at + 300)
    write(lifecycle.finish, 2, Status.VERIFIED, now=at + 400, result="accepted; shows 0")
    write(lifecycle.finish, 3, Status.NOT_APPLIED, now=at + 900, result="accepted; still shows 180")
    return shop


def page_of(app: SkewApp) -> UpdatesPage:
    page = app.page
    assert isinstance(page, UpdatesPage)
    return page


def listed(app: SkewApp) -> list[int]:
    return list(page_of(app).rows.ids)


async def to_update(app: SkewApp, pilot: Any, number: int) -> None:
    """Put the cursor on an update."""
    rows = page_of(app).rows
    rows.go_to(rows.ids.index(number))
    await settle(app, pilot)


@pytest.mark.long
async def test_f_turns_from_the_open_to_the_failed_the_done_and_all(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3")
        found = [listed(app)]
        for _ in range(4):
            await press(app, pilot, "f")
            found.append(listed(app))
        text = text_of(app)

    assert [sorted(ids) for ids in found] == [[1, 4], [3], [2], [1, 2, 3, 4], [1, 4]]
    assert "Updates ▸open 2 · failed 1 · done 1 · all 4 · money at stake" in text


LISTED = {
    "status:verified,not-applied": [2, 3],
    "by:nobody": [],
    "status:not_applied": [3],
    "by:ben": [2, 3],
    "channel:outlet": [4],
    "sku:SKU-0009120": [2],
    "kettle": [2],
    "#3": [3],
    "#1 #3": [1, 3],
    "#3 sku:SKU-0009120": [],
    "#3 status:verified": [],
    "#99": [],
}
"""By what is typed into the filter, the updates that are left."""


@pytest.mark.long
@pytest.mark.parametrize("typed", first(1, LISTED))
async def test_the_filter_narrows_what_the_state_lists(lived: Shop, typed: str) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "f", "f", "f", "slash", *typed, "enter")
        assert sorted(listed(app)) == LISTED[typed]
        assert f"filter: {typed}" in text_of(app)
        assert ("No update fits the filter; esc" in text_of(app)) == (not LISTED[typed])

        await press(app, pilot, "escape")
        assert sorted(listed(app)) == [1, 2, 3, 4]


@pytest.mark.long
async def test_a_wrong_filter_says_what_would_be_right(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "slash", *"status:bad", "enter")
        assert (
            "“bad” is not a status; known: proposed, snoozed, approved" in app.session.log[0].text
        )
        assert sorted(listed(app)) == [1, 4]


@pytest.mark.long
async def test_s_sorts_by_money_age_end_and_channel(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "f", "f", "f")
        found = [listed(app)]
        for _ in range(3):
            await press(app, pilot, "s")
            found.append(listed(app))

    # What is over stands below what waits, but for who asks what ended last.
    assert found == [[4, 1, 3, 2], [4, 1, 3, 2], [3, 2, 4, 1], [1, 4, 3, 2]]


@pytest.mark.long
async def test_the_chosen_update_tells_its_every_step(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "f")
        shown = text_of(app)

    steps = ("proposed", "approved", "applying", "applied", "not applied")
    for step in steps:
        assert step in shown
    assert "180 → 200  +20" in shown
    assert "approved     ben      saw 180, target 200" in shown
    assert "counted" in shown
    assert "✖ not applied 0:49 ago: accepted; still shows 180" in shown


@pytest.mark.long
async def test_the_chosen_one_follows_the_cursor(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "f", "f", "f")
        await to_update(app, pilot, 2)
        on_kettle = text_of(app)
        await to_update(app, pilot, 3)
        on_cable = text_of(app)

    assert "#2 SKU-0009120 Kettle 1.7 l" in on_kettle
    assert "#3 SKU-0007733 Cable USB-C 2 m" in on_cable


@pytest.mark.long
async def test_t_tries_again_with_a_reason_and_the_new_update_is_proposed(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "f", "T")
        assert isinstance(app.screen, RetryDialog)
        await press(app, pilot, *"unlocked", "enter")
        text = text_of(app)

    newer = newest_update(lived, "SKU-0007733")
    last = lived.database.read(audit.rows, 3)[-1]
    assert (newer.id, newer.status) == (5, Status.PROPOSED)
    assert (last.who, last.step, last.note) == ("ana", "asked anew", "unlocked")
    assert "#3: #5 is proposed in its place" in text


@pytest.mark.long
async def test_t_tries_all_that_is_marked_and_failed(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "f", "f", "f", "asterisk", "T")
        asked = text_of(app)
        await press(app, pilot, *"mended", "enter")

    assert "Retry 1 update" in asked
    assert newest_update(lived, "SKU-0007733").status is Status.PROPOSED
    assert newest_update(lived, "SKU-0009120").status is Status.VERIFIED


@pytest.mark.long
async def test_t_says_why_there_is_nothing_to_try(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "T")
        assert "can't retry: #4 is proposed: only what ended badly" in text_of(app)
        await press(app, pilot, "f", "T", "escape")
        assert "nothing retried" in text_of(app)


@pytest.mark.long
async def test_an_ended_update_is_not_approved_and_says_so(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "f", "a")
        assert "can't approve: #3 is not applied" in text_of(app)


@pytest.mark.long
async def test_enter_opens_the_sku_of_an_update_that_is_over(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "f", "f", "enter")
        assert app.page.place is PageName.SKU
        assert "SKU-0009120" in text_of(app)
        await press(app, pilot, "escape")
        assert page_of(app).has_class("-wide")


@pytest.mark.long
async def test_marks_are_decided_in_bulk_and_what_is_over_is_left_out_by_name(
    lived: Shop,
) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "f", "f", "f", "asterisk", "A")
        shown = text_of(app)

    assert "Approve 2 updates" in shown
    assert "left out: 1 verified, 1 not applied" in shown


@pytest.mark.long
async def test_the_question_tells_each_channels_part(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "3", "asterisk", "A")
        shown = text_of(app)

    assert "market       3 updates    ▼ 16     324    ▲ 20     180  1 to zero" in shown
    assert "outlet        1 update                    ▲ 14   1,246" in shown


@pytest.mark.long
async def test_a_batch_over_a_push_limit_is_told_before_and_cannot_be_approved(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path)
    shop.settings = msgspec.structs.replace(shop.settings, push=PushLimits(max_units=10))
    shop.open()
    async with console(shop) as (app, pilot):
        await press(app, pilot, "3", "asterisk", "A")
        shown = text_of(app)
        await press(app, pilot, "y")
        still_asking = isinstance(app.screen, ApproveDialog)
        await press(app, pilot, "escape")
    statuses = {newest_update(shop, sku).status for sku in ("SKU-0004411", "SKU-0001007")}
    shop.database.close()

    assert "push limit: 50 units in a batch, at most 10 ([push])" in shown
    assert "mark fewer" in shown
    assert still_asking
    assert statuses == {Status.PROPOSED}


@pytest.mark.long
async def test_what_cannot_be_approved_at_this_moment_is_told_before(shop: Shop) -> None:
    shop.clock.at = NOW + 30 * MINUTE
    shop.show("warehouse", STOCK, at=shop.clock.at - 2_000)
    shop.show("outlet", SHOWN["outlet"], at=shop.clock.at - 1_000)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "3", "asterisk", "A")
        shown = text_of(app)

    assert "3 of 4 can't be approved now: channel stale" in shown


@pytest.mark.long
async def test_b_says_where_there_is_no_batch_and_shows_anybodys_batch(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "B")
        assert "no batch to show" in text_of(app)
        await press(app, pilot, "f", "B")
        assert isinstance(app.screen, BatchDialog)
        shown = text_of(app)

    assert "Batch of 2 updates approved by ben" in shown
    assert "1 of 2 applied and verified, 1 not applied" in shown


@pytest.mark.long
async def test_a_read_only_console_shows_it_all_and_decides_nothing(lived: Shop) -> None:
    async with console(lived, read_only=True) as (app, pilot):
        await press(app, pilot, "3", "f", "T")
        assert not app.screen.is_modal
        assert "Retry the update: this console is read-only" in text_of(app)
        await press(app, pilot, "X")
        assert "Cancel what runs: this console is read-only" in text_of(app)
        await press(app, pilot, "B")
        assert isinstance(app.screen, BatchDialog)
        await press(app, pilot, "X")
        await press(app, pilot, "escape")
        assert "this console is read-only" in text_of(app)

    assert newest_update(lived, "SKU-0007733").status is Status.NOT_APPLIED


@pytest.mark.long
async def test_states_are_told_by_word_and_glyph_and_coloured_by_their_meaning(
    lived: Shop,
) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "f", "f", "f")
        await to_update(app, pilot, 4)
        bad, good = style_at(app, "✖ not applied"), style_at(app, "● verified")
        colours = {tone: app.theme_variables[str(tone)] for tone in (Tone.BAD, Tone.OK)}

    assert bad.color.triplet.hex == colours[Tone.BAD].lower()
    assert good.color.triplet.hex == colours[Tone.OK].lower()


@pytest.mark.long
async def test_what_lies_further_back_than_is_looked_is_told(
    lived: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update_list, "LOOKED_AT_MAX", 3)
    async with console(lived) as (app, pilot):
        await press(app, pilot, "3", "f", "f", "f")
        assert sorted(listed(app)) == [2, 3, 4]
        assert "only, sku: finds older" in text_of(app)


@pytest.mark.long
async def test_hostile_text_in_an_update_is_shown_as_text(shop: Shop) -> None:
    title, words = "\x1b]0;owned\x07[bold]Lamp[/nope]\u202e", "\x1b[2J[@click=app.quit]no[/]"
    at = NOW - 30_000
    for channel, quantity in (("warehouse", 10), ("market", 30), ("market", 30)):
        at += 1_000
        others = [record(f"SKU-{n}", 1, "x", 1) for n in range(3)]
        shop.read(channel, [record("SKU-EVIL", quantity, title, 100), *others], at=at)
    number = newest_update(shop, "SKU-EVIL").id
    seen = [(number, None)]
    shop.database.write(
        decisions.approve, seen, who="ben\x1b[0m", now=NOW, hold_ms=0, expires_ms=9_000, note=words
    )
    shop.database.write(lifecycle.finish, number, Status.FAILED, now=NOW, result=words)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "3", "f")
        shown = text_of(app)
        await press(app, pilot, "B")
        dialog = text_of(app)

    for text in (shown, dialog):
        assert not [
            character for character in text if character != "\n" and not character.isprintable()
        ]
    assert "[@click=app.quit]no[/]" in shown


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, SIZES), ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("history", ("3", "f", "f", "f")),
        ("failed", ("3", "f")),
        ("batch", ("3", "f", "B")),
        ("bulk", ("3", "asterisk", "A")),
    ],
)
async def test_the_page_and_its_dialogs_look_as_they_should(
    lived: Shop, name: str, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    async with console(lived, size) as (app, pilot):
        await press(app, pilot, *keys)
        painted = text_of(app) + "\n"

    lines = painted.splitlines()
    assert len(lines) == size[1]
    assert max(map(len, lines)) <= size[0]
    golden = GOLDENS / f"{name}-{size[0]}x{size[1]}.txt"
    if not golden.exists():
        golden.write_text(painted, encoding="utf-8")
        pytest.fail(f"{golden.name} was not there: written, look at it and run again")
    assert painted == golden.read_text(encoding="utf-8")


async def test_the_dashboards_list_of_what_waits_stays_as_it_was(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        assert sorted(app.dashboard.updates.ids) == [1, 4]
