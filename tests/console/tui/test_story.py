"""The demo's story and its tour, through keys: its real shop, over HTTP, on a clock of our own."""

import pytest

from console.tui.session.story import READ_MS, Story
from console.tui.story_app import StoryApp
from console.tui.widgets.table import VirtualTable
from store.model import CorrectionStatus, Freshness
from store.polling import quarantine
from store.queries import views
from sync.simulation.play import ToldLine
from sync.simulation.script import day
from tests.console.demo_by_hand import Watcher, by_hand, demo_console
from tests.console.small_shop import Shop, console, move_cursor_to, press, settle, text_of

OUTLET = "outlet"
"""It is silent in these seconds: each poll of it would really wait for its timeout."""

ASTRAY = "warehouse LMP-ARC-BLK: A hotel buys lamps; the message to the shop goes astray"
SILENT_LINE = "outlet: The line to the outlet drops"


async def test_without_a_demo_its_keys_are_refused_and_stand_in_no_legend(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        assert ". Story" not in text_of(app)
        await press(app, pilot, ">")
        assert "The story's next line: only the demo has a story" in text_of(app)


async def test_the_story_is_told_a_line_at_a_time_what_happens_now_before_what_was() -> None:
    async with by_hand() as shown, demo_console(shown) as (app, _):
        await shown.until(0)
        app._tick()
        assert "market LMP-DOM-WHT: Sold out since Friday" in text_of(app)
        await shown.until(4, without=OUTLET)
        found = [line_of(app, shown) for _ in range(4)]
    assert [line.split(":")[0] for line in found] == [
        "outlet",
        "shop THR-TAR-RED",
        "warehouse LMP-ARC-BLK",
        "shop THR-HER-CRM",
    ]
    assert found[0] == SILENT_LINE


def test_each_line_of_the_day_is_whole_on_eighty_columns() -> None:
    for step in day():
        about = f"{step.channel} {step.sku}".strip()
        assert not step.story or len(f" {about}: {step.story}") < 80, step.story


async def test_what_waits_to_be_judged_is_told_by_turns_with_what_was_wrong_before() -> None:
    story = Story(OldNews())
    story.waits_for_judgement = "market"
    told = []
    for turn in range(4):
        story.tick((turn + 1) * READ_MS)
        told.append("asks" if story.asks else story.line and story.line.text)
    assert told == ["asks", "one", "asks", "two"]


class OldNews:
    """A stage on which all happened before it opened."""

    def __init__(self) -> None:
        self._told = [ToldLine(0, "shop", "", "one"), ToldLine(0, "shop", "", "two")]

    def told(self) -> list[ToldLine]:
        told, self._told = self._told, []
        return told

    def step(self) -> None: ...
    def resume(self) -> None: ...
    def begin_again(self) -> None: ...
    def shut(self, channel: str) -> None: ...
    def open(self, channel: str) -> None: ...


def line_of(app: StoryApp, shown: Watcher) -> str:
    """The story's line, once the one before has had its time."""
    shown.clock.at += READ_MS
    app._tick()
    (line,) = [line for line in text_of(app).splitlines() if "> next" in line]
    return line.split("  ")[0].strip()


@pytest.mark.long
async def test_the_story_is_stepped_silenced_and_begun_again_by_keys() -> None:
    async with by_hand() as shown, demo_console(shown) as (app, pilot):
        await shown.until(0)
        await press(app, pilot, ">")
        assert SILENT_LINE in text_of(app)
        await press(app, pilot, ">", ">")
        assert ASTRAY in text_of(app)
        assert ". goes on" in text_of(app)
        await shown.until(12, without=OUTLET)
        app._tick()
        assert ASTRAY in text_of(app), "it waits for its key"
        await press(app, pilot, ".")
        assert line_of(app, shown) != ASTRAY
        await press(app, pilot, ".")
        assert "> next" not in text_of(app)
        assert "the story is silent; . has it go on" in text_of(app)
        await press(app, pilot, "<")
        await shown.until(24, without=OUTLET)
        told = [line_of(app, shown) for _ in range(16)]
    assert any(line.startswith("market DUV-240-CHA: The marketplace offers") for line in told)


@pytest.mark.long
@pytest.mark.parametrize("size", [(160, 45), (100, 30), (80, 24)])
async def test_the_first_quarantine_lasts_until_somebody_has_judged_it(
    size: tuple[int, int],
) -> None:
    async with by_hand() as shown, demo_console(shown, size) as (app, pilot):
        await shown.until(8, without=OUTLET)
        await settle(app, pilot)
        before = shown.context.database.read(quarantine.waiting, "market")
        await shown.until(20, without=OUTLET)
        assert shown.context.database.read(quarantine.waiting, "market") == before
        assert before is not None
        await settle(app, pilot)
        for _ in range(9):
            app._tick()
            shown.clock.at += READ_MS
            if "market: its last poll waits" in text_of(app):
                break
        assert "market: its last poll waits for you: 4, then d discards it" in text_of(app)

        await press(app, pilot, "4", "d", "down", "enter")
        await settle(app, pilot)
        await shown.until(70, without=OUTLET)
        assert shown.health()["market"] is Freshness.FRESH


@pytest.mark.long
@pytest.mark.parametrize("size", [(100, 30), (80, 24)])
async def test_the_tour_ends_with_an_approved_and_verified_correction(
    size: tuple[int, int],
) -> None:
    async with (
        by_hand(holds_at=8_000) as shown,
        demo_console(shown, size, tour=True) as (app, pilot),
    ):
        await shown.until(8, without=OUTLET)
        await settle(app, pilot)
        for number, keys in enumerate(("n", "enter", "4"), 1):
            assert f"Tour {number}/8" in text_of(app)
            await press(app, pilot, keys)
        assert "Tour 4/8" in text_of(app)
        await press(app, pilot, "1")
        assert "4 turns to the incidents, where the tour goes on" in text_of(app)
        await press(app, pilot, "4")
        assert "d discards it: ↓ and enter choose why" in text_of(app)
        assert app._story.waits_for_judgement == "market"
        await press(app, pilot, "d", "down", "enter")
        await settle(app, pilot)
        assert "Tour 5/8" in text_of(app)
        await shown.until(18, without=OUTLET)
        await press(app, pilot, "1")
        await move_cursor_to(app, pilot, "THR-HER-CRM")
        assert "Tour 6/8" in text_of(app)
        await press(app, pilot, "a")
        assert "Tour 7/8" in text_of(app)
        await press(app, pilot, "3")
        assert "waits for its hold to pass" in text_of(app)
        shown.clock.at += 3_000
        await shown.apply()
        await settle(app, pilot)
        text = " ".join(text_of(app).split())
        assert "THR-HER-CRM on shop, is verified: shop was read again and shows 14" in text

        await press(app, pilot, "escape")
        assert "Tour" not in text_of(app)
        assert "> next" in text_of(app)
        ended = shown.context.database.read(views.updates, statuses=(CorrectionStatus.VERIFIED,))
    assert [update.sku for update in ended] == ["THR-HER-CRM"]


async def test_who_is_quicker_than_the_shop_is_told_what_is_to_come_and_led_to_it() -> None:
    async with (
        by_hand(holds_at=8_000) as shown,
        demo_console(shown, tour=True) as (app, pilot),
    ):
        await shown.until(0)
        await settle(app, pilot)
        await press(app, pilot, "n", "enter", "4")
        assert "In a few seconds the market's export loses its stock column" in text_of(app)
        await shown.until(10, without=OUTLET)
        await settle(app, pilot)
        assert "That poll was quarantined (■)" in text_of(app)
        incident = next(iter(app.page.query("#incident-rows").results(VirtualTable))).current
    assert incident is not None
    assert (incident.channel, incident.kind) == ("market", "quarantined")


async def test_a_key_of_the_tour_that_comes_to_nothing_leads_nowhere() -> None:
    async with by_hand(holds_at=8_000) as shown, demo_console(shown, tour=True) as (app, pilot):
        await press(app, pilot, "n", "enter")
        assert "Tour 1/8" in text_of(app), "there is no row yet"
        await shown.until(0)
        await settle(app, pilot)
        await press(app, pilot, "n", "enter")
        assert "Tour 3/8" in text_of(app)
        assert "The SKU on every channel" in text_of(app)


@pytest.mark.long
async def test_escape_leaves_the_tour_wherever_it_stands_and_the_day_goes_on() -> None:
    async with (
        by_hand(holds_at=8_000) as shown,
        demo_console(shown, tour=True) as (app, pilot),
    ):
        await shown.until(14, without=OUTLET)
        await press(app, pilot, "n", "escape")
        assert "Tour" not in text_of(app)
        assert "the tour was left" in text_of(app)
        await shown.until(18, without=OUTLET)
        app._story._hear()
        assert [line for line in app._story._new if line.at > 8_000]


@pytest.mark.long
async def test_an_approval_that_comes_to_nothing_leads_the_tour_back() -> None:
    async with (
        by_hand(holds_at=8_000) as shown,
        demo_console(shown, tour=True) as (app, pilot),
    ):
        await shown.until(14, without=OUTLET)
        assert app._tour is not None
        app._tour.number = 5
        await press(app, pilot, "1")
        await move_cursor_to(app, pilot, "THR-HER-CRM")
        await press(app, pilot, "a")
        assert "Tour 7/8" in text_of(app)
        await press(app, pilot, "u")
        assert "Tour 6/8" in text_of(app)
        assert "is proposed now and will not be written" in text_of(app)
        await press(app, pilot, "a", "3")
        assert "Tour 8/8" in text_of(app)
