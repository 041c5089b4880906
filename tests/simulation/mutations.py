"""Faults put into Skew on purpose: for each promise one that the simulation must catch.

They are made in memory, by replacing a function of the program for one run.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from store.accounts import reading_history
from store.corrections import lifecycle, propose, waiting
from store.database import lease
from store.model import Policy
from store.targets import counted_events
from sync.corrections import verify, written_rules
from sync.corrections.apply import _Round
from sync.corrections.verify import WriteOutcome
from sync.engine.watches.health import FreshnessWatch
from sync.simulation.promises.judge import Promise
from sync.targets import terms

Mutate = Callable[[pytest.MonkeyPatch], None]


def _rules_cover_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(written_rules, "_covers", lambda correction, approval: True)


def _always_valid(patch: pytest.MonkeyPatch) -> None:
    usual = lifecycle._standing

    def standing(*given: Any) -> Any:
        return msgspec.structs.replace(usual(*given), valid=True)

    patch.setattr(lifecycle, "_standing", standing)
    patch.setattr(propose, "supersede_moved", lambda connection, *, now: 0)


def _sent_again_without_a_reply(patch: pytest.MonkeyPatch) -> None:
    usual = _Round._failed

    async def failed(self: _Round, *given: Any, **named: Any) -> Any:
        call = await usual(self, *given, **named)
        sent = [
            msgspec.structs.replace(change, outcome=WriteOutcome.UNSENT) for change in call.sent
        ]
        return msgspec.structs.replace(call, sent=sent)

    patch.setattr(_Round, "_failed", failed)


def _writes(change_by: Callable[[Any], int]) -> Mutate:
    def mutate(patch: pytest.MonkeyPatch) -> None:
        usual = verify.change_of

        def change_of(approval: Any) -> Any:
            change = usual(approval)
            return msgspec.structs.replace(change, quantity=change_by(change))

        patch.setattr(verify, "change_of", change_of)

    return mutate


def _nothing_turns_stale(patch: pytest.MonkeyPatch) -> None:
    usual = terms._channel

    def channel(*given: Any) -> Any:
        return msgspec.structs.replace(usual(*given), stale_after_ms=86_400_000)

    patch.setattr(terms, "_channel", channel)


def _policy(**other: int) -> Mutate:
    def mutate(patch: pytest.MonkeyPatch) -> None:
        usual = terms._channel

        def channel(*given: Any) -> Any:
            made = usual(*given)
            policies = tuple(
                msgspec.structs.replace(policy, buffer=policy.buffer + other["more"])
                if other["more"]
                else Policy(policy.skus)
                for policy in made.policies
            )
            return msgspec.structs.replace(made, policies=policies)

        patch.setattr(terms, "_channel", channel)

    return mutate


def _nothing_expires(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(waiting, "expire", lambda connection, *, now: None)


def _the_hold_is_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lifecycle, "_may_be_sent", lambda correction, now: True)
    usual = lifecycle.due
    patch.setattr(
        lifecycle, "due", lambda *given, now, **named: usual(*given, now=now + 60_000, **named)
    )


def _ends_without_a_word(patch: pytest.MonkeyPatch) -> None:
    usual = lifecycle.finish

    def finish(*given: Any, result: str, **named: Any) -> None:
        usual(*given, result="", **named)

    patch.setattr(lifecycle, "finish", finish)


def _everybody_has_the_lease(patch: pytest.MonkeyPatch) -> None:
    usual = lease.acquire

    def acquire(connection: Any, **named: Any) -> Any:
        connection.execute("DELETE FROM engine")
        return usual(connection, **named)

    patch.setattr(lease, "acquire", acquire)
    patch.setattr(lease, "prove", lambda connection, *, token: None)
    patch.setattr(lease, "check", lambda connection, *, token, now: None)
    patch.setattr(lease, "renew", lambda connection, *, token, now, span_ms: True)


def _proposes_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(propose, "propose", lambda connection, *, now: 0)


def _history_is_late(patch: pytest.MonkeyPatch) -> None:
    usual = reading_history.listings

    def listings(connection: Any, sku: str, instants: Any) -> Any:
        return usual(connection, sku, tuple(at - 120_000 for at in instants))

    patch.setattr(reading_history, "listings", listings)


def _the_engine_breaks(patch: pytest.MonkeyPatch) -> None:
    async def look(self: FreshnessWatch) -> None:
        if self._context.clock.now() % 7 == 0:
            raise RuntimeError("a bug")

    patch.setattr(FreshnessWatch, "look", look)


def _orders_give_back_what_they_like(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(counted_events, "min", lambda first, *others: first, raising=False)


def _nothing_is_read_afresh(patch: pytest.MonkeyPatch) -> None:
    async def recheck(self: _Round, ids: Any) -> Any:
        return await self._still_valid(ids, rechecked=True)

    patch.setattr(_Round, "_recheck", recheck)


def _more_than_the_target(patch: pytest.MonkeyPatch) -> None:
    _writes(lambda change: change.quantity + 9)(patch)


MUTATIONS: dict[str, tuple[Promise, Mutate]] = {
    "a rule covers everything": (Promise.APPROVED, _rules_cover_everything),
    "what moved is still valid": (Promise.BASIS, _always_valid),
    "what got no reply is sent again": (Promise.ONCE, _sent_again_without_a_reply),
    "one less than the target": (Promise.NEGATIVE, _writes(lambda change: change.quantity - 1)),
    "nothing turns stale": (Promise.AUTHORITY, _nothing_turns_stale),
    "share, cap and buffer are forgotten": (Promise.POLICY, _policy(more=0)),
    "nothing expires": (Promise.LOST, _nothing_expires),
    "the hold is not waited for": (Promise.EXPIRED, _the_hold_is_not_waited_for),
    "it ends without a word": (Promise.AUDIT, _ends_without_a_word),
    "everybody has the lease": (Promise.ONE_ENGINE, _everybody_has_the_lease),
    "nothing is proposed": (Promise.REASON, _proposes_nothing),
    "orders give back what they like": (Promise.ORDER, _orders_give_back_what_they_like),
    "history is late": (Promise.HISTORY, _history_is_late),
    "a larger buffer than configured": (Promise.CONVERGES, _policy(more=2)),
    "a reduction writes more": (
        Promise.REDUCES, _writes(lambda change: (change.previous.available or 0) + 3),
    ),
    "the engine breaks": (Promise.INTACT, _the_engine_breaks),
    "nothing is read afresh": (Promise.FRESH, _nothing_is_read_afresh),
    "writes more than the target": (Promise.CAUSE, _more_than_the_target),
    "a reduction doubles what is shown": (
        Promise.OVERSOLD, _writes(lambda change: 2 * (change.previous.available or 0) + 20),
    ),
}  # fmt: skip
