"""In flight, applied twice, never applied: each sum must be even, and is nothing if it is not."""

import pytest

from store.causes.facts import ComponentFacts
from store.event_kinds import EventKind
from store.model import CorrectionStatus, Figure, Kind, Policy, State, Status
from store.reasons import Reason
from tests.sync.cause_case import SINCE, at, cause_of, differs, event, kind_of, update

KIT = (
    ComponentFacts(21, "A", 2, "bundle", 9, None, -2),
    ComponentFacts(22, "B", 1, "bundle", 20, None, 0),
)


def test_an_order_elsewhere_that_the_authority_has_not_seen_is_in_flight() -> None:
    sale = event(quantity=2, by="market", minute=1, unseen=True, order="M-17")
    cause = cause_of(differs(10, 8), truth_quantity=10, pending=-2, events=(sale,))
    assert (cause.kind, cause.confidence) == ("in flight", 0.95)
    assert cause.evidence == (
        "shop shows 10, the target without market's order M-17 of 2 at 2026-11-23T12:01:00.000Z, "
        "which warehouse does not include yet either; with it the target is 8"
    )


def test_what_is_in_flight_may_be_the_newest_of_several() -> None:
    events = tuple(event(by="market", minute=n, unseen=True) for n in (1, 2, 3))
    cause = cause_of(differs(9, 7), truth_quantity=10, events=events)
    assert cause.kind == "in flight"
    assert "market-2" in cause.evidence
    assert "market-3" in cause.evidence
    assert "market-1 " not in cause.evidence


def test_a_channel_that_has_taken_its_own_order_lacks_only_that_of_the_other() -> None:
    own = event(minute=1, unseen=True)
    theirs = event(quantity=2, by="market", minute=0, unseen=True)
    cause = cause_of(differs(9, 7), truth_quantity=10, events=(theirs, own), agreed_quantity=10)
    assert cause.kind == "in flight"
    assert "market-0" in cause.evidence
    assert "shop-1" not in cause.evidence


@pytest.mark.parametrize(
    ("shows", "why"),
    [
        (9, "one of two pieces can't be missing"),
        (11, "more than there ever was"),
        (7, "less than the target"),
    ],
)
def test_a_sum_that_is_not_even_is_not_in_flight(shows: int, why: str) -> None:
    sale = event(quantity=2, by="market", minute=1, unseen=True)
    assert kind_of(differs(shows, 8), truth_quantity=10, events=(sale,)) != "in flight", why


def test_what_the_authority_has_seen_is_not_in_flight() -> None:
    sale = event(quantity=2, by="market", minute=1)
    assert kind_of(differs(10, 8), truth_quantity=8, events=(sale,)) == "unexplained"


def test_a_target_that_we_cannot_compute_proves_nothing() -> None:
    sale = event(quantity=2, by="market", minute=1, unseen=True)
    assert kind_of(differs(10, 8), truth_quantity=11, events=(sale,)) == "unexplained"
    assert kind_of(differs(10, 8), truth_quantity=None, events=(sale,)) == "unexplained"


def test_in_flight_is_computed_by_the_policy() -> None:
    half = Policy("*", buffer=2, share_ppm=500_000, units=2)
    sale = event(quantity=4, by="market", minute=1, unseen=True)
    # (30 − 2) × ½ ÷ 2 = 7 without it, (26 − 2) × ½ ÷ 2 = 6 with it.
    assert kind_of(differs(7, 6), half, truth_quantity=30, events=(sale,)) == "in flight"
    on_hand = Policy("*", made_of=Figure.ON_HAND)
    shipped = event(EventKind.SHIPPED, 3, by="market", minute=1, unseen=True)
    assert (
        kind_of(differs(12, 9), on_hand, truth_quantity=4, truth_on_hand=12, events=(shipped,))
        == "in flight"
    )
    coming = Policy("*", made_of=Figure.AVAILABLE_AND_INCOMING)
    sale = event(quantity=3, by="market", minute=1, unseen=True)
    assert (
        kind_of(differs(12, 9), coming, truth_quantity=4, truth_incoming=8, events=(sale,))
        == "in flight"
    )


def test_a_state_that_hides_a_sku_leaves_nothing_in_flight() -> None:
    held = Policy("*", state=State.HOLD)
    sale = event(quantity=2, by="market", minute=1, unseen=True)
    assert kind_of(differs(2, 0), held, truth_quantity=2, events=(sale,)) == "unexplained"


def test_a_channel_takes_its_orders_off_whole_where_the_target_takes_a_share() -> None:
    half = Policy("*", share_ppm=500_000)
    own = (event(minute=1, unseen=True), event(minute=2, unseen=True))
    cause = cause_of(differs(3, 4), half, truth_quantity=10, events=own, agreed_quantity=5)
    assert cause.kind == "in flight"
    assert "and shows 3; the target of 4 counts only its share" in cause.evidence


def test_the_sale_of_a_component_moves_the_bundle_in_flight() -> None:
    sale = event(
        quantity=2, by="market", minute=1, unseen=True, item_id=21, direct=False, sku="A"
    )  # fmt: skip
    kit = differs(4, 3, sku="KIT")
    cause = cause_of(kit, truth_quantity=3, parts=KIT, events=(sale,))
    assert cause.kind == "in flight"
    assert "market's order market-1 of 2 of A" in cause.evidence
    short = differs(4, 2, sku="KIT")
    assert kind_of(short, truth_quantity=2, parts=KIT, events=(sale,)) == "unexplained"


def test_a_pool_sums_its_members_in_flight() -> None:
    members = (
        ComponentFacts(21, "A", 1, "pool", 4, None, 0),
        ComponentFacts(22, "A", 1, "pool", 5, None, 0),
    )
    sale = event(quantity=3, by="market", minute=1, unseen=True, item_id=22, direct=False)
    assert kind_of(differs(9, 6), parts=members, events=(sale,)) == "in flight"


def test_an_event_newer_than_its_channels_reading_is_in_flight() -> None:
    """The authority has counted it already."""
    own = event(quantity=2, minute=6, order="S-6")
    cause = cause_of(differs(10, 8), events=(own,), agreed_quantity=10)
    assert cause.kind == "in flight"
    assert cause.evidence == (
        "shop's order S-6 of 2 at 2026-11-23T12:06:00.000Z is newer than the reading of 10 from "
        "2026-11-23T12:05:00.000Z; with it the channel would show 8"
    )
    read_since = event(quantity=2, minute=4)
    assert kind_of(differs(10, 8), events=(read_since,), agreed_quantity=10) == "never applied"


def test_a_fall_without_events_is_likely_a_sale_until_the_authority_is_read() -> None:
    waits = differs(9, 10, status=Status.SETTLING, reason=Reason.AUTHORITY_BEHIND)
    cause = cause_of(waits, reports_events=False, agreed_quantity=10)
    assert (cause.kind, cause.confidence) == ("in flight", 0.5)
    assert kind_of(waits, reports_events=True, agreed_quantity=10) == "second writer"
    read = differs(9, 10)
    assert kind_of(read, reports_events=False, agreed_quantity=10) == "second writer"


def test_in_flight_comes_before_lag() -> None:
    sale = event(quantity=2, by="market", minute=1, unseen=True)
    earlier = {"earlier_target_since": at(-9), "earlier_target_until": SINCE}
    assert kind_of(differs(10, 8), truth_quantity=10, events=(sale,), **earlier) == "in flight"
    assert kind_of(differs(10, 8), truth_quantity=8, **earlier) == "lag"


def test_an_order_taken_off_twice() -> None:
    sale = event(quantity=2, order="S-1", repeats=1)
    cause = cause_of(differs(6, 8), events=(sale,), agreed_quantity=10)
    assert (cause.kind, cause.confidence) == ("applied twice", 0.95)
    assert cause.evidence == (
        "shop's order S-1 of 2 at 2026-11-23T12:00:00.000Z counted twice: shop shows 6, 2 less "
        "than the 8 that it should; the event came 2 times"
    )


@pytest.mark.parametrize(
    ("shows", "agreed", "repeats", "found", "why"),
    [
        (6, 10, 0, "applied twice", "the books are even only so"),
        (6, None, 1, "applied twice", "it came again, and what was shown before is unknown"),
        (6, None, 0, "unexplained", "nothing says that it was twice"),
        (6, 9, 1, "unexplained", "the books are not even: 9 − 2 × 2 is 5"),
        (5, 10, 1, "unexplained", "not by that order's number"),
        (10, 10, 1, "never applied", "the other way round"),
    ],
)
def test_twice_must_be_even(
    shows: int, agreed: int | None, repeats: int, found: str, why: str
) -> None:
    sale = event(quantity=2, repeats=repeats)
    assert kind_of(differs(shows, 8), events=(sale,), agreed_quantity=agreed) == found, why


def test_a_cancellation_given_back_twice() -> None:
    back = event(EventKind.CANCELLED, 3)
    assert kind_of(differs(16, 13), events=(back,), agreed_quantity=10) == "applied twice"


def test_with_too_many_events_to_know_all_nothing_is_even() -> None:
    sale = event(quantity=2)
    known = {"events": (sale,), "agreed_quantity": 10, "events_whole": False}
    assert kind_of(differs(6, 8), **known) == "unexplained"


def test_another_channels_order_taken_off_twice_here() -> None:
    sale = event(quantity=2, by="market", order="M-1")
    cause = cause_of(differs(6, 8), events=(sale,), agreed_quantity=10)
    assert (cause.kind, cause.confidence) == ("applied twice", 0.6)
    assert "went from 10 to 6" in cause.evidence
    assert kind_of(differs(6, 8), events=(sale,), agreed_quantity=9) == "second writer"
    before = event(quantity=2, by="market", minute=-1)
    assert kind_of(differs(6, 8), events=(before,), agreed_quantity=10) == "second writer"


def test_an_update_of_ours_whose_difference_was_taken_twice() -> None:
    cause = cause_of(differs(6, 8), written=update(10, 8), agreed_quantity=8)
    assert (cause.kind, cause.confidence) == ("applied twice", 0.8)
    assert cause.evidence == (
        "update #881 from 10 to 8 was verified at 2026-11-23T11:59:00.000Z, and shop shows 6: 2 "
        "less once more"
    )
    assert kind_of(differs(5, 8), written=update(10, 8), agreed_quantity=8) == "second writer"
    moved_on = kind_of(differs(6, 7), written=update(10, 8), agreed_quantity=8)
    assert moved_on == "second writer"


def test_an_order_on_the_channel_that_its_reading_never_fell_by() -> None:
    sale = event(quantity=2, minute=1, order="S-1")
    cause = cause_of(differs(10, 8), events=(sale,), agreed_quantity=10)
    assert (cause.kind, cause.confidence) == ("never applied", 0.9)
    assert cause.evidence == (
        "shop's order S-1 of 2 at 2026-11-23T12:01:00.000Z never lowered what shop shows: it still "
        "showed 10 at 2026-11-23T12:05:00.000Z and should show 8"
    )


def test_none_of_several_orders_was_ever_applied() -> None:
    sales = (event(quantity=2, minute=1), event(minute=2), event(minute=3))
    cause = cause_of(differs(10, 6), events=sales, agreed_quantity=10)
    assert cause.kind == "never applied"
    assert cause.evidence.endswith("; 3 orders, 4 in all")
    one_of_them = cause_of(differs(8, 6), events=sales, agreed_quantity=10)
    assert "shop-1" in one_of_them.evidence


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"agreed_quantity": 11}, "the reading has moved by 1"),
        ({"agreed_quantity": None}, "it never agreed"),
        ({"as_of": at(1)}, "it was not read since"),
        ({"events_whole": False}, "there are more events than we look at"),
        ({"truth_quantity": 9}, "the target is not what we compute"),
    ],
)
def test_never_is_reported_only_where_the_books_are_even(
    changed: dict[str, object], why: str
) -> None:
    sale = event(quantity=2, minute=1)
    known: dict[str, object] = {"events": (sale,), "agreed_quantity": 10}
    assert kind_of(differs(10, 8), **(known | changed)) != "never applied", why


def test_another_kind_or_another_channel_is_no_order_that_the_channel_should_have_taken() -> None:
    held = event(EventKind.HELD, 2, minute=1)
    assert kind_of(differs(10, 8), events=(held,), agreed_quantity=10) == "unexplained"
    theirs = event(quantity=2, by="market", minute=1)
    assert kind_of(differs(10, 8), events=(theirs,), agreed_quantity=10) == "unexplained"


def test_an_unseen_order_of_its_own_that_it_was_read_after_is_never_applied() -> None:
    own = event(quantity=2, minute=1, unseen=True)
    facts = {"truth_quantity": 10, "agreed_quantity": 10, "events": (own,)}
    assert kind_of(differs(10, 8), **facts) == "never applied"
    assert kind_of(differs(10, 8), **facts, as_of=at(1)) == "in flight"


def test_an_update_of_ours_is_part_of_the_books() -> None:
    sale = event(quantity=2, minute=1)
    ours = update(10, 9, minute=0)
    known = {"agreed_quantity": 10, "events": (sale,), "written": ours, "written_since": (ours,)}
    assert kind_of(differs(9, 7), **known) == "never applied"
    failed = update(10, 9, CorrectionStatus.NOT_APPLIED, minute=0)
    known |= {"written": failed, "written_since": (failed,)}
    assert kind_of(differs(9, 7), **known) == "unexplained"


def test_the_echo_of_our_own_write_is_no_event_of_the_channels() -> None:
    ours = update(10, 8, minute=0)
    echo = event(EventKind.ADJUSTED, -2, minute=0.1)
    known = {"agreed_quantity": 10, "written": ours, "written_since": (ours,), "events": (echo,)}
    assert kind_of(differs(6, 8), **known) == "applied twice"


def test_never_comes_before_lag_where_the_channel_needs_no_telling() -> None:
    sale = event(quantity=2, minute=1)
    earlier = {"earlier_target_since": at(-9), "earlier_target_until": at(1)}
    known = {"events": (sale,), "agreed_quantity": 10, **earlier}
    assert kind_of(differs(10, 8), **known) == "never applied"
    assert kind_of(differs(10, 7), **known) == "lag"


def test_less_than_nothing_is_oversold_where_no_event_says_more() -> None:
    under = differs(-2, 0, kind=Kind.NEGATIVE)
    cause = cause_of(under, agreed_quantity=0)
    assert (cause.kind, cause.confidence) == ("oversold", 0.8)
    sale = event(quantity=2, repeats=1)
    twice = differs(-2, 0, kind=Kind.NEGATIVE)
    assert kind_of(twice, events=(sale,), agreed_quantity=2) == "applied twice"


def test_where_the_target_is_made_of_what_is_on_hand_an_order_never_moves_it() -> None:
    on_hand = Policy("*", made_of=Figure.ON_HAND)
    sale = event(quantity=2, minute=1)
    known = {"truth_quantity": 8, "truth_on_hand": 8, "agreed_quantity": 10, "events": (sale,)}
    assert kind_of(differs(10, 8), **known) == "never applied"
    assert kind_of(differs(10, 8), on_hand, **known) == "unexplained"
