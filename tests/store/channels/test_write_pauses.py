"""All writes are paused until a person resumes: who, why, for which channels, and as it was."""

from pathlib import Path

import pytest

from store.channels import pauses, write_pauses
from store.channels.write_pauses import WritePause
from store.corrections import decisions, lifecycle, propose
from store.database.connection import Database
from store.errors import NoSuchThing
from store.history.rewind import open_at
from store.queries import status_counts
from store.reasons import HeldBack, Reason
from tests.store.world import MINUTE, World, stock, world


def begin(w: World, who: str = "ana", reason: str = "stock count") -> WritePause:
    return w.database.write(write_pauses.begin, who=who, reason=reason, now=w.now)


def one_approved(w: World) -> int:
    w.poll("warehouse", stock(A=3))
    w.twice("shop", stock(A=9))
    w.database.write(propose.propose, now=w.now)
    (correction,) = w.updates()
    seen = [(correction.id, None)]
    w.database.write(
        decisions.approve, seen, who="ana", now=w.now, hold_ms=0, expires_ms=90 * MINUTE
    )
    return correction.id


def held(w: World, update: int) -> HeldBack | None:
    (standing,) = w.database.read(lifecycle.approved, [update], now=w.now)
    return standing.held_back


def test_it_says_who_paused_why_and_since_when_and_the_first_one_stays(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        assert w.database.read(write_pauses.in_force) is None
        first = begin(w)
        w.now += MINUTE

        assert begin(w, who="ben", reason="again") == first
        assert w.database.read(status_counts.status, now=w.now).write_pause == first
        assert write_pauses.in_words(first) == "all writes are paused by ana: stock count"


def test_whoever_paused_in_a_hurry_says_why_later_and_nobody_elses_reason_is_changed(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        pause = begin(w, reason=write_pauses.NO_REASON)
        w.database.write(write_pauses.give_reason, pause, "stock count")
        w.database.write(write_pauses.end, who="ben", now=w.now)
        w.now += MINUTE
        begin(w, who="ben", reason="a channel behaves oddly")
        w.database.write(write_pauses.give_reason, pause, "too late")

        in_force = w.database.read(write_pauses.in_force)
        assert in_force is not None
        assert in_force.reason == "a channel behaves oddly"


def test_a_resumed_channel_stays_held_and_what_is_approved_says_why(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        update = one_approved(w)
        begin(w)
        w.database.write(
            pauses.pause, "shop", who="ben", reason="migration", until=w.now + 60 * MINUTE
        )
        w.database.write(pauses.resume, "shop", who="ben", now=w.now)

        assert held(w, update) == HeldBack(Reason.WRITES_PAUSED, "stock count", "ana")
        w.database.write(write_pauses.end, who="ben", now=w.now)
        assert held(w, update) is None
        with pytest.raises(NoSuchThing, match="writes are not paused"):
            w.database.write(write_pauses.end, who="ben", now=w.now)


def test_no_clock_ends_it_and_no_restart(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        update = one_approved(w)
        begin(w)
        w.now -= 60 * MINUTE
        assert held(w, update) is not None
        w.now += 120 * MINUTE
        w.database.write(pauses.end_passed, now=w.now)
        assert held(w, update) is not None
        with Database.open(w.database.path) as restarted:
            assert restarted.read(write_pauses.in_force) is not None


def test_the_past_shows_the_pause_that_held_then(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        began = w.now
        pause = begin(w)
        w.database.write(write_pauses.end, who="ben", now=w.now + MINUTE)

        def shown(at: int) -> WritePause | None:
            with open_at(w.database.path, at) as past:
                return past.read(status_counts.status, now=at).write_pause

        assert [shown(began - 1), shown(began), shown(began + MINUTE)] == [None, pause, None]
