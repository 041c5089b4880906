"""`skew watch --at`: the screen as it was, stepped through by keys, and nothing to be changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from console.keys.action import PageName
from console.tui.app import SkewApp
from console.tui.data.replay import Replay
from console.tui.session.state import ConsoleState
from store.channels import incidents
from store.corrections import decisions
from store.errors import NoSuchThing
from store.history.rewind import open_at
from store.model import IncidentKind, Millis
from store.polling import quarantine, staging
from sync.clock import rfc3339
from tests.console.golden import SIZES, hold_to_golden
from tests.console.small_shop import (
    MINUTE,
    NOW,
    SHOWN,
    STOCK,
    Shop,
    StillClock,
    move_cursor_to,
    newest_update,
    press,
    settle,
    strips_of,
    text_of,
)
from tests.long_run import first

LATER = NOW + 40 * MINUTE
"""When somebody looks back."""

SOLD = NOW + 2 * MINUTE
"""When the market has put SKU-0004411 right by itself."""


@pytest.fixture
def lived(shop: Shop) -> Shop:
    """A shop that went on after NOW: a decision, a correction by itself, an incident."""
    first = newest_update(shop, "SKU-0004411")
    shop.database.write(
        decisions.reject, [(first.id, None)], who="ben", now=NOW + MINUTE, reason="counted wrong"
    )
    shop.show("market", (17, *SHOWN["market"][1:]), at=SOLD)
    shop.database.write(
        incidents.raise_incident, "shop", IncidentKind.CREDENTIALS, "401, SHOP_TOKEN",
        now=NOW + 20 * MINUTE,
    )  # fmt: skip
    return shop


@asynccontextmanager
async def replayed(
    shop: Shop, at: Millis = NOW, size: tuple[int, int] = (160, 45)
) -> AsyncIterator[tuple[SkewApp, Pilot[int]]]:
    """The console on the past of a shop."""
    with open_at(shop.settings.database, at) as database:
        replay = Replay.begin(database, StillClock(LATER))
        session = ConsoleState(
            name="acme-eu",
            clock=replay,
            operator="ana",
            read_only=True,
            engine=None,
            request_refresh=lambda: None,
            replay=replay,
        )
        app = SkewApp(database, shop.settings, session, watch=False)
        async with app.run_test(size=size) as pilot:
            await settle(app, pilot)
            yield app, pilot


def shown_at(app: SkewApp) -> Millis:
    assert app.session.replay is not None
    return app.session.replay.at


@pytest.mark.parametrize("size", first(1, SIZES), ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_past_looks_as_it_was_and_says_that_it_is_not_live(
    lived: Shop, size: tuple[int, int]
) -> None:
    async with replayed(lived, NOW, size) as (app, _):
        painted = text_of(app)

    top = painted.splitlines()[0]
    assert top.startswith(" NOT LIVE ")
    assert top.rstrip().endswith("NOT LIVE")
    assert "REPLAY 2026-11-26 14:02:11Z" in top
    assert "LIVE  " not in top.replace("NOT LIVE", "")
    hold_to_golden("replay", size, painted)


@pytest.mark.long
async def test_the_line_of_the_past_is_reversed_from_edge_to_edge(lived: Shop) -> None:
    async with replayed(lived) as (app, _):
        top = strips_of(app)[0]
        tabs = strips_of(app)[1]

    grounds = {segment.style.bgcolor for segment in top if segment.style is not None}
    assert len(grounds) == 1
    assert not grounds & {segment.style.bgcolor for segment in tabs if segment.style is not None}


@pytest.mark.long
async def test_brackets_step_to_the_next_change_and_back(lived: Shop) -> None:
    async with replayed(lived) as (app, pilot):
        assert "31*" in text_of(app)
        await press(app, pilot, "]")
        assert shown_at(app) == NOW + MINUTE
        await press(app, pilot, "]")
        assert shown_at(app) == SOLD + 400
        assert "31*" not in text_of(app)
        await press(app, pilot, "]")
        assert shown_at(app) == NOW + 20 * MINUTE
        assert app.session.snapshot is not None
        assert [incident.kind for incident in app.session.snapshot.status.incidents] == [
            "credentials"
        ]

        await press(app, pilot, "[", "[")
        assert shown_at(app) == NOW + MINUTE
        assert app.session.snapshot.status.incidents == ()


@pytest.mark.long
async def test_past_the_last_change_nothing_moves_and_it_says_so(lived: Shop) -> None:
    async with replayed(lived, NOW + 20 * MINUTE) as (app, pilot):
        await press(app, pilot, "]")

        assert shown_at(app) == NOW + 20 * MINUTE
        assert "nothing has changed since" in text_of(app)


@pytest.mark.long
async def test_before_the_first_poll_there_is_nothing(lived: Shop) -> None:
    async with replayed(lived) as (app, pilot):
        for _ in range(30):
            await press(app, pilot, "[")
        assert "nothing on record changed before that" in text_of(app)
        first = shown_at(app)
        await press(app, pilot, "{")
        assert shown_at(app) <= first


@pytest.mark.long
async def test_braces_leap_an_hour_and_no_further_than_there_is_anything(lived: Shop) -> None:
    async with replayed(lived) as (app, pilot):
        await press(app, pilot, "}")
        assert shown_at(app) == LATER
        await press(app, pilot, "{")
        assert shown_at(app) == NOW - 3 * MINUTE


@pytest.mark.long
async def test_on_a_skus_page_only_its_own_changes_count(lived: Shop) -> None:
    async with replayed(lived) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "enter")
        assert app.page.place is PageName.SKU
        sku = app.page.sku_shown
        await press(app, pilot, "]")
        await press(app, pilot, "]")
        await press(app, pilot, "]")

        assert sku == "SKU-0004411"
        assert shown_at(app) == SOLD + 400
        assert f"nothing of {sku} has changed since" in text_of(app)


@pytest.mark.long
async def test_a_time_is_gone_to_by_name_from_the_palettes_action(lived: Shop) -> None:
    async with replayed(lived) as (app, pilot):
        await press(app, pilot, "@", *"20m ago", "enter")
        assert shown_at(app) == LATER - 20 * MINUTE
        await press(app, pilot, "@", *str(rfc3339(NOW)), "enter")
        assert shown_at(app) == NOW
        await press(app, pilot, "@", *"2026-12-24", "enter")
        assert shown_at(app) == NOW
        assert "in the future" in text_of(app)


@pytest.mark.parametrize("key", first(1, ["a", "A", "r", "z", "u", "R"]))
async def test_no_act_changes_the_past(lived: Shop, key: str) -> None:
    async with replayed(lived) as (app, pilot):
        before = lived.database.read(_everything)
        await press(app, pilot, key)

        assert not app.screen.is_modal
        assert "the past can't be changed" in text_of(app)
        assert lived.database.read(_everything) == before


def _everything(connection: Any) -> list[Any]:
    return [
        connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
        for table in ("corrections", "audit", "incidents", "disagreements", "polls")
    ]


@pytest.mark.long
async def test_the_legend_offers_the_way_through_the_past_and_no_act(lived: Shop) -> None:
    async with replayed(lived, NOW, (80, 24)) as (app, _):
        legend = text_of(app).splitlines()[-1]

    assert "[ " in legend
    assert "] " in legend
    assert "Appr" not in legend
    assert "Pause" not in legend


@pytest.mark.long
async def test_time_does_not_pass_in_the_past_and_nothing_is_toasted(lived: Shop) -> None:
    async with replayed(lived, NOW + 20 * MINUTE) as (app, pilot):
        before = text_of(app)
        app._tick()
        await settle(app, pilot)

        assert text_of(app) == before
        assert not app._notifications


@pytest.mark.long
async def test_the_cache_goes_on_beside_it(lived: Shop) -> None:
    """A daemon writes while somebody looks back: what was stays, and what comes can be reached."""
    async with replayed(lived, NOW + 20 * MINUTE) as (app, pilot):
        before = text_of(app)
        lived.show("warehouse", (1, *STOCK[1:]), at=LATER - MINUTE)
        await settle(app, pilot)
        assert text_of(app) == before

        await press(app, pilot, "]")
        assert shown_at(app) == LATER - MINUTE + 400


def test_what_is_still_to_come_or_before_the_first_poll_is_no_past(lived: Shop) -> None:
    with (
        open_at(lived.settings.database, LATER + 1) as database,
        pytest.raises(NoSuchThing, match="in the future"),
    ):
        Replay.begin(database, StillClock(LATER))
    with (
        open_at(lived.settings.database, 1) as database,
        pytest.raises(NoSuchThing, match="the first poll on record began 2026-11-26 13:59"),
    ):
        Replay.begin(database, StillClock(LATER))


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("2999-01-01", "is in the future"),
        ("2001-01-01", "no data of 2001-01-01"),
        ("soon", "is not a time"),
    ],
)
def test_a_time_without_a_past_is_a_usage_error(
    skew: Any, seeded: Path, at: str, text: str
) -> None:
    ran = skew("watch", "--at", at, "--config", str(seeded))

    assert ran.code == 2
    assert text in ran.err


def test_without_a_cache_there_is_no_past(skew: Any, seeded: Path) -> None:
    for left in seeded.parent.glob("*.db*"):
        left.unlink()

    ran = skew("watch", "--at", "1m", "--config", str(seeded))

    assert ran.code == 2
    assert "there is no cache yet" in ran.err


@pytest.mark.long
async def test_a_poll_that_was_set_aside_then_is_told_of_on_every_page(lived: Shop) -> None:
    at = LATER - 10 * MINUTE
    _set_aside(lived, "outlet", at=at)
    lived.show("outlet", SHOWN["outlet"], at=at + MINUTE)

    async with replayed(lived, at + 400) as (app, pilot):
        for page in "123456":
            await press(app, pilot, page)
        await press(app, pilot, "4")
        text = text_of(app)
        await press(app, pilot, "2")

        assert "quarantined" in text
        assert "QUARANT" in text_of(app).upper()
        await press(app, pilot, "]")
        assert app.session.snapshot is not None
        kinds = [incident.kind for incident in app.session.snapshot.status.incidents]
        assert "quarantined" not in kinds


def _set_aside(shop: Shop, channel: str, *, at: Millis) -> None:
    def poll(connection: Any) -> None:
        sweep = staging.begin(connection, channel, None, now=at)
        quarantine.quarantine_poll(connection, sweep, "all 5 are gone", now=at + 400, as_of=None)

    shop.database.write(poll)
