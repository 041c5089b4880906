"""A batch that was written is turned back by its key, from its dialog, with a real engine."""

from pathlib import Path

import pytest

from console.tui.app import SkewApp
from console.tui.dialogs.batch import BatchDialog
from console.tui.dialogs.confirm import ApproveDialog
from store.model import CorrectionStatus as Status
from store.queries import status_counts
from sync.clock import SystemClock
from tests.console.running_engine import COUNT, Live, live, until
from tests.console.small_shop import text_of
from tests.console.tui.dialogs.test_batch import approve_all, over


def log_of(app: SkewApp) -> str:
    return "\n".join(line.text for line in app.session.log)


def was_read_twice_since(shop: Live, at: int) -> bool:
    channels = shop.database.read(status_counts.channels, now=SystemClock().now())
    return all(sum(poll.started_at > at for poll in channel.recent) > 1 for channel in channels)


@pytest.mark.long
async def test_a_batch_is_turned_back_from_its_dialog(tmp_path: Path) -> None:
    async with live(tmp_path) as shop, shop.console() as (app, pilot):
        dialog = await approve_all(shop, app, pilot)
        await over(dialog)
        # A raise waits until the authority and the channel were read again.
        written_at = SystemClock().now()
        await until(lambda: was_read_twice_since(shop, written_at), "two more polls each")
        await until(lambda: "turn it back" in text_of(app), "the key")
        await pilot.press("U")
        await until(lambda: isinstance(app.screen, ApproveDialog), "the question")
        await until(lambda: "4 → 9" in text_of(app), "what it would do")
        asked = text_of(app)
        await pilot.press(*str(COUNT), "enter")
        await until(
            lambda: len([row for row in shop.updates("verified") if row.reverts]) == COUNT,
            "the values from before",
        )

    assert f"{COUNT} updates" in asked
    assert {item.available for item in shop.world.outlets["shop"].items()} == {9}
    assert f"{COUNT} updates proposed with the values from before" in log_of(app)


async def test_what_was_never_approved_is_not_turned_back(tmp_path: Path) -> None:
    async with live(tmp_path) as shop, shop.console() as (app, pilot):
        await until(lambda: len(shop.updates("proposed")) == COUNT, "eight proposals")
        await pilot.press("3", "U")
        await until(lambda: "never approved" in log_of(app), "the refusal")
        assert not isinstance(app.screen, BatchDialog)
        assert {row.status for row in shop.updates("proposed")} == {Status.PROPOSED}
