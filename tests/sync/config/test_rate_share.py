"""`rate_share`: how much of a limit that a merchant's apps share is for Skew."""

import pytest

from tests.sync.config_text import SHOP, SMALLEST, errors_of, read

KEY = {"SHOP_KEY": "k"}


@pytest.mark.parametrize(
    ("written", "ppm"),
    [('"50%"', 500_000), ('"100%"', 1_000_000), ('"0.5%"', 5_000)],
)
def test_a_share_of_the_limit_is_a_part_of_it(written: str, ppm: int) -> None:
    settings = read(f"{SMALLEST}{SHOP}rate_share = {written}\n", KEY)
    assert settings.channels["shop"].rate_share_ppm == ppm


def test_without_the_key_it_is_half() -> None:
    assert read(SMALLEST + SHOP, KEY).channels["shop"].rate_share_ppm == 500_000


@pytest.mark.parametrize("written", ['"0%"', '"0.0%"'])
def test_nothing_of_the_limit_is_refused_in_words(written: str) -> None:
    (message,) = errors_of(f"{SMALLEST}{SHOP}rate_share = {written}\n", KEY).values()
    assert "channels.shop.rate_share" in message
    assert 'must be above 0%, or nothing could be asked; write "10%"' in message


@pytest.mark.parametrize("written", ['"101%"', '"-1%"', "0", "0.25", "2", "nan", '"half"', "true"])
def test_what_is_no_part_is_refused(written: str) -> None:
    assert "channels.shop.rate_share" in errors_of(f"{SMALLEST}{SHOP}rate_share = {written}\n", KEY)
