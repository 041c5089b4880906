"""Is this poll plausible, and is this batch safe? Pure.

A feed of zeros, an empty page and a catalogue cut in half all look like honest data. How much would
change at once gives them away (rule 8, docs/architecture.md). A batch of writes is bounded the same
way, before it is approved and again before it is applied.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from store.corrections.guards.rule_results import RuleResults
from store.model import Correction
from store.poll_counts import FirstCounts, PollCounts
from sync.settings import ApprovalSettings, GuardSettings, PushLimits
from sync.units import PPM

PERCENTAGES_FROM = 20
"""In a smaller channel three sold-out listings are a large share, and no surprise."""

STOCKED_FROM = 3
"""But from so many that showed stock on, it is one that nearly all are sold out at once."""

ENDED_FROM = 5
"""Of fewer updates that rules approved some that ended badly are no rate yet."""

NEARLY_ALL_PPM = 900_000

UNREADABLE_MAX = 20
UNREADABLE_MAX_PPM = 10_000
"""More than both of newly bad records are no accident of some rows, but another kind of data."""


def judge(counts: PollCounts, limits: GuardSettings) -> str | None:
    """Say why the finished poll is not plausible, or None where it is."""
    if (reason := unreadable(counts)) is not None:
        return reason
    came = counts.seen + counts.refused
    if not counts.seen and came < counts.known:
        return f"empty: none of the {counts.known:,} known listings came"
    if counts.announced is not None and came < counts.announced:
        return f"cut short: the channel announced {counts.announced:,} records, {came:,} came"
    if counts.first is not None:
        return _first(counts.first, limits)
    if counts.known < PERCENTAGES_FROM:
        return _nearly_all_at_zero(counts, limits) or _nearly_all_uncounted(counts, limits)
    # A record without a SKU may be any of the listings that were not seen.
    gone = max(0, counts.gone - counts.anonymous)
    return (
        _too_many(gone, "listings gone", counts.known, limits.max_shrunk_ppm)
        or _too_many(counts.zeroed, "listings newly at zero", counts.known, limits.max_zeroed_ppm)
        or _too_many(
            counts.uncounted, "listings newly uncounted", counts.known, limits.max_shrunk_ppm
        )
        or _too_many(
            counts.jumped, "listings far from what they were", counts.known, limits.max_jumped_ppm
        )
        or _too_many(counts.changed, "listings changed", counts.known, limits.max_changed_ppm)
    )


def _first(first: FirstCounts, limits: GuardSettings) -> str | None:
    """Say why a first poll is not plausible. The limits of later ones switch it off at 100 %."""
    # From three listings up all at zero is a broken feed and no shop that has just opened. Below
    # twenty SKUs on the smaller side none that meet may be a trial shop's own; and of the honest
    # first feeds, those of a marketplace included, one SKU in twenty is met by every one.
    if first.at_zero >= STOCKED_FROM and limits.max_zeroed_ppm < PPM:
        return f"a first poll of nothing but zeros: none of {first.at_zero:,} listings has stock"
    if first.comparable >= PERCENTAGES_FROM and first.is_hardly and limits.max_shrunk_ppm < PPM:
        other = "the other channels" if first.is_authority else "the authority"
        met = f"{first.met:,} of {first.comparable:,} SKUs are on both sides"
        return f"a first poll that hardly meets {other}: {met}"
    return None


def _nearly_all_at_zero(counts: PollCounts, limits: GuardSettings) -> str | None:
    """Say so of a small channel, unless its limit lets everything go to zero at once."""
    stocked = counts.stocked or 0
    if stocked < STOCKED_FROM or limits.max_zeroed_ppm >= PPM:
        return None
    if counts.zeroed * PPM < NEARLY_ALL_PPM * stocked:
        return None
    return f"{counts.zeroed:,} of {stocked:,} listings that had stock newly at zero"


def _nearly_all_uncounted(counts: PollCounts, limits: GuardSettings) -> str | None:
    """Say so of a small channel: a number that is gone from everything was never sent."""
    if counts.uncounted < STOCKED_FROM or limits.max_shrunk_ppm >= PPM:
        return None
    if counts.uncounted * PPM < NEARLY_ALL_PPM * counts.known:
        return None
    return f"{counts.uncounted:,} of {counts.known:,} listings newly uncounted"


def unreadable(counts: PollCounts) -> str | None:
    """Say that too many records can't be read, or None. Rule 12, docs/architecture.md."""
    # What the last good poll could not read either is no news. So a feed with rows that are sold
    # by weight is read, and one whose columns have moved is not.
    new, records = counts.new_refused, counts.seen + counts.refused
    if new > 1 and not counts.seen:
        return f"none of the {counts.refused:,} records can be read"
    if new <= UNREADABLE_MAX or new * PPM <= UNREADABLE_MAX_PPM * records:
        return None
    since = "" if new == counts.refused else f", {new:,} of them newly so"
    return f"{counts.refused:,} of {records:,} records can't be read{since}"


def _too_many(count: int, what: str, known: int, limit_ppm: int) -> str | None:
    if count * PPM <= limit_ppm * known:
        return None
    share = _percent(count * PPM // known)
    return f"{count:,} of {known:,} {what} ({share}), more than {_percent(limit_ppm)}"


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:.4g} %"


def judge_rules(results: RuleResults, approval: ApprovalSettings) -> str | None:
    """Say why no rule may approve on a channel until a person has looked, or None."""
    if results.ended >= ENDED_FROM:
        what = "updates that rules approved within the hour ended badly"
        failed = _too_many(results.ended_badly, what, results.ended, approval.max_failed_ppm)
        if failed is not None:
            return f"{failed} ([approval] max_failed)"
    if results.listings >= PERCENTAGES_FROM:
        what = "listings have an update that waits or that a rule approved within the hour"
        limit = approval.max_disagreeing_ppm
        found = _too_many(results.disagreeing, what, results.listings, limit)
        if found is not None:
            return f"{found} ([approval] max_disagreeing)"
    return None


class Push(msgspec.Struct, frozen=True):
    """How much is written: by one batch, or in the last hour."""

    skus: int = 0
    units: int = 0
    to_zero: int = 0
    money_minor: int = 0
    """What the units are worth, up and down, where a price is known; in hundredths."""

    def __add__(self, other: "Push") -> "Push":
        return Push(
            self.skus + other.skus,
            self.units + other.units,
            self.to_zero + other.to_zero,
            self.money_minor + other.money_minor,
        )


def size(corrections: Sequence[Correction]) -> Push:
    """What a batch would write. A SKU on two channels counts once, its units twice."""
    return Push(
        skus=len({correction.sku for correction in corrections}),
        units=sum(abs(correction.units) for correction in corrections),
        to_zero=sum(goes_to_zero(correction) for correction in corrections),
        money_minor=sum(
            abs(correction.units) * (correction.price_minor or 0) for correction in corrections
        ),
    )


def goes_to_zero(correction: Correction) -> bool:
    """Whether the write takes the listing off sale by its number."""
    return correction.to_quantity == 0 and correction.from_quantity != 0


def judge_batch(
    corrections: Sequence[Correction], limits: PushLimits, last_hour: Push
) -> str | None:
    """Say which of the `[push]` limits the batch would break, or None where it is within all."""
    return _judge_push(size(corrections), limits, last_hour)


def within(
    corrections: Sequence[Correction], limits: PushLimits, last_hour: Push
) -> tuple[list[Correction], str | None]:
    """Take, in order, those that together keep the limits; and say which limit kept others out.

    One that is too large by itself is left out and holds up nothing behind it.
    """
    taken: list[Correction] = []
    skus: set[str] = set()
    batch, first_reason = Push(), None
    for correction in corrections:
        fresh_sku = correction.sku not in skus
        more = batch + replace(size([correction]), skus=int(fresh_sku))
        reason = _judge_push(more, limits, last_hour)
        first_reason = first_reason or reason
        if reason is None:
            taken.append(correction)
            skus.add(correction.sku)
            batch = more
    return taken, first_reason


def _judge_push(batch: Push, limits: PushLimits, last_hour: Push) -> str | None:
    hour = batch + last_hour
    return (
        _over(batch.skus, "SKUs in a batch", limits.max_skus)
        or _over(batch.units, "units in a batch", limits.max_units)
        or _over(batch.to_zero, "listings to zero in a batch", limits.max_to_zero)
        or _worth_over(batch.money_minor, "in a batch", limits.max_money)
        or _over(hour.skus, "SKUs in an hour", limits.max_skus_per_hour)
        or _over(hour.units, "units in an hour", limits.max_units_per_hour)
        or _over(hour.to_zero, "listings to zero in an hour", limits.max_to_zero_per_hour)
        or _worth_over(hour.money_minor, "in an hour", limits.max_money_per_hour)
    )


def _over(count: int, what: str, limit: int | None) -> str | None:
    if limit is None or count <= limit:
        return None
    return f"push limit: {count:,} {what}, at most {limit:,} ([push])"


def _worth_over(minor: int, when: str, limit: float | None) -> str | None:
    if limit is None or minor <= round(limit * 100):
        return None
    return f"push limit: worth {minor / 100:,.2f} {when}, at most {limit:,.2f} ([push])"
