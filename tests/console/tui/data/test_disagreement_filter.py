from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.text.format import age
from console.text.reasons import reason_text
from console.text.update_words import STEPS
from console.tui.data.filters.disagreement_filter import (
    KEYS,
    NO_CAUSE,
    FilterError,
    completed,
    filter_text,
    parse,
)
from console.tui.data.grouping import AGE_FILTERS, AGES
from store.model import CorrectionStatus, Kind, Status
from store.queries.ranking_values import Severity, Side
from store.queries.values import DisagreementFilter
from store.reasons import Reason
from sync.causes.kinds import KINDS

CHANNELS = ("warehouse", "shop", "market")


def test_plain_words_look_in_the_sku_and_the_title() -> None:
    assert parse("blue widget") == DisagreementFilter(words=("blue", "widget"))


def test_nothing_is_no_filter() -> None:
    assert parse("  ") == DisagreementFilter()


def test_keys_narrow_and_combine_with_words() -> None:
    wanted = parse("channel:shop,market kind:state status:open kettle", CHANNELS)

    assert wanted == DisagreementFilter(
        words=("kettle",),
        channels=("shop", "market"),
        kinds=(Kind.STATE,),
        statuses=(Status.OPEN,),
    )


def test_state_is_another_word_for_status() -> None:
    assert parse("state:settling").statuses == (Status.SETTLING,)


def test_risk_and_age_are_compared() -> None:
    wanted = parse("risk>100 risk<=2000.50 age>1h age<3d")

    assert (wanted.risk_min, wanted.risk_max) == (100, 2000.51)
    assert (wanted.age_min_ms, wanted.age_max_ms) == (3_600_000, 3 * 86_400_000)


def test_a_sku_may_hold_a_colon_without_being_a_key() -> None:
    assert parse("AB:12").words == ("AB:12",)


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
        ("-channel:,", "channel:warehouse"),
        ("cause:lags", "lag, applied twice"),
        ("side:both", "oversell, undersell"),
        ("side:oversell,undersell", "leave it out for both"),
        ("acked:maybe", "yes, no"),
        ("units>1.5", "units>5"),
        ("age:soon", "age:1h-4h"),
        ("risk:-", "risk:10-100"),
        ("age:1h-4h,2h", "age>1h"),
        ('"blue widget', "closing quote is missing"),
        ("sku:" + "*a" * 6, "5 stars"),
        ("x" * 501, "500 characters"),
    ],
)
def test_a_wrong_filter_is_refused_with_the_remedy(text: str, remedy: str) -> None:
    with pytest.raises(FilterError, match=r"[a-z]") as caught:
        parse(text, CHANNELS)

    assert remedy in str(caught.value)


def test_quoted_words_are_one_phrase_and_a_doubled_quote_stands_for_one() -> None:
    assert parse('"blue widget" 12"').words == ("blue widget", '12"')
    assert parse('"pipe 12"""').words == ('pipe 12"',)
    assert parse('"channel:shop"').words == ("channel:shop",)


def test_skus_are_exact_or_patterns() -> None:
    wanted = parse('sku:A-1,DS-**,"B, 2",?X')
    assert (wanted.skus, wanted.patterns) == (("A-1", "B, 2"), ("DS-*", "?X"))


def test_a_minus_leaves_out_what_fits() -> None:
    wanted = parse("-channel:shop,market -kettle -risk>100", CHANNELS)

    assert wanted == DisagreementFilter(
        without=(
            DisagreementFilter(channels=("shop", "market")),
            DisagreementFilter(words=("kettle",)),
            DisagreementFilter(risk_min=100),
        )
    )


def test_a_lone_minus_is_a_word() -> None:
    assert parse("- a").words == ("-", "a")


def test_side_cause_and_acknowledgement_narrow() -> None:
    wanted = parse("side:oversell cause:lag,second-writer acked:no")
    assert (wanted.side, wanted.acknowledged) == (Side.OVERSELL, False)
    assert wanted.causes == ("lag", "second writer")


def test_a_range_is_between_its_ends_and_may_have_one_only() -> None:
    assert parse("age:1h-4h") == DisagreementFilter(age_min_ms=3_600_000, age_max_ms=14_400_000)
    assert parse("age:7d-") == DisagreementFilter(age_min_ms=604_800_000)
    assert parse("units:5-9") == DisagreementFilter(units_min=4, units_max=9)


def test_of_two_ends_the_narrower_holds() -> None:
    assert parse("risk>100 risk>50 units<5 units<=7") == DisagreementFilter(
        risk_min=100, units_max=5
    )


def test_a_filter_in_its_plainest_form_reads_as_it_would_be_typed() -> None:
    text = 'state:open channel:shop "blue widget" -sku:DS-* risk>100 age>1h acked:no -lamp'
    assert filter_text(parse(text, CHANNELS)) == (
        '"blue widget" channel:shop status:open acked:no risk>100 age>1h -sku:DS-* -lamp'
    )


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("cha", "channel:"),
        ("lamp -ri", "lamp -risk>"),
        ("channel:ma", "channel:market"),
        ("channel:shop,wa", "channel:shop,warehouse"),
        ("cause:sec", 'cause:"second writer"'),
        ("state:s", "state:settling"),
        ("acked:", "acked:yes"),
    ],
)
def test_what_is_being_typed_is_brought_to_its_end(typed: str, whole: str) -> None:
    assert completed(typed, CHANNELS) == whole


def test_where_nothing_is_known_to_fit_nothing_is_offered() -> None:
    assert completed("sku:A", CHANNELS) is None
    assert completed("lamp ", CHANNELS) is None


@pytest.mark.parametrize("status", Status)
def test_no_state_that_the_screen_prints_is_refused(status: Status) -> None:
    for reason, update in product([None, *Reason], [None, *CorrectionStatus]):
        hold_accepted(status, reason, update)


def hold_accepted(status: Status, reason: Reason | None, update: CorrectionStatus | None) -> None:
    shown = [status, reason_text(reason), STEPS[update] if update else ""]
    ended = (CorrectionStatus.VERIFIED, CorrectionStatus.SUPERSEDED, CorrectionStatus.EXPIRED)
    of_updates = (Reason.PAUSED, Reason.WRITES_PAUSED, Reason.WINDOW)
    if update in ended or reason in of_updates:
        return  # It is printed of updates only.
    for text in filter(None, shown):
        wanted = parse(f'state:"{text}"')
        assert wanted != DisagreementFilter()
        assert parse(filter_text(wanted)) == wanted


@pytest.mark.parametrize("severity", Severity)
def test_no_word_for_how_bad_a_group_is_is_refused(severity: Severity) -> None:
    assert parse(f'state:"{severity.word}"') != DisagreementFilter()


@pytest.mark.parametrize("cause", [*KINDS, NO_CAUSE, "settling", "channel stale"])
def test_nothing_that_the_screen_prints_as_a_cause_is_refused(cause: str) -> None:
    for text in (f'"{cause}"', cause.replace(" ", "-"), cause.replace(" ", "_")):
        wanted = parse(f"cause:{text}")
        assert wanted != DisagreementFilter()
        assert parse(filter_text(wanted)) == wanted


@given(st.integers(min_value=0, max_value=10 * 365 * 86_400_000))
def test_every_age_as_it_is_printed_finds_what_it_stands_beside(span_ms: int) -> None:
    wanted = parse(f"age:{age(span_ms)}")

    assert wanted.words == ()
    assert wanted.age_min_ms is not None
    assert wanted.age_max_ms is not None
    assert wanted.age_min_ms <= span_ms < wanted.age_max_ms
    assert age(wanted.age_min_ms) == age(wanted.age_max_ms - 1) == age(span_ms)
    assert parse(filter_text(wanted)) == wanted


@pytest.mark.parametrize("bucket", AGES)
def test_the_buckets_of_ages_are_values_too(bucket: str) -> None:
    assert parse(f"age:{bucket}") == parse(AGE_FILTERS[AGES.index(bucket)])


PARTS = st.sampled_from(
    [*KEYS, "state", ":", ">", "<", ">=", "=", "-", ",", '"', '""', " ", "*", "?", "[", "1h", "7",
     "0.5", "shop", "open", "lag", "yes", "oversell", "\ud800", "\x00", "\u202e", "ä"]
)  # fmt: skip
TYPED = st.text(max_size=60) | st.lists(PARTS, max_size=14).map("".join)


@given(TYPED)
def test_whatever_is_typed_is_a_filter_or_told_why_not(text: str) -> None:
    with suppress(FilterError):
        wanted = parse(text, CHANNELS)
        assert parse(filter_text(wanted), CHANNELS) == wanted
    whole = completed(text, CHANNELS)
    assert whole is None or len(whole) > 0
