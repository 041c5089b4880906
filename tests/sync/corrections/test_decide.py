"""Deciding: push limits, the second person, written rules, and what a batch would do."""

import msgspec
import pytest

from store.channels import incidents
from store.corrections import decisions, lifecycle
from store.model import Correction, IncidentKind
from store.model import CorrectionStatus as Status
from sync.corrections import decide, written_rules
from sync.corrections.written_rules import WrittenRules
from sync.settings import ApprovalRule, ApprovalSettings, PushLimits, Settings
from tests.sync.polling.test_guard import correction
from tests.sync.scripted_channel import Bench


def by_rules(bench: Bench, *rules: ApprovalRule, threshold: int | None = None) -> Settings:
    approval = ApprovalSettings(mode="rules", hold_ms=0, rules=rules, second_person_above=threshold)
    return msgspec.structs.replace(bench.settings, approval=approval)


def approve(bench: Bench, settings: Settings, who: str = "ana") -> list[tuple[bool, str]]:
    seen = [(update.id, update.version) for update in bench.updates()]
    decided = decide.approve(bench.database, settings, seen, who=who, now=bench.clock.now())
    return [(decision.ok, decision.why) for decision in decided]


async def test_a_batch_within_the_limits_is_approved(bench: Bench) -> None:
    await bench.disagree({"A": 31, "B": 9}, {"A": 14, "B": 4})

    decided = approve(bench, bench.settings)

    assert [ok for ok, _ in decided] == [True, True]
    assert {update.status for update in bench.updates()} == {Status.APPROVED}
    assert {update.decided_by for update in bench.updates()} == {"ana"}


async def test_a_batch_over_a_push_limit_is_refused_whole_and_stays_proposed(
    bench: Bench,
) -> None:
    await bench.disagree({"A": 31, "B": 9}, {"A": 14, "B": 4})
    settings = msgspec.structs.replace(bench.settings, push=PushLimits(max_units=20))

    decided = approve(bench, settings)

    assert decided == [(False, "push limit: 22 units in a batch, at most 20 ([push])")] * 2
    assert {update.status for update in bench.updates()} == {Status.PROPOSED}


async def test_what_was_written_in_the_last_hour_counts_against_the_hourly_limit(
    bench: Bench,
) -> None:
    await bench.disagree({"A": 31}, {"A": 14})
    bench.approve()
    await bench.apply()
    await bench.disagree({"B": 9}, {"B": 4})
    settings = msgspec.structs.replace(bench.settings, push=PushLimits(max_units_per_hour=20))
    [later] = [update for update in bench.updates() if update.status is Status.PROPOSED]

    refused = decide.approve(
        bench.database, settings, [(later.id, None)], who="ana", now=bench.clock.now()
    )
    bench.clock.at += decide.HOUR_MS
    await bench.disagree({}, {})
    allowed = decide.approve(
        bench.database, settings, [(later.id, None)], who="ana", now=bench.clock.now()
    )

    assert [decision.why for decision in refused] == [
        "push limit: 22 units in an hour, at most 20 ([push])"
    ]
    assert [decision.ok for decision in allowed] == [True]


async def test_a_version_that_the_operator_did_not_see_is_not_approved(bench: Bench) -> None:
    [update] = await bench.disagree({"A": 31}, {"A": 14})

    [decision] = decide.approve(
        bench.database, bench.settings, [(update.id, update.version + 1)], who="ana",
        now=bench.clock.now(),
    )  # fmt: skip

    assert not decision.ok


async def test_above_the_threshold_two_names_are_needed(bench: Bench) -> None:
    [update] = await bench.disagree({"A": 900}, {"A": 14})
    approval = ApprovalSettings(hold_ms=0, second_person_above=500)
    settings = msgspec.structs.replace(bench.settings, approval=approval)

    approve(bench, settings, "ana")
    after_one = bench.update(update.id).status
    approve(bench, settings, "ana")
    after_the_same = bench.update(update.id).status
    approve(bench, settings, "ben")

    assert (after_one, after_the_same) == (Status.PROPOSED, Status.PROPOSED)
    assert bench.update(update.id).status is Status.APPROVED
    assert {bench.update(update.id).decided_by, bench.update(update.id).second_by} == {
        "ana", "ben",
    }  # fmt: skip


async def test_reject_snooze_and_undo_do_what_the_keys_do(bench: Bench) -> None:
    updates = await bench.disagree({"A": 31, "B": 9, "C": 7}, {"A": 14, "B": 4, "C": 2})
    first, second, third = ([(update.id, update.version)] for update in updates)
    now = bench.clock.now()
    held = msgspec.structs.replace(bench.settings, approval=ApprovalSettings(hold_ms=5_000))

    bench.database.write(decisions.reject, first, who="ana", now=now, reason="counted by hand")
    bench.database.write(decisions.snooze, second, who="ana", now=now, until=now + 1_000)
    decide.approve(bench.database, held, third, who="ana", now=now)
    bench.database.write(decisions.undo, [(updates[2].id, None)], who="ana", now=now)

    assert [bench.update(update.id).status for update in updates] == [
        Status.REJECTED, Status.SNOOZED, Status.PROPOSED,
    ]  # fmt: skip
    assert bench.update(updates[0].id).note == "counted by hand"


async def test_in_manual_mode_no_rule_approves_anything(bench: Bench) -> None:
    await bench.disagree({"A": 31}, {"A": 14})
    manual = ApprovalSettings(mode="manual", rules=(ApprovalRule(),))
    settings = msgspec.structs.replace(bench.settings, approval=manual)

    assert await WrittenRules().approve(bench.database, settings, bench.clock.now()) == 0


async def test_a_rule_approves_what_it_covers_and_the_audit_says_so(bench: Bench) -> None:
    small, large = await bench.disagree({"A": 9, "B": 31}, {"A": 5, "B": 14})
    settings = by_rules(bench, ApprovalRule(channel="shop", only="reduce", max_units=5))

    approved = await WrittenRules().approve(bench.database, settings, bench.clock.now())

    assert approved == 1
    assert bench.update(small.id).status is Status.APPROVED
    assert bench.update(small.id).decided_by == "rule"
    assert bench.update(large.id).status is Status.PROPOSED


async def test_each_proposal_is_asked_about_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands may wait for a person, and the engine looks several times a second."""
    asked: list[str] = []
    matches = written_rules.matches

    def noted(update: Correction, rule: ApprovalRule) -> bool:
        asked.append(update.sku)
        return matches(update, rule)

    monkeypatch.setattr(written_rules, "matches", noted)
    settings = by_rules(bench, ApprovalRule(only="reduce", max_units=5))
    rules = WrittenRules()

    async def look(by: Settings) -> tuple[int, list[str]]:
        asked.clear()
        approved = await rules.approve(bench.database, by, bench.clock.now())
        return approved, sorted(asked)

    await bench.disagree({"A": 31, "B": 9}, {"A": 14, "B": 5})
    assert await look(settings) == (1, ["A", "B"])
    assert await look(settings) == (0, [])
    await bench.disagree({"A": 31, "B": 9, "C": 8}, {"A": 14, "B": 5, "C": 6})
    assert await look(settings) == (1, ["C"])
    wider = by_rules(bench, ApprovalRule(only="reduce"))
    assert await look(wider) == (1, ["A"]), "other rules ask again"
    assert await look(wider) == (0, [])


async def test_what_is_covered_waits_for_its_channel_and_for_the_push_limits(bench: Bench) -> None:
    """It is not read meanwhile, and approved as soon as it may be."""
    rules = WrittenRules()
    settings = msgspec.structs.replace(
        by_rules(bench, ApprovalRule(only="reduce")), push=PushLimits(max_units_per_hour=10)
    )

    async def look() -> int:
        return await rules.approve(bench.database, settings, bench.clock.now())

    await bench.disagree({"A": 9}, {"A": 5})
    bench.database.write(
        incidents.raise_incident, "shop", IncidentKind.SURPRISE, "no", now=bench.clock.now()
    )
    assert await look() == 0
    bench.database.write(incidents.resolve, "shop", IncidentKind.SURPRISE, now=bench.clock.now())
    assert await look() == 1
    await bench.apply()
    await bench.disagree({"A": 5, "B": 20, "C": 20}, {"A": 5, "B": 11, "C": 12})
    assert await look() == await look() == 0, "four units of ten have been written"
    await bench.disagree({"A": 5, "B": 20, "C": 20, "D": 9}, {"A": 5, "B": 11, "C": 12, "D": 4})
    assert await look() == 1, "D fits"
    bench.clock.at += decide.HOUR_MS
    await bench.disagree({"D": 9}, {"D": 4})
    assert await look() == 1, "B fits again; C would be beyond the limit together with it"


async def test_a_rule_never_decides_a_cell_again_after_a_failure(bench: Bench) -> None:
    await bench.disagree({"A": 9}, {"A": 5})
    bench.approve()
    bench.shop.ignores = {"A"}
    await bench.apply()
    await bench.disagree({"A": 8}, {"A": 5})
    settings = by_rules(bench, ApprovalRule())
    bench.database.write(incidents.resolve, "shop", IncidentKind.SURPRISE, now=bench.clock.now())

    assert await WrittenRules().approve(bench.database, settings, bench.clock.now()) == 0


async def test_a_rule_leaves_alone_what_a_person_took_back(bench: Bench) -> None:
    [update] = await bench.disagree({"A": 9}, {"A": 5})
    settings = by_rules(bench, ApprovalRule(only="reduce"))
    held = msgspec.structs.replace(settings.approval, hold_ms=5_000)
    settings = msgspec.structs.replace(settings, approval=held)
    await WrittenRules().approve(bench.database, settings, bench.clock.now())

    bench.database.write(decisions.undo, [(update.id, None)], who="ana", now=bench.clock.now())
    again = await WrittenRules().approve(bench.database, settings, bench.clock.now())

    assert again == 0
    assert bench.update(update.id).status is Status.PROPOSED


async def test_rules_rest_after_a_surprise_and_longer_after_each_further_one(
    bench: Bench,
) -> None:
    await bench.disagree({"A": 9}, {"A": 5})
    now = bench.clock.now()
    for _ in range(2):
        bench.database.write(
            incidents.raise_incident, "shop", IncidentKind.SURPRISE, "not applied", now=now
        )
    settings = by_rules(bench, ApprovalRule())

    bench.clock.at = now + 2 * written_rules.RULES_REST_MS - 4_000
    await bench.disagree({}, {})
    during = await WrittenRules().approve(bench.database, settings, bench.clock.now())
    bench.clock.at += 1_000
    after = await WrittenRules().approve(bench.database, settings, bench.clock.now())

    assert (during, after) == (0, 1)


async def test_a_person_who_has_seen_the_surprise_lets_the_rules_go_on(
    bench: Bench,
) -> None:
    await bench.disagree({"A": 9}, {"A": 5})
    now = bench.clock.now()
    bench.database.write(
        incidents.raise_incident, "shop", IncidentKind.SURPRISE, "not applied", now=now
    )
    [incident] = bench.database.read(incidents.open_incidents)
    settings = by_rules(bench, ApprovalRule())

    before = await WrittenRules().approve(bench.database, settings, now)
    bench.database.write(incidents.acknowledge, incident.id, who="ana", now=now)
    after = await WrittenRules().approve(bench.database, settings, now)

    assert (before, after) == (0, 1)


async def test_no_rule_stands_in_for_the_second_person(bench: Bench) -> None:
    await bench.disagree({"A": 900}, {"A": 5})
    settings = by_rules(bench, ApprovalRule(), threshold=500)

    assert await WrittenRules().approve(bench.database, settings, bench.clock.now()) == 0


async def test_rules_keep_the_push_limits_and_approve_what_fits(bench: Bench) -> None:
    await bench.disagree({"A": 90, "B": 9}, {"A": 5, "B": 5})
    settings = msgspec.structs.replace(
        by_rules(bench, ApprovalRule()), push=PushLimits(max_units=10)
    )

    assert await WrittenRules().approve(bench.database, settings, bench.clock.now()) == 1


UP = correction(1, 2, 9)
DOWN = correction(2, 9, 2)
ON_SALE = msgspec.structs.replace(correction(3, 9, 9), from_state="disabled", to_state="active")
OFF_SALE = msgspec.structs.replace(correction(4, 9, 9), from_state="active", to_state="disabled")
UNMEASURED = correction(5, None, 4)


@pytest.mark.parametrize(
    ("update", "way"),
    [(UP, "raise"), (DOWN, "reduce"), (ON_SALE, "raise"), (OFF_SALE, "reduce"),
     (UNMEASURED, "raise")],
)  # fmt: skip
def test_whatever_lets_more_be_sold_is_a_raise(update: Correction, way: str) -> None:
    assert decide.raise_or_reduce(update) == way


def test_every_condition_of_a_rule_must_hold() -> None:
    rule = ApprovalRule(channel="shop", skus="SKU-*", only="reduce", max_units=7)

    assert written_rules.matches(DOWN, rule)
    assert not written_rules.matches(UP, rule)
    assert not written_rules.matches(correction(1, 10, 2), rule)
    assert not written_rules.matches(correction(1, 9, 2, sku="sku-1"), rule)
    assert not written_rules.matches(msgspec.structs.replace(DOWN, channel="market"), rule)


def test_a_blast_radius_adds_up_what_would_change() -> None:
    priced = msgspec.structs.replace(DOWN, price_minor=250)
    elsewhere = msgspec.structs.replace(correction(2, 9, 0), channel="market", sku="SKU-2")

    radius = decide.blast_radius([UP, priced, elsewhere])

    assert radius == decide.BlastRadius(
        skus=2, channels=2, units_up=7, units_down=16, to_zero=1, money_up=0, money_down=17.5,
        unpriced=2,
    )  # fmt: skip


def test_an_empty_batch_does_nothing(bench: Bench) -> None:
    assert decide.approve(bench.database, bench.settings, [], who="ana", now=0) == []
    assert bench.database.read(lifecycle.by_id, []) == []
