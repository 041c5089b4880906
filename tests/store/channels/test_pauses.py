"""Whose pause of a channel stands, and who may end it."""

from pathlib import Path

import pytest

from store.channels import pauses
from store.corrections import decisions, lifecycle, propose
from store.database import lease
from store.errors import NoSuchThing
from store.queries import status_counts
from store.reasons import HeldBack, Reason
from tests.store.world import MINUTE, World, stock, world


def paused(w: World, *, minutes: int = 60) -> None:
    w.database.write(
        pauses.pause, "shop", who="ana", reason="stock count", until=w.now + minutes * MINUTE
    )


def resumed(w: World) -> pauses.Pause:
    return w.database.write(pauses.resume, "shop", who="bo", now=w.now)


def shown(w: World) -> tuple[str | None, str | None, int | None]:
    shop = next(
        channel
        for channel in w.database.read(status_counts.channels, now=w.now)
        if channel.name == "shop"
    )
    return shop.paused_by, shop.paused_reason, shop.paused_until


def test_a_person_pauses_a_channel_and_it_says_who_why_and_until_when(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        paused(w)

        assert shown(w) == ("ana", "stock count", w.now + 60 * MINUTE)
        (pause,) = w.database.read(pauses.by_people, now=w.now).values()
        assert pauses.in_words(pause) == "paused by ana: stock count"


def test_the_engine_neither_overwrites_nor_ends_a_persons_pause(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        paused(w)

        w.database.write(pauses.pause_by_engine, "shop", "401", w.now + MINUTE)
        w.database.write(pauses.end_engine_pause, "shop")

        assert shown(w) == ("ana", "stock count", w.now + 60 * MINUTE)


def test_a_persons_pause_replaces_the_engines_and_a_resume_ends_whichever_there_is(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.database.write(pauses.pause_by_engine, "shop", "401", None)
        assert resumed(w).by is None
        w.database.write(pauses.pause_by_engine, "shop", "401", None)
        paused(w)

        ended = resumed(w)

        assert (ended.by, ended.reason) == ("ana", "stock count")
        asked = w.database.write(lease.take_requests, now=w.now)
        assert [(request.what, request.channel, request.who) for request in asked] == [
            ("poll", "shop", "bo")
        ] * 2
        assert shown(w) == (None, None, None)
        with pytest.raises(NoSuchThing, match="shop is not paused"):
            resumed(w)


def test_a_pause_that_has_run_out_holds_no_more_and_is_ended(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        paused(w)
        w.database.write(pauses.pause_by_engine, "warehouse", "401", w.now + MINUTE)
        later = w.now + 60 * MINUTE

        assert w.database.read(pauses.by_people, now=later) == {}
        assert set(w.database.read(pauses.on_record)) == {"warehouse", "shop"}
        w.database.write(pauses.end_passed, now=later)

        assert set(w.database.read(pauses.on_record)) == {"warehouse"}


def test_nobody_pauses_a_channel_that_there_is_not(tmp_path: Path) -> None:
    with (
        world(tmp_path) as w,
        pytest.raises(
            NoSuchThing, match="channel `shpo` is not in the cache; known: warehouse, shop"
        ),
    ):
        w.database.write(pauses.pause, "shpo", who="ana", reason="x", until=w.now)


def test_what_is_approved_for_a_paused_channel_is_held_back_and_says_by_whom(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=3))
        w.twice("shop", stock(A=9))
        w.database.write(propose.propose, now=w.now)
        (correction,) = w.updates()
        w.database.write(
            decisions.approve,
            [(correction.id, None)],
            who="ana",
            now=w.now,
            hold_ms=0,
            expires_ms=MINUTE,
        )

        def held() -> HeldBack | None:
            (standing,) = w.database.read(lifecycle.approved, [correction.id], now=w.now)
            return standing.held_back

        assert held() is None
        paused(w)
        assert held() == HeldBack(Reason.PAUSED, "stock count", "ana")
        resumed(w)
        assert held() is None
