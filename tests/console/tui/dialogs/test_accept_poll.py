"""What becomes of a quarantined poll, through the keys: it is seen, accepted or discarded."""

import pytest

from tests.console.quarantined import (
    newest_message,
    quarantine_poll,
    quarantined_poll,
    troubled_shop,
)
from tests.console.small_shop import NOW, SHOWN, Shop, console, press, settle, text_of


@pytest.fixture
def troubled(shop: Shop) -> Shop:
    return troubled_shop(shop)


@pytest.mark.long
async def test_a_quarantined_poll_tells_beside_its_incident_what_it_would_change(
    troubled: Shop,
) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "down")
        text = text_of(app)

    assert "What accepting it would change" in text
    assert "5 of 5 known listings seen, 5 changed, 5 newly at zero" in text
    assert "▼ 320 down, 5 SKUs to zero; worth ▲ 0.00 ▼ 7,590" in text
    assert "shop: 4 disagreements would open, 4 targets would drop to zero" in text
    assert "SKU-0007733                    202 → 0    −202" in text
    assert "■ quarantined" in text


@pytest.mark.long
async def test_a_poll_that_takes_many_to_zero_is_accepted_by_its_count_only(
    troubled: Shop,
) -> None:
    poll_id = quarantined_poll(troubled, "warehouse")
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "down", "b")
        assert f"Accept poll {poll_id} of warehouse" in text_of(app)
        assert "type how many listings would change, 5, and enter" in text_of(app)

        await press(app, pilot, "y", "4", "enter")
        assert "✖ wrong: type" in text_of(app)
        assert quarantined_poll(troubled, "warehouse") == poll_id

        await press(app, pilot, "backspace", "5", "enter")

        lines = [line.text for line in app.session.log]
        assert lines[0] == "warehouse quarantined: over"
        assert lines[1].startswith(f"ana accepted poll {poll_id} of warehouse: 9 disagreements")
        assert "[4]Incidents 2" in text_of(app)
    assert quarantined_poll(troubled, "warehouse") is None


@pytest.mark.long
async def test_a_poll_that_takes_its_place_is_what_the_dialog_asks_about(troubled: Shop) -> None:
    seen = quarantined_poll(troubled, "warehouse")
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "down", "b", "5")
        quarantine_poll(troubled, "warehouse", (19, 0, 0, 0, 0), "4 newly at zero", at=NOW)
        now = quarantined_poll(troubled, "warehouse")
        await settle(app, pilot)
        text = text_of(app)
        await press(app, pilot, "enter")

        assert f"Accept poll {now} of warehouse" in text
        assert f"It took the place of poll {seen} while you looked." in text
        assert "type how many listings would change, 4, and enter" in text
        assert quarantined_poll(troubled, "warehouse") == now
        await press(app, pilot, "4", "enter")
        assert f"ana accepted poll {now} of warehouse" in "".join(x.text for x in app.session.log)


@pytest.mark.long
async def test_a_small_poll_is_accepted_with_a_y_and_left_with_an_n(shop: Shop) -> None:
    shown = SHOWN["shop"]
    quarantine_poll(shop, "shop", (shown[0] - 1, *shown[1:]), "40 % changed", at=NOW)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "4", "b")
        assert "y accept   n back" in text_of(app)
        await press(app, pilot, "n")
        assert newest_message(app) == "nothing accepted"
        assert quarantined_poll(shop, "shop") is not None

        await press(app, pilot, "b", "y")

        assert quarantined_poll(shop, "shop") is None
        lines = [line.text for line in app.session.log]
        assert any("ana accepted poll" in line for line in lines)
        assert "● No incident is open." in text_of(app)


@pytest.mark.long
async def test_a_poll_that_was_replaced_while_its_dialog_was_open_is_not_accepted(
    shop: Shop,
) -> None:
    shown = SHOWN["shop"]
    seen = quarantine_poll(shop, "shop", (shown[0] - 1, *shown[1:]), "40 % changed", at=NOW)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "4", "b")
        newer = quarantine_poll(shop, "shop", (0, 0, 0, 0, 0), at=NOW)
        await press(app, pilot, "y")

        lines = [line.text for line in app.session.log]
        why = f"channel shop's quarantined poll is now {newer}, not {seen}: look again"
        assert f"nothing was decided: {why}" in lines
        await settle(app, pilot)
        # What is shown now is what the newer one would change.
        assert f"poll {newer}, nothing is changed yet" in text_of(app)
        assert "4 SKUs to zero" in text_of(app)
    assert quarantined_poll(shop, "shop") == newer


@pytest.mark.long
async def test_a_poll_is_discarded_with_a_reason_and_is_history(troubled: Shop) -> None:
    poll_id = quarantined_poll(troubled, "warehouse")
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "down", "d")
        assert f"Discard poll {poll_id} of warehouse" in text_of(app)
        await press(app, pilot, *"a test", "enter")

        lines = [line.text for line in app.session.log]
        assert f"ana discarded poll {poll_id} of warehouse: its last good readings count" in lines
        assert quarantined_poll(troubled, "warehouse") is None
        assert "[4]Incidents 2" in text_of(app)

        await press(app, pilot, "f", "f")
        assert "Incidents 1 · closed" in text_of(app)
        assert "closed by ana" in text_of(app)
        assert "ended at 14:02Z by ana: discarded: a test" in text_of(app)
        assert "□ discarded" in text_of(app)

        # The last reason is offered first.
        quarantine_poll(troubled, "warehouse", (0, 0, 0, 0, 0), at=NOW)
        await press(app, pilot, "f", "f", "home", "down", "d", "down", "enter")
        assert quarantined_poll(troubled, "warehouse") is None


@pytest.mark.long
async def test_a_poll_can_be_judged_on_the_channels_page_too(troubled: Shop) -> None:
    poll_id = quarantined_poll(troubled, "warehouse")
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "2", "b")
        assert f"Accept poll {poll_id} of warehouse" in text_of(app)
        await press(app, pilot, "escape", "d", *"zeros", "enter")
        assert quarantined_poll(troubled, "warehouse") is None

        await press(app, pilot, "b")
        assert newest_message(app) == "warehouse has no quarantined poll"


@pytest.mark.long
async def test_a_discarded_poll_that_comes_again_says_who_discarded_it(troubled: Shop) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "down", "d", *"zeros", "enter")
        quarantine_poll(troubled, "warehouse", (0, 0, 0, 0, 0), at=NOW + 1_000)
        await press(app, pilot, "home", "down")

        assert "the same data that ana discarded at 14:02:11Z" in text_of(app)


@pytest.mark.long
async def test_only_a_quarantined_poll_can_be_accepted_or_discarded(troubled: Shop) -> None:
    async with console(troubled) as (app, pilot):
        await press(app, pilot, "4", "b")
        assert newest_message(app) == "no quarantined poll is under the cursor to accept"
        await press(app, pilot, "d")
        assert newest_message(app) == "no quarantined poll is under the cursor to discard"
