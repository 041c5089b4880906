"""Credentials whose end is known are warned of from thirty days before."""

import msgspec
import pytest

from store.model import Millis
from sync.polling import expiry
from sync.polling.expiry import DAY_MS
from sync.settings import ChannelSettings

DAY: Millis = 1_803_859_200_000  # 2027-03-01
SHOP = ChannelSettings(name="shop", kind="csv", options=msgspec.defstruct("None_", [])())
ENDING = msgspec.structs.replace(SHOP, credentials_expire_at=DAY)
WRITE = "replace them, then write the new date in `credentials_expire`"


@pytest.mark.parametrize(
    ("before_ms", "words"),
    [
        (31 * DAY_MS, ""),
        (30 * DAY_MS, f"its credentials end on 2027-03-01, in 30 days: {WRITE}"),
        (2 * DAY_MS - 1, f"its credentials end on 2027-03-01, in 1 day: {WRITE}"),
        (1, f"its credentials end on 2027-03-01, within a day: {WRITE}"),
        (0, f"its credentials ended on 2027-03-01: {WRITE}"),
        (-3 * DAY_MS, f"its credentials ended on 2027-03-01, 3 days ago: {WRITE}"),
    ],
)
def test_it_is_said_in_days(before_ms: int, words: str) -> None:
    assert expiry.words(ENDING, {}, DAY - before_ms) == words


def test_the_soonest_of_several_is_said() -> None:
    ends = {"SHOP_REFRESH": DAY - 5 * DAY_MS, "OTHER": DAY + 90 * DAY_MS}
    words = "credential SHOP_REFRESH ends on 2027-02-24, in 2 days: get a new one"
    assert expiry.words(ENDING, ends, DAY - 7 * DAY_MS) == words
    assert expiry.words(SHOP, {}, DAY) == ""
