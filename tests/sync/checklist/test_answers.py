"""The six questions: red exactly where the measured behaviour contradicts the settings."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from store.checklist.values import ChannelBehaviour, Measured, OpenCount, Sales, Spans
from store.event_kinds import EventKind
from store.model import Direction, Freshness, Kind, State, Status
from sync import checklist
from sync.channels.abilities import Abilities
from sync.checklist import mismatches, states
from sync.checklist.case import Answer, ChecklistCase, delay_text, span
from sync.config.load import decode
from sync.settings import Settings

TRUTH, EVENTS, WAYS, ORDER, MISMATCHES, STATES = range(6)
NOW = 1_700_000_000_000
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

CONFIGURATION = """
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
lag = "10s"
[channels.shop]
kind = "simulated"
url = "http://127.0.0.1:9/shop"
token = { env = "SHOP_KEY" }
direction = "push"
buffer = 2
states = ["active", "disabled"]
[channels.market]
kind = "csv"
path = "market.csv"
"""


def settings(text: str = CONFIGURATION, **shop: Any) -> Settings:
    """The configuration, with some of the shop's settings replaced."""
    made = decode(tomllib.loads(text), source="skew.toml", base=Path(), environ=None)
    changed = msgspec.structs.replace(made.channels["shop"], **shop)
    return msgspec.structs.replace(made, channels={**made.channels, "shop": changed})


def case(
    given: Settings | None = None,
    *,
    able: Mapping[str, Mapping[str, Any]] | None = None,
    ignored: int = 0,
    **behaviour: Mapping[str, Any],
) -> ChecklistCase:
    """What was measured, by channel over a healthy one; `able` replaces what they can do."""
    channels = []
    for name in ("warehouse", "shop", "market"):
        healthy: dict[str, Any] = {
            "name": name, "freshness": Freshness.FRESH, "age_ms": 12 * SECOND, "good": 100,
        }  # fmt: skip
        channels.append(ChannelBehaviour(**(healthy | dict(behaviour.get(name, {})))))
    measured = Measured(NOW, NOW - HOUR, tuple(channels), ignored)
    made = checklist.case(given or settings(), measured)
    can = {
        name: replaced(abilities, (able or {}).get(name, {}))
        for name, abilities in made.abilities.items()
    }
    return ChecklistCase(made.settings, can, made.measured)


def replaced(abilities: Abilities, changes: Mapping[str, Any]) -> Abilities:
    fields = {name: getattr(abilities, name) for name in Abilities.__slots__}
    return Abilities(**(fields | dict(changes)))


def red(of: ChecklistCase) -> dict[int, str]:
    """What is wrong, by the question's number."""
    answers = checklist.answers(of)
    return {
        number: " ".join(answer.wrong) for number, answer in enumerate(answers) if not answer.ok
    }


def evidence(of: ChecklistCase, question: int) -> str:
    answers = checklist.answers(of)
    return "\n".join(answers[question].evidence)


def spans(p95_ms: int, count: int = 100) -> Spans:
    return Spans(count, p95_ms // 2, p95_ms)


def test_there_are_six_questions_and_each_is_answered_from_the_configuration_alone() -> None:
    answers = checklist.answers(checklist.case(settings(), None))
    assert [answer.question.partition(" ")[0] for answer in answers] == [
        "Which", "Which", "Is", "What", "How", "Are",
    ]  # fmt: skip
    assert all(answer.ok and answer.answer and answer.evidence for answer in answers)


def test_a_healthy_week_is_red_nowhere() -> None:
    assert red(case()) == {}


OVERDUE = (
    "2 events of shop are still missing from the authority's readings after [events] unseen_after "
    "= 1h; the oldest is 5 h old"
)
LATE = (
    "channels.warehouse.lag = 10s: 5 % take over 10 s. A raise may sell again what was just sold: "
    'set lag = "11s"'
)
SILENT = "shop is set up to report its events but reported none, while 20 readings of it changed"
STALE = "warehouse is stale: last read 4 h ago, and channels.warehouse.stale_after is 3m"
SMALL = {"oversold": 1, "shown": spans(MINUTE), "sold_elsewhere": Sales(9, 90, HOUR)}
RED: list[tuple[int, dict[str, Any], str]] = [
    (TRUTH, {"warehouse": {"freshness": Freshness.STALE, "age_ms": 4 * HOUR}}, STALE),
    (
        TRUTH,
        {"warehouse": {"freshness": Freshness.NEVER, "age_ms": None}},
        "was never read: there is nothing to compare with",
    ),
    (
        TRUTH,
        {"warehouse": {"freshness": Freshness.QUARANTINED}},
        "until a person accepts it",
    ),
    (EVENTS, {"able": {"shop": {"events": True}}, "shop": {"moved": 20}}, SILENT),
    (EVENTS, {"shop": {"reports_events": True, "overdue": 2, "overdue_ms": 5 * HOUR}}, OVERDUE),
    (WAYS, {"shop": {"frozen": 1}}, "1 listing of shop is frozen"),
    (ORDER, {"shop": {"odd": {"conflict": 2}}}, "shop sent 2 events again with other content"),
    (ORDER, {"warehouse": {"included": spans(MINUTE), "overlooked": spans(10_000)}}, LATE),
    (MISMATCHES, {"shop": SMALL}, "channels.shop.buffer = 2 is below the 3 that"),
]


@pytest.mark.parametrize(("question", "given", "words"), RED)
def test_what_contradicts_the_settings_is_red(
    question: int, given: dict[str, Any], words: str
) -> None:
    found = red(case(**given))
    assert list(found) == [question]
    assert words in found[question]


NOT_RED: list[dict[str, Any]] = [
    {"warehouse": {"freshness": Freshness.FAILING, "failed": 3}},
    {"shop": {"freshness": Freshness.STALE}, "market": {"freshness": Freshness.NEVER}},
    {"able": {"shop": {"events": True}}, "shop": {"moved": 19}},
    {"able": {"shop": {"events": True}}, "shop": {"moved": 20, "reports_events": True}},
    {"able": {"shop": {"events": False}}, "shop": {"moved": 20}},
    {"able": {"warehouse": {"events": True}}, "warehouse": {"moved": 20, "included": spans(1)}},
    {"shop": {"fought": {"second writer": 1}, "changed_back": 2}},
    {"market": {"frozen": 1}},
    {"shop": {"odd": {"repeat": 50, "late": 9, "out of order": 7, "refused": 4}}},
    {"warehouse": {"included": spans(HOUR), "overlooked": spans(9_999)}},
    {"warehouse": {"included": spans(HOUR), "overlooked": spans(HOUR, count=19)}},
    {"shop": {"overlooked": spans(HOUR)}},
    {"shop": {"shown": spans(HOUR), "followed": spans(HOUR)}},
    {"shop": {"shown": spans(MINUTE), "sold_elsewhere": Sales(9, 90, HOUR)}},
    {"shop": {"oversold": 1, "shown": spans(MINUTE), "sold_elsewhere": Sales(9, 60, HOUR)}},
    {"shop": {"oversold": 1}},
    {"market": {"oversold": 1, "sold_elsewhere": Sales(9, 900, HOUR)}},
    {"shop": {"states": {"hold": 4}}},
]


@pytest.mark.parametrize("given", NOT_RED)
def test_what_comes_near_it_is_not_red(given: dict[str, Any]) -> None:
    assert red(case(**given)) == {}


def test_a_two_way_channel_that_is_fought_over_is_red_and_a_pushed_one_is_not() -> None:
    two_way = settings(direction=Direction.TWO_WAY, flows={"quantity": "in", "state": "out"})
    quiet = case(two_way)
    assert red(quiet) == {}
    assert checklist.answers(quiet)[WAYS].answer == (
        "it is two-way, as configured: shop (quantity in, state out)"
    )
    fought = red(case(two_way, shop={"fought": {"loop": 1, "second writer": 2}}))
    assert list(fought) == [WAYS]
    assert "second writer 2, loop 1" in fought[WAYS]


@pytest.mark.parametrize(
    ("writes", "when_out", "is_red"),
    [
        (("quantity", "state"), "disable", False),
        (("quantity",), "sold-out", False),
        (("quantity",), "disable", True),
    ],
)
def test_when_out_is_red_where_no_state_is_written(
    writes: tuple[str, ...], when_out: str, *, is_red: bool
) -> None:
    given = settings(when_out=when_out)
    found = red(case(given, able={"shop": {"writes": writes}}))
    assert found == {} if not is_red else list(found) == [STATES]


def test_an_authority_that_the_cache_does_not_know_yet_is_red_once_something_was_measured() -> None:
    shop = ChannelBehaviour(name="shop", freshness=Freshness.FRESH, age_ms=0)
    known = checklist.case(settings(), Measured(NOW, NOW - HOUR, (shop,)))
    assert red(known) == {TRUTH: "warehouse was never polled: there is nothing to compare with"}


def test_every_authority_of_a_rule_is_looked_at() -> None:
    text = CONFIGURATION.replace(
        'quantity = "warehouse"',
        'quantity = "warehouse"\n[[authority.rules]]\nskus = "DS-*"\nquantity = "market"',
    )
    stale = {"freshness": Freshness.STALE}
    found = red(case(settings(text), market=stale))
    assert "market is stale" in found[TRUTH]
    assert "SKUs DS-*: quantity market" in evidence(case(settings(text)), TRUTH)


def test_each_kind_of_event_is_reported_with_what_it_moves() -> None:
    lines = evidence(case(), EVENTS).splitlines()
    assert lines[-len(EventKind) :] == [
        "ordered: available −, committed +",
        "cancelled: available +, committed −",
        "shipped: committed −, on hand −",
        "return received: unavailable +, on hand +",
        "restocked: available +, unavailable −",
        "received: available +, on hand +",
        "adjusted: available ±, on hand ±",
        "held: available −, unavailable +",
        "released: available +, unavailable −",
    ]


def test_who_reports_events_is_reported_of_each_channel() -> None:
    lines = evidence(
        case(
            able={"shop": {"events": True}},
            shop={"reports_events": True, "kinds": {"cancelled": 2, "ordered": 10}},
            market={"reports_events": True},
        ),
        EVENTS,
    )
    assert "shop reports its events; in the last 7 days 12: ordered 10, cancelled 2" in lines
    assert "market reports none itself; they are imported" in lines
    assert "warehouse reports no events: what moves there is known only from its readings" in lines
    assert "market reports no events: its sales are known only from its readings" in evidence(
        case(), EVENTS
    )


@pytest.mark.parametrize(
    ("pieces", "lag_ms", "justified"),
    [(0, MINUTE, 0), (1, MINUTE, 1), (30, MINUTE, 1), (31, MINUTE, 2), (60, HOUR, 61)],
)
def test_the_justified_buffer_is_what_sells_until_the_channel_knows(
    pieces: int, lag_ms: int, justified: int
) -> None:
    sales = Sales(1, pieces, HOUR)
    assert mismatches.justified_buffer(sales, every_ms=MINUTE, lag_ms=lag_ms) == justified


def test_the_buffer_is_reported_beside_the_justified_one_or_why_that_is_not_known() -> None:
    sold = case(shop={"shown": spans(MINUTE), "sold_elsewhere": Sales(9, 90, HOUR)})
    assert (
        "channels.shop.buffer = 2, justified 3: of 9 SKUs that sold elsewhere, fast ones sold "
        "90 pieces in 1 h; read every 1m, a lag of 1 min" in evidence(sold, MISMATCHES)
    )
    assert "because no other channel reports its sales as events" in evidence(
        case(shop={"reports_events": True}), MISMATCHES
    )
    assert "nothing sold on other channels" in evidence(
        case(market={"reports_events": True}), MISMATCHES
    )


def test_a_settle_that_is_shorter_than_the_channel_follows_is_reported() -> None:
    late = case(settings(settle_reduce_ms=30 * SECOND), shop={"followed": spans(MINUTE)})
    lines = evidence(late, ORDER)
    assert "channels.shop.settle.reduce = 30s is shorter" in lines
    assert "channels.shop.settle.raise = 0s is shorter" in lines
    enough = settings(settle_reduce_ms=MINUTE, settle_raise_ms=MINUTE)
    assert "is shorter" not in evidence(case(enough, shop={"followed": spans(MINUTE)}), ORDER)


def test_disagreements_and_updates_are_added_up_over_the_channels() -> None:
    lines = evidence(
        case(
            shop={
                "open": (
                    OpenCount(Kind.QUANTITY, Status.OPEN, 3),
                    OpenCount(Kind.STATE, Status.UNKNOWN, 1),
                ),
                "ended": {"verified": 5, "superseded": 9},
                "closed": spans(MINUTE),
            },
            market={"open": (OpenCount(Kind.UNLISTED, Status.OPEN, 2),), "ended": {"failed": 1}},
            ignored=7,
        ),
        MISMATCHES,
    )
    assert (
        "now 6 disagreements (5 open, 0 settling, 1 unknown): quantity 3, unlisted 2, state 1; "
        "7 more ignored by a rule" in lines
    )
    assert "updates ended 5 verified, 1 failed, 0 not applied, 0 unknown" in lines
    assert (
        "shop: from first seen to closed: typical delay 30 s, 95 % within 1 min (100 disagreements)"
        in lines
    )


@pytest.mark.parametrize(
    ("state", "expressed", "becomes"),
    [
        (State.HOLD, {State.HOLD}, "itself"),
        (State.HOLD, {State.ACTIVE}, "nothing for sale"),
        (State.DISABLED, set(), "nothing for sale"),
        (State.ARCHIVED, set(), "nothing for sale"),
        (State.PREORDER, set(), "the quantity that the policy allots"),
        (State.BACKORDER, {State.ACTIVE}, "the quantity that the policy allots"),
    ],
)
def test_a_state_that_cannot_be_expressed_collapses(
    state: State, expressed: set[State], becomes: str
) -> None:
    assert states.collapse(state, frozenset(expressed)) == becomes


def test_states_that_nobody_compares_are_reported() -> None:
    lines = evidence(case(shop={"states": {"hold": 4, "active": 90}}), STATES)
    assert (
        "shop shows states that are never compared, because warehouse reports none: hold 4" in lines
    )
    assert "never compared" not in evidence(case(shop={"states": {"active": 90}}), STATES)


@pytest.mark.parametrize(
    ("span_ms", "words"),
    [
        (0, "0 s"), (400, "0.4 s"), (2000, "2 s"), (59_999, "60 s"), (90_000, "1.5 min"),
        (HOUR, "1 h"), (36 * HOUR, "1.5 d"), (14 * 24 * HOUR, "14 d"),
    ],
)  # fmt: skip
def test_a_span_has_one_unit_and_no_more_figures_than_one_reads(span_ms: int, words: str) -> None:
    assert span(span_ms) == words


def test_lateness_says_of_how_many_it_is() -> None:
    assert delay_text(Spans(1200, 400, MINUTE), "event") == (
        "typical delay 0.4 s, 95 % within 1 min (1,200 events)"
    )


def test_an_answer_is_right_until_something_is_wrong() -> None:
    assert Answer("?", "yes", ()).ok
    assert not Answer("?", "yes", (), ("no",)).ok
