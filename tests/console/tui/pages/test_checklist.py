"""The checklist's page: the six answers, how old they are, and the way to a channel."""

from pathlib import Path

import pytest

from console.keys.action import PageName
from console.tui.data.checklist import EVERY_MS, ChecklistData
from console.tui.data.source import DataSource
from console.tui.pages.channels import ChannelsPage
from console.tui.pages.checklist import ChecklistPage, channels_in
from console.tui.views.checklist import answers
from store.model import Record
from store.polling import quarantine, staging
from sync.checklist.case import Answer
from tests.console.small_shop import MINUTE, NOW, Shop, console, press, settle, style_at, text_of
from tests.long_run import first

HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]x[/red] \u202egnp.\u2066"

QUESTIONS = (
    "Which system is the source of truth?",
    "Which events change stock or availability?",
    "Is one-way safer than two-way here?",
    "What happens to updates that arrive late, twice or out of order?",
    "How are mismatches found and resolved?",
    "Are real availability states modelled",
)


async def test_all_six_questions_are_answered_with_a_sign_and_a_word(shop: Shop) -> None:
    async with console(shop, (200, 60)) as (app, pilot):
        await press(app, pilot, "6")
        painted = text_of(app)

    for question in QUESTIONS:
        assert question in painted
    assert painted.count("● ok") == 6
    assert "● settings and behaviour agree · measured 0:00 ago" in painted


@pytest.mark.long
async def test_a_red_answer_says_so_in_a_sign_a_word_and_a_tone(shop: Shop) -> None:
    shop.clock.at += 20 * MINUTE
    async with console(shop) as (app, pilot):
        await press(app, pilot, "6")

        assert "✖ settings and behaviour disagree" in text_of(app)
        assert "✖ warehouse is stale" in text_of(app)
        assert "of 6 answers red" in text_of(app)
        bad = app.theme_variables["ink-bad"].lower()
        assert style_at(app, "✖ settings").color.triplet.hex == bad
        assert style_at(app, "✖ warehouse").color.triplet.hex == bad


@pytest.mark.long
async def test_it_is_measured_anew_only_after_a_while_and_tells_its_age(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "6")
        page = app.page
        assert isinstance(page, ChecklistPage)
        first = page.checked
        assert first is not None
        shop.clock.at += EVERY_MS - 1_000
        await settle(app, pilot)
        assert page.checked is first
        assert "measured 0:29 ago" in text_of(app)
        shop.clock.at = max(first.again_at, NOW + EVERY_MS)
        await settle(app, pilot)
        assert page.checked is not first
        assert "measured 0:00 ago" in text_of(app)


async def test_a_clock_that_is_set_back_does_not_keep_old_answers(shop: Shop) -> None:
    checklist: ChecklistData = DataSource(shop.database, shop.settings, shop.clock).checklist
    first = await checklist.look()
    shop.clock.at -= 60 * MINUTE
    assert (await checklist.look()).at < first.at


@pytest.mark.long
async def test_the_cursor_goes_by_questions_and_enter_leads_to_the_channel_named(
    shop: Shop,
) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "6", "down", "down")
        page = app.page
        assert isinstance(page, ChecklistPage)
        assert page.chosen == 2
        marked = [line for line in text_of(app).splitlines() if "▌ 3 Is one-way" in line]
        assert marked
        await press(app, pilot, "enter")
        assert app.page.place is PageName.CHANNELS
        assert "opened shop (1 of 4 named)" in text_of(app)
        page_of_channels = app.page
        assert isinstance(page_of_channels, ChannelsPage)
        under = page_of_channels.rows.current
        assert under is not None
        assert under.name == "shop"
        await press(app, pilot, "escape")
        assert app.page is page


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, [(160, 45), (100, 30), (80, 24), (60, 15), (220, 50)]))
async def test_every_question_can_be_reached_at_any_size(shop: Shop, size: tuple[int, int]) -> None:
    async with console(shop, size) as (app, pilot):
        await press(app, pilot, "6")
        page = app.page
        assert isinstance(page, ChecklistPage)
        seen = text_of(app)
        for _ in range(90):
            if page.chosen == 5:
                break
            await press(app, pilot, "down")
            seen += text_of(app)
        lines = text_of(app).splitlines()

    assert page.chosen == 5
    assert len(lines) == size[1]
    assert max(map(len, lines)) <= size[0]
    assert any("▌ 6 " in line for line in lines)
    for number, question in enumerate(QUESTIONS, 1):
        assert f"{number} {question[:30]}" in seen


@pytest.mark.long
async def test_nothing_that_a_channel_said_reaches_the_terminal_as_it_was(shop: Shop) -> None:
    def aside(connection: object) -> None:
        sweep = staging.begin(connection, "market", None, now=NOW)  # type: ignore[arg-type]
        staging.stage(connection, sweep, [Record(HOSTILE, 0)])  # type: ignore[arg-type]
        quarantine.quarantine_poll(connection, sweep, HOSTILE, now=NOW, as_of=None)  # type: ignore[arg-type]

    shop.database.write(aside)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "6", "end")
        painted = text_of(app)
    assert not any(chr(code) in painted for code in (0x1B, 0x07, 0x9B, 0x202E, 0x2066))
    content, _ = answers([Answer(HOSTILE, HOSTILE, (HOSTILE,), (HOSTILE,))], chosen=0, width=40)
    assert not any(chr(code) in content.plain for code in (0x1B, 0x07, 0x9B, 0x202E, 0x2066))


def test_channels_are_found_as_whole_words_and_the_longer_name_first() -> None:
    known = ("shop", "shop-2", "market")

    assert channels_in(["channels.shop-2.lag: market"], known) == ["shop-2", "market"]
    assert channels_in(["workshop, shopping"], known) == []
    assert channels_in(["shop"], ()) == []


async def test_a_cache_that_nothing_was_read_into_is_judged_by_its_settings(
    tmp_path: Path,
) -> None:
    empty = Shop(tmp_path)
    async with console(empty) as (app, pilot):
        await press(app, pilot, "6")
        assert "nothing measured yet" in text_of(app)
    empty.database.close()
