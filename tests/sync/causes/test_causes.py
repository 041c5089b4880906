"""The other predictors: what the course of things proves, what only a peers shows, what is rest."""

import re
from pathlib import Path

import pytest

from store.causes.facts import (
    ChannelPeers,
    SiblingListing,
    Update,
)
from store.event_kinds import EventKind
from store.model import CorrectionStatus, Kind, Status
from store.reasons import Reason
from sync.causes.explain import PREDICTORS
from sync.causes.kinds import KINDS
from tests.sync.cause_case import SINCE, at, cause_of, differs, event, kind_of, update

LATE = {"earlier_target_since": at(-9), "earlier_target_until": at(-2)}


def test_the_predictors_stand_in_the_order_that_is_documented() -> None:
    assert [predictor.__name__ for predictor in PREDICTORS] == [
        "structural", "_untrusted", "frozen", "turned_back", "in_flight", "late_update",
        "moved_together",
        "unheard_sale", "lag", "applied_twice", "never_applied", "oversold", "second_writer",
        "not_applied", "buffer", "unit_of_measure", "mapping",
        "shared_pool",
    ]  # fmt: skip


def test_every_cause_that_is_reported_is_one_of_the_kinds_that_are_known() -> None:
    files = [*Path("sync/causes").glob("*.py"), Path("sync/causes/explain.py")]
    sources = "".join(file.read_text(encoding="utf-8") for file in files)
    told_of = {*re.findall(r'Cause\(\s*"([^"]+)"', sources), "loop"}
    told_of |= {Kind.MISSING, Kind.UNLISTED, Kind.DUPLICATE}

    assert told_of == set(KINDS)


def test_what_cannot_be_trusted_is_not_explained() -> None:
    stale = differs(10, 8, status=Status.UNKNOWN, reason=Reason.CHANNEL_STALE)
    cause = cause_of(stale, **LATE)
    assert (cause.kind, cause.evidence) == (
        "not trusted", "channel stale: the last good reading is shown",
    )  # fmt: skip


def test_the_target_of_before_is_lag_since_when() -> None:
    cause = cause_of(differs(10, 8), **LATE, polls_since_moved=3)
    assert (cause.kind, cause.confidence) == ("lag", 0.9)
    assert cause.evidence == (
        "still shows the old target (valid until 2026-11-23T11:58:00.000Z, 12 min ago); "
        "unchanged in 3 polls since"
    )


def test_lag_comes_before_an_order_taken_off_twice() -> None:
    sale = event(quantity=2)
    twice = {"events": (sale,), "agreed_quantity": 10}
    assert kind_of(differs(6, 8), **twice, **LATE) == "lag"
    assert kind_of(differs(6, 8), **twice) == "applied twice"


def test_a_channel_that_took_an_update_since_is_not_late() -> None:
    taken = update(10, 8, CorrectionStatus.NOT_APPLIED)
    cause = cause_of(differs(10, 8), **LATE, last=taken, written=taken)
    assert (cause.kind, cause.confidence) == ("not applied", 1.0)
    assert cause.evidence == (
        "update #881 was accepted at 2026-11-23T11:59:00.000Z, but shop still shows 10"
    )
    long_ago = update(12, 10, CorrectionStatus.NOT_APPLIED, minute=-5)
    assert kind_of(differs(10, 8), **LATE, last=long_ago) == "lag"


def test_an_update_that_moved_it_somewhere_was_applied() -> None:
    taken = update(10, 8, CorrectionStatus.NOT_APPLIED)
    assert kind_of(differs(9, 8), last=taken) == "unexplained"
    failed = update(10, 8, CorrectionStatus.FAILED)
    assert kind_of(differs(10, 8), last=failed) == "unexplained"


def test_a_state_that_was_not_applied_is_reported_as_a_state() -> None:
    disagreement = differs(3, None, kind=Kind.STATE, state="active", target_state="disabled")
    taken = Update(
        9, CorrectionStatus.NOT_APPLIED, 3, "active", 3, "disabled", at(-1), at(-1)
    )  # fmt: skip
    assert cause_of(disagreement, last=taken).evidence.endswith("shop still shows active")


def test_a_frozen_cell_has_a_second_writer_or_is_in_a_loop() -> None:
    frozen = {"frozen_at": at(-1), "frozen_why": "something set it back to 10; `skew unfreeze` …"}
    cause = cause_of(differs(10, 8), **frozen, **LATE)
    assert (cause.kind, cause.confidence) == ("second writer", 1.0)
    assert cause.evidence == (
        "frozen since 2026-11-23T11:59:00.000Z: something set it back to 10; `skew unfreeze` …"
    )
    assert kind_of(differs(10, 8), **frozen, in_loop=True) == "loop"


def test_a_frozen_cell_that_an_update_of_another_sku_sets_is_in_a_pool() -> None:
    frozen = {"frozen_at": at(-1), "frozen_why": "update #7 of SKU B set it back"}
    assert kind_of(differs(10, 8), **frozen, in_pool=True) == "shared pool"


def test_where_all_of_its_move_is_known_nothing_is_unexplained() -> None:
    sold = event(quantity=1)
    cause = cause_of(differs(9, 10), agreed_quantity=10, events=(sold,))
    assert cause.kind == "in flight"
    assert "explain all of its move from 10 to 9" in cause.evidence
    assert "unexplained" not in cause.evidence


def test_what_changed_by_no_event_and_no_update_has_a_second_writer() -> None:
    cause = cause_of(differs(31, 14, observed_at=at(2)), agreed_quantity=14)
    assert (cause.kind, cause.confidence) == ("second writer", 0.8)
    assert cause.evidence == (
        "shop agreed at 14 and has shown 31 since 2026-11-23T12:02:00.000Z; no event and no update "
        "of ours explains it"
    )


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"agreed_quantity": None}, "it never agreed"),
        ({"agreed_quantity": 31}, "it has not changed"),
        ({"events": (event(quantity=1),)}, "there is an event, though it explains only part of it"),
        ({"written_since": (update(14, 20, minute=1),)}, "we wrote there"),
        ({"events_whole": False}, "there are more events than we look at"),
    ],
)
def test_a_second_writer_is_reported_only_where_nothing_else_is_known(
    changed: dict[str, object], why: str
) -> None:
    known: dict[str, object] = {"agreed_quantity": 14}
    assert kind_of(differs(31, 14), **(known | changed)) == "unexplained", why


def test_corrected_before_and_changed_back_is_in_the_evidence() -> None:
    cause = cause_of(differs(31, 14), agreed_quantity=14, written=update(31, 14))
    assert (cause.kind, cause.confidence) == ("second writer", 0.95)
    assert "back to what it was before update #881" in cause.evidence
    other = cause_of(differs(30, 14), agreed_quantity=14, written=update(31, 14))
    assert (other.kind, other.confidence) == ("second writer", 0.8)


def test_an_adjustment_on_the_channel_that_is_none_of_ours_has_a_second_writer() -> None:
    by_hand = event(EventKind.ADJUSTED, 17, minute=1)
    cause = cause_of(differs(31, 14), agreed_quantity=14, events=(by_hand,))
    assert (cause.kind, cause.confidence) == ("second writer", 0.9)
    assert "shop's adjustment shop-1 of 17" in cause.evidence
    part = event(EventKind.ADJUSTED, 16, minute=1)
    assert kind_of(differs(31, 14), agreed_quantity=14, events=(part,)) == "unexplained"


def test_without_events_a_rise_is_likelier_a_second_writer_than_a_fall() -> None:
    rose = cause_of(differs(31, 14), agreed_quantity=14, reports_events=False)
    fell = cause_of(differs(13, 14), agreed_quantity=14, reports_events=False)
    assert (rose.kind, rose.confidence) == ("second writer", 0.5)
    assert (fell.kind, fell.confidence) == ("second writer", 0.4)
    assert "a sale that only it knows" in fell.evidence


def test_a_state_that_somebody_changed_has_a_second_writer() -> None:
    disagreement = differs(3, None, kind=Kind.STATE, state="active", target_state="disabled")
    assert kind_of(disagreement, agreed_state="disabled") == "second writer"
    assert kind_of(disagreement, agreed_state="active") == "unexplained"
    ours = Update(9, CorrectionStatus.VERIFIED, 3, "active", 3, "disabled", at(-1), at(-1))
    cause = cause_of(disagreement, agreed_state="disabled", written=ours)
    assert cause.confidence == 0.95


def test_a_second_writer_comes_before_a_common_offset() -> None:
    many = ChannelPeers(10, {2: 10})
    assert kind_of(differs(8, 10), peers=many, agreed_quantity=10) == "second writer"
    assert kind_of(differs(8, 10), peers=many) == "buffer"


def test_a_second_writer_is_not_reported_where_a_swap_or_a_shared_pool_says_more() -> None:
    assert kind_of(differs(31, 14), agreed_quantity=14, swapped_with="B") == "mapping"
    similar = {"changes": (9, 7, 6, 4), "siblings": (SiblingListing("market", 2, (9, 7, 6, 4)),)}
    assert kind_of(differs(4, 9), agreed_quantity=9, **similar) == "shared pool"
    back = update(31, 14)
    known = {"agreed_quantity": 14, "written": back, "swapped_with": "B"}
    assert kind_of(differs(31, 14), **known) == "second writer"


@pytest.mark.parametrize(
    ("peers", "found", "why"),
    [
        (ChannelPeers(10, {2: 5}), "buffer", "five, and half of all"),
        (ChannelPeers(5, {2: 5}), "buffer", "all of five"),
        (ChannelPeers(11, {2: 5}), "unexplained", "less than half"),
        (ChannelPeers(4), "unexplained", "fewer than five"),
        (ChannelPeers(10, {-2: 9}), "unexplained", "the others are off the other way"),
    ],
)
def test_a_common_offset_is_a_buffer(peers: ChannelPeers, found: str, why: str) -> None:
    assert kind_of(differs(8, 10), peers=peers) == found, why


def test_an_offset_tells_which_side_keeps_back() -> None:
    few = cause_of(differs(8, 10), peers=ChannelPeers(180, {2: 142}))
    assert few.evidence == (
        "142 of the 180 open quantity disagreements of shop show 2 too few, this one included: as "
        "if shop kept 2 back itself"
    )
    assert few.confidence == 0.79
    many = cause_of(differs(12, 10), peers=ChannelPeers(6, {-2: 6}))
    assert many.evidence.endswith("as if the settings kept 2 back and shop did not")


def packs(
    count: int, total: int, *, target_is_larger: bool = True, ratio: int = 12
) -> ChannelPeers:
    return ChannelPeers(total, {}, ratio, count, target_is_larger)


@pytest.mark.parametrize(
    ("shows", "should", "peers", "found"),
    [
        (2, 24, packs(8, 10), "unit of measure"),
        (2, 30, packs(8, 10), "unit of measure"),
        (24, 2, packs(8, 10, target_is_larger=False), "unit of measure"),
        (30, 2, packs(8, 10, target_is_larger=False), "unit of measure"),
        (3, 24, packs(8, 10), "unexplained"),
        (24, 2, packs(8, 10), "unexplained"),
        (2, 24, packs(4, 4), "unexplained"),
        (2, 24, packs(5, 11), "unexplained"),
        (24, 24 * 2, ChannelPeers(10, {24: 3}), "unexplained"),
    ],
)
def test_a_common_ratio_is_a_unit_of_measure(
    shows: int, should: int, peers: ChannelPeers, found: str
) -> None:
    assert kind_of(differs(shows, should), peers=peers) == found


def test_a_common_offset_comes_before_a_common_ratio() -> None:
    both = ChannelPeers(10, {22: 9}, 12, 10, target_is_larger=True)
    assert kind_of(differs(2, 24), peers=both) == "buffer"
    assert kind_of(differs(3, 36), peers=both) == "unit of measure"


def test_of_a_least_number_an_equal_one_tells_nothing() -> None:
    assert kind_of(differs(24, 2, at_least=True), peers=ChannelPeers(10, {-22: 9})) == "unexplained"
    assert kind_of(differs(31, 14, at_least=True), swapped_with="B") == "unexplained"
    assert cause_of(differs(100, 60, at_least=True)).evidence.startswith(
        "shows at least 100, at least 40 off the target"
    )


def test_two_skus_that_show_each_others_target_are_swapped() -> None:
    cause = cause_of(differs(31, 14), swapped_with="B")
    assert (cause.kind, cause.confidence) == ("mapping", 0.8)
    assert cause.evidence == (
        "A shows 31, the target of B, and B shows 14, the target of A; no other pair on shop does: "
        "they may be swapped there"
    )
    assert kind_of(differs(2, 24), swapped_with="B", peers=packs(8, 10)) == "unit of measure"
    assert kind_of(differs(-1, 14, kind=Kind.NEGATIVE), swapped_with="B") == "oversold"


def test_channels_that_have_always_shown_the_same_may_sell_from_one_pool() -> None:
    similar = {
        "changes": (9, 7, 6, 4),
        "siblings": (SiblingListing("market", 2, (12, 9, 7, 6, 4)),),
    }
    cause = cause_of(differs(4, 3), **similar)
    assert (cause.kind, cause.confidence) == ("shared pool", 0.8)
    assert cause.evidence == (
        "shop and market showed the same through 3 changes (9, 7, 6, 4), but should show 3 and 2: "
        "they may sell from one pool"
    )
    assert kind_of(differs(4, 3), **similar, swapped_with="B") == "mapping"


@pytest.mark.parametrize(
    ("sibling", "why"),
    [
        (SiblingListing("market", 3, (9, 7, 6, 4)), "the same target gives the same numbers"),
        (SiblingListing("market", None, (9, 7, 6, 4)), "it has no target"),
        (SiblingListing("market", 2, (7, 6, 4)), "only two changes"),
        (SiblingListing("market", 2, (9, 8, 6, 4)), "only the last two alike"),
        (SiblingListing("market", 2, (9, 7, 6, 5)), "not the same now"),
    ],
)
def test_less_than_three_changes_alike_are_no_shared_pool(
    sibling: SiblingListing, why: str
) -> None:
    assert kind_of(differs(4, 3), changes=(9, 7, 6, 4), siblings=(sibling,)) == "unexplained", why


def test_what_nothing_explains_is_reported_with_what_remains() -> None:
    assert cause_of(differs(31, 14)).evidence == (
        "shows 31, 17 off the target since 2026-11-23T12:00:00.000Z; no known cause fits"
    )
    sale = event(quantity=3, minute=1)
    part = cause_of(differs(31, 14), agreed_quantity=17, events=(sale,))
    assert (part.kind, part.confidence) == ("unexplained", 0.0)
    assert part.evidence.endswith(
        "it moved by +14 since it last agreed; events and updates there explain -3, +17 is "
        "unexplained"
    )


def test_a_disagreement_without_facts_has_no_cause() -> None:
    from store.model import Terms
    from sync.causes import explain

    assert explain.causes([differs(1, 2)], {}, Terms((), ()), now=SINCE) == {}
