"""The incidents' page through its keys: who knows, who is told, what is left of it."""

import json

import pytest

from console.keys.action import PageName
from console.tui.views.channels import OUTCOMES
from store.channels import incidents
from store.model import IncidentKind, PollOutcome
from tests.console.golden import SIZES, hold_to_golden
from tests.console.quarantined import (
    ZEROS,
    incidents_page,
    newest_message,
    quarantine_poll,
    quarantine_records,
    quarantined_poll,
    raise_incident,
    troubled_shop,
)
from tests.console.small_shop import (
    MINUTE,
    NOW,
    STOCK,
    Shop,
    console,
    press,
    record,
    settle,
    style_at,
    text_of,
)
from tests.long_run import first

HOSTILE = "\x1b]0;owned\x07[red]zero[/red]\u202e\x9b2J"


@pytest.fixture
def troubled(shop: Shop) -> Shop:
    return troubled_shop(shop)


@pytest.mark.long
async def test_an_incident_is_acknowledged_with_a_key_and_stays_open(troubled: Shop) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "c")

        assert "seen by ana" in text_of(app)
        assert newest_message(app) == "ana acknowledged #1 market credentials"
    (first, *_) = troubled.database.read(incidents.open_incidents)
    assert (first.acknowledged_by, first.acknowledged_at) == ("ana", NOW)


@pytest.mark.long
async def test_what_another_operator_has_seen_shows_at_the_next_look(troubled: Shop) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4")
        troubled.database.write(incidents.acknowledge, 1, who="bo", now=NOW)
        await settle(app, pilot)

        assert "seen by bo" in text_of(app)


@pytest.mark.long
async def test_a_snoozed_incident_leaves_the_count_and_is_told_again_at_its_time(
    troubled: Shop,
) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4")
        assert "[4]Incidents 3" in text_of(app)

        await press(app, pilot, "z", "down", "enter")

        assert "[4]Incidents 2" in text_of(app)
        assert "snoozed until 15:02Z" in text_of(app)
        assert "Incidents 3 · open · 1 snoozed" in text_of(app)
        assert newest_message(app) == (
            "ana snoozed #1 market credentials until 15:02Z, unless it gets worse"
        )
        # It stands below the others, and the cursor has stayed on it.
        assert incidents_page(app).rows.cursor_id == 1
        assert list(incidents_page(app).rows.ids)[-1] == 1

        troubled.clock.at = NOW + 60 * MINUTE
        await settle(app, pilot)

        assert "[4]Incidents 3" in text_of(app)
        assert newest_message(app) == "market credentials: 401, MARKET_TOKEN"


@pytest.mark.long
async def test_the_same_key_ends_a_snooze(troubled: Shop) -> None:
    troubled.database.write(incidents.snooze, 1, who="bo", until=NOW + 60 * MINUTE)
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "end", "z")

        assert "[4]Incidents 3" in text_of(app)
        assert "ana ended the snooze of #1 market credentials" in [
            line.text for line in app.session.log
        ]


@pytest.mark.long
async def test_what_ends_while_its_dialog_is_open_is_told(troubled: Shop) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "z")
        troubled.database.write(incidents.resolve, "market", IncidentKind.CREDENTIALS, now=NOW)
        await press(app, pilot, "down", "enter")

        lines = [line.text for line in app.session.log]
        assert "nothing was decided: incident 1 is closed" in lines


@pytest.mark.long
async def test_what_is_over_can_be_neither_acknowledged_nor_snoozed(troubled: Shop) -> None:
    troubled.database.write(incidents.resolve, "market", IncidentKind.CREDENTIALS, now=NOW)
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "f", "f", "c")
        assert newest_message(app) == "can't acknowledge #1 market credentials: it is closed"
        await press(app, pilot, "z")
        assert newest_message(app) == "can't snooze #1 market credentials: it is closed"


@pytest.mark.long
async def test_enter_opens_the_disagreements_that_the_trouble_is_about(troubled: Shop) -> None:
    raise_incident(
        troubled, "shop", IncidentKind.SECOND_WRITER, "SKU SKU-0004411: set back",
        key="SKU-0004411", at=NOW,
    )  # fmt: skip
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "enter")
        assert app.page.place is PageName.DISAGREEMENTS
        assert app.dashboard.filter_text == "channel:market"

        await press(app, pilot, "4", "down", "down", "enter")
        assert app.dashboard.filter_text == "channel:shop sku:SKU-0004411"

        await press(app, pilot, "escape", "escape")
        assert "SKU SKU-0004411: set back" in text_of(app)


@pytest.mark.long
async def test_the_filter_narrows_by_words_channel_kind_severity_and_state(
    troubled: Shop,
) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "slash", *"severity:severe 401", "enter")
        assert list(incidents_page(app).rows.ids) == [1]
        assert "filter: severity:severe 401  (esc clears)" in text_of(app)

        await press(app, pilot, "slash", "end", *([*["backspace"] * 30]), *"kind:stael", "enter")
        assert newest_message(app).startswith(
            "“stael” is not a kind; known: stale, quarantined, credentials"
        )
        assert [notification.message for notification in app._notifications][-1] == newest_message(
            app
        )

        await press(app, pilot, *["backspace"] * 10, *"state:closed", "enter")
        assert "No incident fits the filter" in text_of(app)

        await press(app, pilot, "escape")
        assert len(incidents_page(app).rows.ids) == 3


@pytest.mark.long
async def test_a_read_only_console_shows_all_of_it_and_hides_the_acts(troubled: Shop) -> None:
    async with console(troubled, read_only=True) as (app, pilot):
        await press(app, pilot, "4", "down")
        text = text_of(app)
        assert "What accepting it would change" in text
        for word in ("Acknowledge", "Accept", "Discard", "Snooze"):
            assert word not in text.splitlines()[-1]

        await press(app, pilot, "c", "b", "d", "z")
        assert newest_message(app).endswith("this console is read-only")
    assert quarantined_poll(troubled, "warehouse") is not None
    assert all(
        incident.acknowledged_by is None
        for incident in troubled.database.read(incidents.open_incidents)
    )


@pytest.mark.long
async def test_hostile_words_of_a_channel_are_shown_as_text(shop: Shop) -> None:
    raise_incident(shop, "market", IncidentKind.CONTRACT, HOSTILE)
    quarantine_records(shop, "shop", [record(HOSTILE, 3, HOSTILE, 100)], HOSTILE, NOW)
    async with console(shop) as (app, pilot):
        for keys in (("4",), ("down",), ("b",)):
            await press(app, pilot, *keys)
            text = text_of(app)
            assert "␛]0;owned␇[red]zero[/red]" in text
            assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in text.replace("\n", ""))
            assert "\u202e" not in text


async def test_how_bad_it_is_shows_by_glyph_word_and_colour(troubled: Shop) -> None:
    troubled.database.write(incidents.snooze, 2, who="bo", until=NOW + 60 * MINUTE)
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4")
        theme = app.theme_variables
        severe, minor = style_at(app, "✖ severe"), style_at(app, "○ minor")

    assert severe.color.name == theme["ink-bad"].lower()
    assert minor.color.name == theme["ink-dim"].lower()


@pytest.mark.long
async def test_a_narrow_terminal_keeps_how_bad_where_what_and_who_knows(troubled: Shop) -> None:
    troubled.database.write(incidents.acknowledge, 1, who="ana", now=NOW)
    async with console(troubled, (60, 24)) as (app, pilot):
        await press(app, pilot, "4")
        lines = text_of(app).splitlines()

    assert max(map(len, lines)) <= 60
    assert "✖ severe  market     credentials     41:00  seen ana" in "\n".join(lines)


SCREENS = {
    "incidents-quarantined": ("4", "down"),
    "incidents-accept": ("4", "down", "b"),
    "incidents-closed": ("4", "f", "f"),
}


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, SIZES), ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_the_page_looks_as_it_should(
    troubled: Shop, name: str, size: tuple[int, int]
) -> None:
    raise_incident(troubled, "shop", IncidentKind.STALE, "no good poll for longer than 600 s: 503")
    by = ("bo", "accepted")
    troubled.database.write(incidents.resolve, "shop", IncidentKind.STALE, now=NOW, by=by)
    troubled.database.write(incidents.acknowledge, 1, who="bo", now=NOW - MINUTE)
    async with console(troubled, size) as (app, pilot):
        await press(app, pilot, *SCREENS[name])
        painted = text_of(app)

    hold_to_golden(name, size, painted)


@pytest.mark.long
async def test_good_readings_that_come_while_a_poll_waits_end_its_incident(shop: Shop) -> None:
    quarantine_poll(shop, "warehouse", (0, 0, 0, 0, 0), at=NOW)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "4")
        shop.show("warehouse", STOCK, at=NOW)
        await settle(app, pilot)

        assert newest_message(app) == "warehouse quarantined: over"
        assert "● No incident is open" in text_of(app)


@pytest.mark.long
async def test_an_incident_is_copied_and_the_list_exported_as_filtered(
    troubled: Shop,
) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "slash", *"channel:market", "enter")

        view = incidents_page(app).view()
        (row,) = await view.read(0, 10)
        document, cells = json.loads(view.text(row)), view.cells(row)
        copies = list(incidents_page(app).copies())

    assert document["message"] == "401, MARKET_TOKEN"
    assert document["state"] == "new"
    assert copies[0].text == "401, MARKET_TOKEN"
    assert len(cells) == len(view.columns)


def test_every_outcome_of_a_poll_has_its_word() -> None:
    assert set(OUTCOMES) == set(PollOutcome)


async def test_the_dashboard_says_why_a_poll_waits_also_where_later_ones_fail(shop: Shop) -> None:
    quarantine_poll(shop, "shop", (0, 0, 0, 0, 0), at=NOW)
    raise_incident(shop, "shop", IncidentKind.QUARANTINED, ZEROS)
    shop.database.write(
        lambda connection: connection.execute("UPDATE channels SET last_error = 'busy, 503'")
    )
    async with console(shop) as (app, _):
        text = text_of(app)
    assert "5 of 5 listings newly at zero" in text
    assert "press 4, then b accepts, d discards" in text
