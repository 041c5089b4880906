"""On a small screen a dialog's question stays in sight, whatever it is about."""

import pytest

from console.tui.dialogs.confirm import ApproveDialog
from store.model import Record
from tests.console.small_shop import MINUTE, NOW, Shop, console, press, settle, text_of
from tests.long_run import first


@pytest.fixture
def many(shop: Shop) -> Shop:
    """A shop of which thirty more listings disagree, up and down, on every outlet."""
    skus = [f"SKU-{number:07}" for number in range(30)]
    for ago in (4, 2):
        for channel, quantity in (("warehouse", 9), ("shop", 3), ("market", 40), ("outlet", 0)):
            records = [Record(sku=sku, available=quantity, price_minor=900) for sku in skus]
            shop.read(channel, records, at=NOW - ago * MINUTE // 2)
    return shop


SMALL = [(80, 24), (60, 20), (80, 16)]


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, SMALL), ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_to_type_and_where_is_seen_before_a_bulk_approval(
    many: Shop, size: tuple[int, int]
) -> None:
    async with console(many, size) as (app, pilot):
        await press(app, pilot, "*", "A")
        await settle(app, pilot)
        assert isinstance(app.screen, ApproveDialog)
        text = text_of(app)
        await press(app, pilot, "1", "7")

        assert "enter" in text
        assert "  esc" in text
        assert "#" in text.split("Approve", 1)[1]
        asked = app.screen.query("#count")
        assert all(0 < widget.region.bottom < size[1] - 1 for widget in asked)
        assert all(widget.region.height >= 1 for widget in asked)


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, SMALL), ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_list_shrinks_as_the_screen_does(many: Shop, size: tuple[int, int]) -> None:
    async with console(many) as (app, pilot):
        await press(app, pilot, "*", "A")
        await pilot.resize_terminal(*size)
        await settle(app, pilot)
        await settle(app, pilot)
        question = app.screen.query_one("#question")

        assert "  esc" in text_of(app)
        assert question.region.bottom < size[1]
