import pytest

from console.keys import ACTIONS
from console.keys.action import PageName
from console.text.format import plain_times, wrap
from console.text.looks.sparkline import sparkline
from console.tui.drawing.tones import Tone
from console.tui.session.state import ConsoleState, refusals
from console.tui.views.header import ConsoleStatus, Mode, header, legend
from console.tui.views.sku import sku_detail
from store.decision import Decision
from store.model import Status
from store.queries.values import Overview
from store.reasons import Reason
from tests.console.reports.test_tables import disagreement
from tests.console.small_shop import NOW, IdleEngine, StillClock

OVERVIEW = Overview(
    skus=12_408,
    open=49,
    settling=3,
    unknown=1_920,
    oversell=37,
    oversell_units=142,
    oversell_money=1_230.4,
    undersell=12,
    undersell_units=60,
    undersell_money=800.0,
    channels=7,
    channels_stale=2,
    pending=9,
    incidents=1,
    errors_5m=0,
    newest_reading_at=NOW - 400,
)


def standing(mode: Mode = Mode.LIVE) -> ConsoleStatus:
    return ConsoleStatus("acme-eu", mode, "engine here", True, "ana", False)


def test_the_header_tells_health_in_one_line() -> None:
    text = header(standing(), OVERVIEW, now=NOW, width=160, brief=False).plain

    for word in (
        *("skew acme-eu", "● LIVE", "oversell ▲37", "142u 1,230", "undersell ▼12"),
        *("unknown 1,920", "stale 2/7", "pending 9", "errors/5m 0", "ana", "RW", "14:02:11Z"),
    ):
        assert word in text
    assert len(text) == 160


@pytest.mark.parametrize("width", [40, 60, 80, 100, 132, 200])
def test_a_header_of_any_width_keeps_what_matters_most(width: int) -> None:
    text = header(standing(), OVERVIEW, now=NOW, width=width, brief=width < 110).plain

    assert "▲37" in text or width < 60
    assert "LIVE" in text
    assert len(text) <= max(width, 45)


@pytest.mark.parametrize("mode", list(Mode))
def test_the_mode_is_always_told_in_a_word(mode: Mode) -> None:
    assert mode in header(standing(mode), None, now=NOW, width=80, brief=True).plain


def session(engine: IdleEngine | None) -> ConsoleState:
    return ConsoleState("acme", StillClock(), "ana", engine is None, engine, lambda: None)


def test_an_attached_console_names_who_runs_the_engine() -> None:
    engine = IdleEngine()
    engine.mode = "attached"
    engine.followed = ("skew daemon on box (71)",)

    held = session(engine)
    held.log_engine()

    assert held.status().engine == "attached"
    assert held.log[0].text.startswith("attached: skew daemon on box (71) collects")

    engine.mode = "running"
    held.log_engine()
    assert held.log[0].text == "the other engine has gone: this one collects now"
    held.log_engine()
    assert len(held.log) == 2


def test_an_engine_that_came_and_went_between_two_looks_is_told_once() -> None:
    engine = IdleEngine()
    held = session(engine)
    held.log_engine()
    assert list(held.log) == []

    engine.followed = ("ben", "skew daemon on box (71)")
    held.log_engine()
    held.log_engine()

    assert [line.text for line in reversed(held.log)] == [
        "attached: ben collects, you decide here",
        "attached: skew daemon on box (71) collects, you decide here",
        "the other engine has gone: this one collects now",
    ]


def test_a_console_that_only_looks_is_disconnected_where_no_engine_runs() -> None:
    status = session(None).status()

    assert status.mode is Mode.DISCONNECTED
    assert status.engine.startswith("no engine")


def test_the_log_tells_the_newest_first_and_never_overflows() -> None:
    held = session(IdleEngine())
    held.say("the first")
    held.say("ana approved #880")
    held.last, held.held_until = (880,), NOW + 3_200

    assert held.line(80).plain == " 14:02:11 ana approved #880 (u undo, 4s) · 14:02:11 the first"
    assert len(held.line(30).plain) <= 30


def test_refusals_are_grouped_by_their_reason() -> None:
    decided = [Decision(1, ok=True), *(Decision(n, ok=False, why="it moved") for n in range(2, 7))]

    assert refusals(decided) == "#2, #3, #4 and 2 more: it moved"


def test_what_hardly_changes_stays_flat_and_a_peak_stands_out() -> None:
    assert sparkline([400, 402, 399], 5) == "▁▁▁  "
    assert sparkline([100, 100, 900], 3) == "▁▁█"
    assert sparkline([], 3) == "   "
    assert sparkline([0, 0], 2) == "▁▁"


def test_times_in_a_sentence_are_shortened() -> None:
    assert plain_times("since 2026-11-26T13:59:12.400Z", NOW) == "since 13:59:12Z"
    assert plain_times("since 2026-11-23T13:59:12.400Z", NOW) == "since 2026-11-23 13:59Z"


def test_text_is_wrapped_at_its_spaces_and_long_words_are_cut() -> None:
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("abcdefghij", 5) == ["abcd…"]
    assert wrap("", 5) == [""]


def test_the_words_of_a_legend_are_whole_as_far_as_there_is_room() -> None:
    actions = [action for action in ACTIONS if PageName.DISAGREEMENTS in action.on]

    def words(width: int) -> str:
        found = legend(width, narrow=True, read_only=False, able=(), actions=actions).plain
        assert len(found.rstrip()) <= width
        return found

    assert "a Appr r Rej z Snz" in words(79)
    assert "a Approve r Reject z Snooze" in words(110)


def test_an_incident_hides_not_at_once_what_a_key_has_come_to() -> None:
    clock = StillClock()
    found = ConsoleState("acme", clock, "ana", False, None, lambda: None)
    found.say("verified #1", Tone.OK)
    clock.at += 1_000
    found.say("market stale", Tone.BAD, aside=True)
    assert found.line(120).plain.split(" ", 2)[2].startswith("verified #1 ·")
    clock.at += 10_000
    assert found.line(120).plain.split(" ", 2)[2].startswith("market stale ·")


def test_a_disagreement_that_settles_says_so_once() -> None:
    row = disagreement(status=Status.SETTLING, reason=Reason.SETTLING, decidable_at=NOW)
    text = sku_detail._disagreement(row, NOW, 120).plain
    assert text.count("settling") == 1
    assert "wait until 14:02Z" in text
