"""The guard: which polls are plausible, which batches are small enough."""

import msgspec
import pytest

from store.model import Correction, CorrectionStatus
from store.poll_counts import PollCounts
from sync.polling import guard
from sync.polling.guard import Push
from sync.settings import GuardSettings, PushLimits

LIMITS = GuardSettings()


def counts(**given: int | None) -> PollCounts:
    usual: dict[str, int | None] = {
        "known": 100, "seen": 100, "changed": 0, "zeroed": 0, "gone": 0, "added": 0, "refused": 0,
        "announced": None, "stocked": None,
    }  # fmt: skip
    return msgspec.convert(usual | given, PollCounts)


def correction(
    number: int,
    before: int | None,
    after: int | None,
    sku: str | None = None,
    price_minor: int | None = None,
) -> Correction:
    return Correction(
        id=number, listing_id=number, sku=sku or f"SKU-{number}", title="", channel="shop",
        location="", status=CorrectionStatus.APPROVED, version=1, from_quantity=before,
        from_state=None, to_quantity=after, to_state=None, price_minor=price_minor, proposed_at=0,
        decided_at=None, decided_by=None, second_by=None, hold_until=None, expires_at=None,
        snoozed_until=None, note=None, result=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("known", "uncounted", "is_plausible"),
    [
        (100, 10, True),
        (100, 11, False),
        (19, 19, False),
        (19, 17, True),
        (3, 3, False),
        (2, 2, True),
    ],
)
def test_numbers_do_not_vanish_from_many_listings_at_once(
    known: int, uncounted: int, *, is_plausible: bool
) -> None:
    found = counts(known=known, seen=known, changed=uncounted, uncounted=uncounted)
    reason = guard.judge(found, LIMITS)
    assert (reason is None) is is_plausible
    assert is_plausible or "newly uncounted" in str(reason)


@pytest.mark.parametrize(
    ("known", "jumped", "is_plausible"), [(100, 5, True), (100, 6, False), (19, 19, True)]
)
def test_not_many_numbers_are_far_from_what_they_were(
    known: int, jumped: int, *, is_plausible: bool
) -> None:
    reason = guard.judge(counts(known=known, seen=known, changed=jumped, jumped=jumped), LIMITS)
    assert (reason is None) is is_plausible
    assert is_plausible or reason == (
        "6 of 100 listings far from what they were (6 %), more than 5 %"
    )


def test_a_quiet_poll_is_plausible() -> None:
    assert guard.judge(counts(), LIMITS) is None


def test_large_numbers_have_their_commas() -> None:
    fell = counts(known=12_000, seen=12_000, zeroed=6_000)
    assert guard.judge(fell, GuardSettings()) == (
        "6,000 of 12,000 listings newly at zero (50 %), more than 10 %"
    )


def test_an_empty_poll_of_a_known_catalogue_is_not_plausible_however_small() -> None:
    assert guard.judge(counts(known=3, seen=0, gone=3), LIMITS) == (
        "empty: none of the 3 known listings came"
    )


def test_a_first_poll_is_judged_only_for_being_whole() -> None:
    assert guard.judge(counts(known=0, seen=0), LIMITS) is None
    assert guard.judge(counts(known=0, seen=500, added=500), LIMITS) is None
    assert guard.judge(counts(known=0, seen=499, announced=500), LIMITS) == (
        "cut short: the channel announced 500 records, 499 came"
    )


@pytest.mark.parametrize(
    ("stocked", "zeroed", "is_plausible"),
    [(3, 3, False), (3, 2, True), (15, 15, False), (15, 14, False), (15, 13, True), (2, 2, True)],
)
def test_a_small_channel_is_not_sold_out_all_at_once(
    stocked: int, zeroed: int, *, is_plausible: bool
) -> None:
    found = counts(known=19, seen=19, changed=zeroed, zeroed=zeroed, stocked=stocked)

    reason = guard.judge(found, LIMITS)

    words = f"{zeroed} of {stocked} listings that had stock newly at zero"
    assert reason == (None if is_plausible else words)
    anything_goes = GuardSettings(max_zeroed_ppm=1_000_000)
    assert guard.judge(found, anything_goes) is None


def test_a_refused_record_came_all_the_same() -> None:
    assert guard.judge(counts(seen=99, refused=1, announced=100), LIMITS) is None


@pytest.mark.parametrize(
    ("which", "at_the_limit", "words"),
    [("gone", 10, "gone"), ("zeroed", 10, "newly at zero"), ("changed", 40, "changed")],
)
def test_a_share_at_its_limit_is_plausible_and_one_more_is_not(
    which: str, at_the_limit: int, words: str
) -> None:
    over = guard.judge(counts(**{which: at_the_limit + 1}), LIMITS)

    assert guard.judge(counts(**{which: at_the_limit}), LIMITS) is None
    assert over == (
        f"{at_the_limit + 1} of 100 listings {words} ({at_the_limit + 1} %), "
        f"more than {at_the_limit} %"
    )


def test_percentages_apply_from_twenty_listings_up() -> None:
    assert guard.judge(counts(known=19, seen=19, zeroed=19, changed=19), LIMITS) is None
    assert guard.judge(counts(known=20, seen=20, zeroed=3, changed=3), LIMITS) is not None


def test_a_channels_own_limits_are_used() -> None:
    assert guard.judge(counts(zeroed=30), GuardSettings(max_zeroed_ppm=300_000)) is None


def test_many_and_newly_unreadable_records_fail_the_poll() -> None:
    assert guard.judge(counts(seen=179, refused=21, new_refused=21), LIMITS) == (
        "21 of 200 records can't be read"
    )
    assert guard.judge(counts(seen=170, refused=30, new_refused=21), LIMITS) == (
        "30 of 200 records can't be read, 21 of them newly so"
    )


def test_few_or_old_unreadable_records_fail_no_poll() -> None:
    assert guard.judge(counts(seen=180, refused=20, new_refused=20), LIMITS) is None
    assert guard.judge(counts(seen=179, refused=21, new_refused=0), LIMITS) is None
    assert guard.judge(counts(seen=2078, refused=21, new_refused=21), LIMITS) is not None
    assert guard.judge(counts(seen=2079, refused=21, new_refused=21), LIMITS) is None


def test_bad_records_are_no_empty_page() -> None:
    assert guard.judge(counts(known=10, seen=0, gone=10, refused=10), LIMITS) is None
    assert guard.judge(counts(known=1, seen=0, gone=1, refused=1, new_refused=1), LIMITS) is None
    assert guard.judge(counts(known=10, seen=0, gone=10, refused=9), LIMITS) == (
        "empty: none of the 10 known listings came"
    )


def test_a_poll_of_which_nothing_can_be_read_is_not_plausible_however_small() -> None:
    assert guard.judge(counts(known=0, seen=0, refused=2, new_refused=2), LIMITS) == (
        "none of the 2 records can be read"
    )


def test_a_record_without_a_sku_may_be_one_that_seems_gone() -> None:
    without_sku = counts(seen=80, gone=20, refused=20, new_refused=20, anonymous=20)
    assert guard.judge(without_sku, LIMITS) is None
    assert guard.judge(counts(seen=80, gone=20, refused=20, new_refused=20), LIMITS) == (
        "20 of 100 listings gone (20 %), more than 10 %"
    )


def test_a_batch_is_measured_in_skus_units_and_zeroes() -> None:
    batch = [
        correction(1, 31, 14, price_minor=250),
        correction(2, 4, 0),
        correction(3, 0, 9, sku="SKU-1", price_minor=100),
    ]

    assert guard.size(batch) == Push(skus=2, units=17 + 4 + 9, to_zero=1, money_minor=4_250 + 900)


def test_a_listing_that_is_at_zero_already_does_not_go_to_zero() -> None:
    assert not guard.goes_to_zero(correction(1, 0, 0))
    assert guard.goes_to_zero(correction(1, None, 0))


@pytest.mark.parametrize(
    ("limits", "hour", "words"),
    [
        (PushLimits(max_skus=1), Push(), "2 SKUs in a batch, at most 1"),
        (PushLimits(max_units=20), Push(), "21 units in a batch, at most 20"),
        (PushLimits(max_to_zero=0), Push(), "1 listings to zero in a batch, at most 0"),
        (PushLimits(max_skus_per_hour=4), Push(skus=3), "5 SKUs in an hour, at most 4"),
        (PushLimits(max_units_per_hour=30), Push(units=10), "31 units in an hour, at most 30"),
        (PushLimits(max_to_zero_per_hour=1), Push(to_zero=1), "2 listings to zero in an hour"),
        (PushLimits(max_money=42.49), Push(), "worth 42.50 in a batch, at most 42.49"),
        (PushLimits(max_money_per_hour=1_050), Push(money_minor=100_751), "worth 1,050.01 in an"),
    ],
)
def test_each_push_limit_speaks_for_itself(limits: PushLimits, hour: Push, words: str) -> None:
    batch = [correction(1, 31, 14, price_minor=250), correction(2, 4, 0)]

    assert words in (guard.judge_batch(batch, limits, hour) or "")
    assert guard.judge_batch(batch, PushLimits(), hour) is None
    assert guard.judge_batch(batch, PushLimits(max_money=42.5, max_units=21), Push()) is None


def test_what_fits_the_limits_is_taken_and_a_large_one_holds_up_nothing() -> None:
    batch = [correction(1, 500, 0), correction(2, 4, 1), correction(3, 9, 2)]

    taken, why = guard.within(batch, PushLimits(max_units=10), Push())

    assert [correction.id for correction in taken] == [2, 3]
    assert why == "push limit: 500 units in a batch, at most 10 ([push])"
