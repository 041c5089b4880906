"""What channels announce is one incident each, which ends when it ceases."""

import pytest

from sync.engine.watches.notices import NoticeWatch
from sync.polling.expiry import DAY_MS
from sync.transport.budgets.base import UNLIMITED
from sync.transport.call import Call
from sync.transport.redaction import Redactor
from tests.sync.scripted_channel import Bench, changed

OLD = {"deprecation": "@1688169599", "sunset": "Fri, 31 Dec 2027 23:59:59 GMT"}
WORDS = "GET /items is deprecated since 2023-06-30 and ends on 2027-12-31"


def _answers(bench: Bench, headers: dict[str, str]) -> None:
    meter = bench.channel_state["shop"].meter
    url = "http://shop.test/items"
    call = Call("GET", url, {}, None, None, None, None, True, (), lambda _: None, UNLIMITED)
    meter.notices.note(call, headers, Redactor())
    meter.note(headers, 200, bench.clock.now())


async def _look(bench: Bench, watch: NoticeWatch) -> list[tuple[str | None, str, str]]:
    await watch.look(bench.channel_state.values())
    return bench.open_incidents()


async def test_a_deprecation_is_raised_once_and_resolved_when_it_ceases(bench: Bench) -> None:
    watch = NoticeWatch(bench.context)
    assert await _look(bench, watch) == []
    _answers(bench, OLD)
    for _ in range(3):
        assert await _look(bench, watch) == [("shop", "deprecation", WORDS)]
    assert bench.database.read(_counts) == [1]

    # Another engine knows of it, and an answer shows whether it is still so.
    other = NoticeWatch(bench.context)
    bench.channel_state["shop"].meter.headers = None
    assert await _look(bench, other) == [("shop", "deprecation", WORDS)]
    _answers(bench, OLD)
    assert await _look(bench, other) == [("shop", "deprecation", WORDS)]
    assert bench.database.read(_counts) == [1]

    _answers(bench, {})
    assert await _look(bench, other) == []


@pytest.mark.parametrize("by", ["file", "token"])
async def test_credentials_that_end_are_one_incident_whose_days_count_down(
    bench: Bench, by: str
) -> None:
    state = bench.channel_state["shop"]
    end = bench.clock.now() + 40 * DAY_MS
    if by == "file":
        settings = changed(bench.settings, "shop", credentials_expire_at=end)
        state.settings = settings.channels["shop"]
    else:
        state.meter.notices.credential_ends["SHOP_REFRESH"] = end
    watch = NoticeWatch(bench.context)
    assert await _look(bench, watch) == []
    for days in (30, 29, 28):
        bench.clock.at = end - days * DAY_MS
        [(channel, kind, words)] = await _look(bench, watch)
        assert (channel, kind) == ("shop", "expiring")
        assert f", in {days} days: " in words
    assert bench.database.read(_counts) == [1]

    bench.clock.at = end
    [(_, _, words)] = await _look(bench, watch)
    assert "ended on" in words
    assert bench.database.read(_counts) == [2], "that it has ended is news"

    state.meter.notices.credential_ends.clear()
    state.settings = bench.settings.channels["shop"]
    assert await _look(bench, watch) == []


def _counts(connection: "object") -> list[int]:
    rows = connection.execute(  # type: ignore[attr-defined]
        "SELECT count FROM incidents WHERE closed_at IS NULL"
    )
    return [count for (count,) in rows]
