"""`credentials_expire`: the day on which a channel's key or secret ends."""

import pytest

from tests.sync.config_text import SHOP, SMALLEST, errors_of, read

KEY = {"SHOP_KEY": "k"}


@pytest.mark.parametrize("written", ['"2027-03-01"', "2027-03-01", "2027-03-01T12:30:00Z"])
def test_a_day_is_its_beginning_in_utc(written: str) -> None:
    settings = read(f"{SMALLEST}{SHOP}credentials_expire = {written}\n", KEY)
    assert settings.channels["shop"].credentials_expire_at == 1_803_859_200_000
    assert read(SMALLEST + SHOP, KEY).channels["shop"].credentials_expire_at is None


@pytest.mark.parametrize(
    "written", ['"01.03.2027"', '"2027-02-30"', '"soon"', '""', "20270301", "true", "12:30:00"]
)
def test_what_is_no_day_is_refused_with_the_way_to_write_it(written: str) -> None:
    (message,) = errors_of(f"{SMALLEST}{SHOP}credentials_expire = {written}\n", KEY).values()
    assert "channels.shop.credentials_expire" in message
    assert 'is not a day: write "2027-03-01"' in message
