import pytest

from console.filter import FilterError, parse
from store.model import Kind, Status
from store.panels import DisagreementFilter

CHANNELS = ("warehouse", "shop", "market")


def test_plain_words_look_in_the_sku_and_the_title() -> None:
    assert parse("blue widget") == DisagreementFilter(text="blue widget")


def test_nothing_is_no_filter() -> None:
    assert parse("  ") == DisagreementFilter()


def test_keys_narrow_and_combine_with_words() -> None:
    wanted = parse("channel:shop,market kind:state status:open kettle", CHANNELS)

    assert wanted == DisagreementFilter(
        text="kettle",
        channels=("shop", "market"),
        kinds=(Kind.STATE,),
        statuses=(Status.OPEN,),
    )


def test_state_is_another_word_for_status() -> None:
    assert parse("state:settling").statuses == (Status.SETTLING,)


def test_risk_and_age_are_compared() -> None:
    wanted = parse("risk>100 risk<=2000.50 age>1h age<3d")

    assert (wanted.risk_min, wanted.risk_max) == (100, 2000.5)
    assert (wanted.age_min_ms, wanted.age_max_ms) == (3_600_000, 3 * 86_400_000)


def test_a_sku_may_hold_a_colon_without_being_a_key() -> None:
    assert parse("AB:12").text == "AB:12"


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("channel:shpo", "warehouse, shop, market"),
        ("kind:price", "quantity, state"),
        ("status:bad", "open, settling, unknown"),
        ("age>soon", "age>30s"),
        ("risk>lots", "risk>100"),
        ("risk=5", "risk>100"),
        ("channel:", "channel:warehouse"),
    ],
)
def test_a_wrong_filter_is_refused_with_the_remedy(text: str, remedy: str) -> None:
    with pytest.raises(FilterError, match=r"[a-z]") as caught:
        parse(text, CHANNELS)

    assert remedy in str(caught.value)
