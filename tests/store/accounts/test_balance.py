"""Conservation: closing − opening = known events + our own writes + what is unexplained."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.accounts import balance as balance_module
from store.accounts.balance import Balance
from store.corrections import decisions, lifecycle
from store.database import lease
from store.event_kinds import Event, EventKind
from store.model import Component, CorrectionStatus, Millis, Policy, Record, Terms
from store.polling import events, merge
from store.polling.events import EventOrigin
from store.queries import status_counts
from tests.long_run import examples
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, START, World, channel, stock, terms, warehouse, world

SECOND = 1000


def report(w: World, name: str, *batch: Event) -> None:
    """Events by themselves, a moment after whatever was before."""
    w.now += SECOND
    w.database.write(record_events, EventOrigin(name, w.now), batch, w.comparison)


def sold(event_id: str, at: Millis, quantity: int = 1, **more: str) -> Event:
    order = more.get("order")
    return Event(event_id, EventKind.ORDERED, more.get("sku", "A"), quantity, at, order=order)


def balance(
    w: World, name: str, sku: str = "A", *, since: Millis | None = None, until: Millis | None = None
) -> Balance:
    found = w.database.read(balance_module.balances, sku, since=since, until=until)
    return next(account for account in found if account.channel == name)


def sums(w: World, name: str, sku: str = "A") -> tuple[int, int, int]:
    account = balance(w, name, sku)
    return account.events, account.corrections, account.unexplained


def totals(w: World) -> dict[str, int]:
    return {
        channel.name: channel.unexplained or 0
        for channel in w.database.read(status_counts.channels, now=w.now)
    }


def counted_anew(connection: sqlite3.Connection) -> dict[str, int]:
    """Each channel's unexplained units, from its listings."""
    rows = connection.execute(
        """SELECT c.name, coalesce(sum(abs(l.available - l.opening - l.known)), 0)
        FROM channels c LEFT JOIN listings l ON l.channel_id = c.id GROUP BY c.id"""
    )
    return dict(rows.fetchall())


def known(connection: sqlite3.Connection, sku: str) -> dict[str, int]:
    rows = connection.execute(
        """SELECT c.name, l.known FROM items i JOIN listings l ON l.item_id = i.id
        JOIN channels c ON c.id = l.channel_id WHERE i.sku = ? AND l.opening IS NOT NULL""",
        (sku,),
    )
    return dict(rows.fetchall())


def corrected(w: World, shown: int) -> int:
    """Let the waiting proposal be approved, written and read back; the channel shows `shown`."""
    proposal = next(
        correction for correction in w.updates() if correction.status is CorrectionStatus.PROPOSED
    )
    seen = [(proposal.id, None)]
    w.database.write(
        decisions.approve, seen, who="ana", now=w.now, hold_ms=0, expires_ms=60 * MINUTE
    )
    w.database.write(lease.acquire, holder="t", token="t", now=w.now, span_ms=60 * MINUTE)
    w.now += SECOND
    w.database.write(lifecycle.begin_applying, [proposal.id], token="t", now=w.now)
    w.now += SECOND
    read_back(w, proposal.channel, Record(proposal.sku, shown, state="active"))
    w.now += SECOND
    w.database.write(
        lifecycle.finish, proposal.id, CorrectionStatus.VERIFIED, now=w.now, result="shown"
    )
    return proposal.id


def read_back(w: World, name: str, record: Record) -> None:
    place = [(record.sku, record.location)]
    w.database.write(
        merge.record_fresh, name, [record], (), place, w.comparison, now=w.now, own=True
    )


def test_a_first_reading_explains_itself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=7))
        assert balance(w, "shop").opening == balance(w, "shop").closing == 7
        assert totals(w) == {"warehouse": 0, "shop": 0}


def test_what_a_channel_reports_explains_its_fall_and_the_rest_is_unexplained(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        report(w, "shop", sold("1", w.now + SECOND, 2))
        assert sums(w, "shop") == (0, 0, 0), "no reading can show it yet"
        w.poll("shop", stock(A=5))
        assert sums(w, "shop") == (-2, 0, -3)
        assert totals(w)["shop"] == 3
        report(w, "shop", sold("2", w.now - SECOND, 3))
        assert sums(w, "shop") == (-5, 0, 0), "a late event explains, too"
        assert totals(w)["shop"] == 0


def test_a_rise_and_a_fall_do_not_cancel_out_in_a_channels_total(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=10, B=10))
        w.poll("shop", stock(A=8, B=13))
        assert totals(w)["shop"] == 5


def test_our_own_write_is_known_and_its_echo_is_not_counted_twice(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.poll("shop", stock(A=9))
        corrected(w, 4)
        assert sums(w, "shop") == (0, -5, 0)
        assert totals(w)["shop"] == 0
        adjusted = [Event(n, EventKind.ADJUSTED, "A", -5, w.now - 2 * SECOND) for n in ("1", "2")]
        report(w, "shop", adjusted[0])
        assert sums(w, "shop") == (0, -5, 0)
        assert totals(w)["shop"] == 0
        report(w, "shop", adjusted[1])
        assert sums(w, "shop") == (-5, -5, 5), "one write explains one adjustment"


def test_a_write_counts_with_what_it_added_to_what_was_shown_then(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=9))
        sale = w.now + SECOND
        w.poll("warehouse", stock(A=4))
        first = w.updates()[0]
        w.database.write(
            decisions.approve, [(first.id, None)], who="ana", now=w.now, hold_ms=0,
            expires_ms=60 * MINUTE,
        )  # fmt: skip
        w.poll("shop", stock(A=8))
        report(w, "shop", sold("1", sale))
        w.database.write(lease.acquire, holder="t", token="t", now=w.now, span_ms=60 * MINUTE)
        w.database.write(lifecycle.begin_applying, [first.id], token="t", now=w.now)
        w.now += SECOND
        read_back(w, "shop", Record("A", 4, state="active"))
        w.database.write(
            lifecycle.finish, first.id, CorrectionStatus.VERIFIED, now=w.now, result="shown"
        )
        assert sums(w, "shop") == (-1, -4, 0)


def test_at_the_authority_all_channels_sales_count_once_it_has_seen_them(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=8))
        w.poll("market", stock(A=7))
        sale, other = w.now + SECOND, w.now + 2 * SECOND
        report(w, "shop", sold("s1", sale, order="7"))
        report(w, "market", sold("m1", sale + 1, order="7"), sold("m2", other))
        assert sums(w, "warehouse") == (0, 0, 0)
        w.poll("warehouse", stock(A=9), as_of=sale + 1)
        w.poll("warehouse", stock(A=8))
        assert sums(w, "warehouse") == (-2, 0, 0)
        report(w, "warehouse", sold("w1", sale, order="7"))
        assert sums(w, "warehouse") == (-2, 0, 0), "the authority's report of an order counts alone"
        assert totals(w)["warehouse"] == 0


def test_an_authority_that_counts_in_boxes_has_its_account_in_boxes(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.reconfigure(terms(warehouse(policies=(Policy("*", units=6),)), channel("shop")))
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=60))
        report(w, "shop", sold("1", w.now + SECOND, 12))
        w.poll("warehouse", stock(A=8))
        assert sums(w, "warehouse") == (-2, 0, 0)
        assert w.database.read(known, "A")["warehouse"] == -2


def test_a_bundles_own_listing_is_explained_by_its_own_sales_and_its_parts_by_theirs(
    tmp_path: Path,
) -> None:
    made = Terms(
        terms(warehouse(), channel("shop")).authorities, (warehouse(), channel("shop")),
        bundles=(Component("SET", "A", 2),),
    )  # fmt: skip
    with world(tmp_path) as w:
        w.reconfigure(made)
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10, SET=5))
        report(w, "shop", sold("1", w.now + SECOND, sku="SET"))
        w.poll("shop", stock(A=10, SET=4))
        w.poll("warehouse", stock(A=8))
        assert sums(w, "shop", "SET") == (-1, 0, 0)
        assert sums(w, "warehouse") == (-2, 0, 0)
        assert totals(w) == {"warehouse": 0, "shop": 0}


def test_a_file_of_events_of_two_channels_moves_the_accounts_of_both(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=60))
        w.poll("shop", stock(A=60))
        w.poll("market", stock(A=60))
        sale = w.now + SECOND
        w.poll("shop", stock(A=59))
        w.poll("market", stock(A=59))
        batch = [("shop", sold("1", sale)), ("market", sold("1", sale))]
        w.database.write(events.record_each, batch, w.comparison, now=w.now)
        assert w.database.read(known, "A") == {"warehouse": 0, "shop": -1, "market": -1}
        assert totals(w) == {"warehouse": 0, "shop": 0, "market": 0}


def test_windows_that_follow_each_other_add_up(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("shop", stock(A=10))
        report(w, "shop", sold("1", w.now + SECOND))
        w.poll("shop", stock(A=8))
        middle = w.now
        report(w, "shop", sold("2", w.now + SECOND, 2))
        w.poll("shop", stock(A=6))

        before, after = balance(w, "shop", until=middle), balance(w, "shop", since=middle)

        assert (before.events, before.unexplained) == (-1, -1)
        assert (after.opening, after.events, after.unexplained) == (8, -2, 0)
        assert w.database.read(balance_module.balances, "A", until=START - 1) == []


def test_a_listing_that_was_missing_first_opens_with_its_first_reading(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=10, B=5))
        w.poll("shop", stock(A=10))
        w.poll("shop", stock(A=10, B=3))
        assert balance(w, "shop", "B").opening == 3
        assert totals(w)["shop"] == 0


KINDS = (EventKind.ORDERED, EventKind.CANCELLED, EventKind.RECEIVED, EventKind.ADJUSTED)
steps = st.one_of(
    st.tuples(st.just("read"), st.sampled_from(("shop", "warehouse")), st.integers(0, 30)),
    st.tuples(
        st.just("event"), st.sampled_from(("shop", "warehouse")), st.sampled_from(KINDS),
        st.integers(1, 5), st.sampled_from(("", "o1", "o2")),
    ),
    st.tuples(st.just("correct")),
)  # fmt: skip


@settings(max_examples=examples(40),
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(script=st.lists(steps, max_size=14), data=st.data())
def test_the_account_balances_and_does_not_hang_on_the_order_in_which_events_come(
    tmp_path_factory: pytest.TempPathFactory,
    script: Sequence[tuple[object, ...]],
    data: st.DataObject,
) -> None:
    """Events reported at once, and the same ones shuffled, twice and at the end, end alike."""

    def run(*, at_once: bool) -> tuple[object, ...]:
        batch: list[tuple[str, Event]] = []
        with world(tmp_path_factory.mktemp("account")) as w:
            w.poll("warehouse", stock(A=20))
            w.poll("shop", stock(A=20))
            for n, step in enumerate(script):
                w.now += SECOND
                if step[0] == "read":
                    w.poll(step[1], stock(A=step[2]))  # type: ignore[arg-type]
                elif step[0] == "event":
                    event = Event(str(n), step[2], "A", step[3], w.now, order=step[4] or None)  # type: ignore[arg-type]
                    batch.append((step[1], event))  # type: ignore[arg-type]
                    if at_once:
                        report(w, *batch[-1])
                elif any(
                    correction.status is CorrectionStatus.PROPOSED for correction in w.updates()
                ):
                    target = w.updates()[0].to_quantity
                    corrected(w, target or 0)
                check(w)
            if not at_once:
                for name, event in data.draw(st.permutations([*batch, *batch])):
                    report(w, name, event)
                    check(w)
            w.poll("shop", stock(A=31))
            w.poll("warehouse", stock(A=31))
            check(w)
            return w.database.read(known, "A"), totals(w)

    # Corrections hang on what events project; without any, only the arrival differs.
    if any(step[0] == "correct" for step in script):
        run(at_once=True)
        run(at_once=False)
    else:
        assert run(at_once=True) == run(at_once=False)


def check(w: World) -> None:
    """The identity holds per listing, the totals are the listings', and what is kept is right."""
    assert w.database.read(counted_anew) == totals(w)
    kept = w.database.read(known, "A")
    for account in w.database.read(balance_module.balances, "A"):
        assert (
            account.closing - account.opening
            == account.events + account.corrections + account.unexplained
        )
        assert kept[account.channel] == account.events + account.corrections
    counted, standing = (
        sorted(w.database.read(ask, "A"), key=lambda account: (account.channel, account.location))
        for ask in (balance_module.balances, balance_module.current)
    )
    assert standing == counted
