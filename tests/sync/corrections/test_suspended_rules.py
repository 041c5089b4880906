"""The rules stop by themselves where too much fails or disagrees, until a person has looked."""

import msgspec
import pytest

from store.channels import incidents
from store.corrections.guards.rule_results import RuleResults
from store.model import CorrectionStatus, IncidentKind
from sync.corrections import decide
from sync.corrections.written_rules import WrittenRules
from sync.polling import guard
from sync.settings import ApprovalRule, ApprovalSettings, Settings
from tests.sync.scripted_channel import Bench

REDUCTIONS = ApprovalSettings(mode="rules", hold_ms=0, rules=(ApprovalRule(only="reduce"),))


def by_rules(bench: Bench, **more: int) -> Settings:
    approval = msgspec.structs.replace(REDUCTIONS, **more)
    return msgspec.structs.replace(bench.settings, approval=approval)


async def approved(bench: Bench, settings: Settings) -> int:
    return await WrittenRules().approve(bench.database, settings, bench.clock.now())


def stock(count: int, quantity: int) -> dict[str, int]:
    return {f"S{number:02}": quantity for number in range(count)}


def why_suspended(bench: Bench) -> list[str]:
    return [
        words
        for channel, kind, words in bench.open_incidents()
        if (channel, kind) == ("shop", IncidentKind.SUSPENDED)
    ]


def acknowledge(bench: Bench) -> None:
    for incident in bench.database.read(incidents.open_incidents):
        if incident.kind == IncidentKind.SUSPENDED:
            bench.database.write(
                incidents.acknowledge, incident.id, who="ana", now=bench.clock.now()
            )


async def test_where_too_much_disagrees_no_rule_approves_until_a_person_has_looked(
    bench: Bench,
) -> None:
    settings = by_rules(bench)
    await bench.disagree(stock(24, 9), stock(24, 9) | stock(13, 4))

    assert await approved(bench, settings) == 0
    [why] = why_suspended(bench)
    assert why == (
        "13 of 24 listings have an update that waits or that a rule approved within the hour "
        "(54.17 %), more than 50 % ([approval] max_disagreeing)"
    )
    # Time alone changes nothing.
    bench.clock.at += 2 * decide.HOUR_MS
    await bench.poll("warehouse")
    await bench.poll("shop")
    assert await approved(bench, settings) == 0

    bench.clock.at += 1_000
    acknowledge(bench)
    assert await approved(bench, settings) == 13
    assert why_suspended(bench) == []
    closed = bench.database.read(
        lambda connection: connection.execute(
            "SELECT closed_by, closed_why FROM incidents WHERE kind = 'suspended'"
        ).fetchall()
    )
    assert [tuple(row) for row in closed] == [("ana", "looked at it: rules approve again")]


async def test_what_comes_in_small_parts_counts_together(bench: Bench) -> None:
    settings = by_rules(bench)
    await bench.disagree(stock(24, 9), stock(24, 9) | stock(8, 4))
    assert await approved(bench, settings) == 8

    await bench.disagree({}, stock(12, 4))
    assert await approved(bench, settings) == 4
    await bench.disagree({}, stock(13, 4))
    assert await approved(bench, settings) == 0
    assert len(why_suspended(bench)) == 1


async def test_where_too_much_fails_no_rule_approves_until_a_person_has_looked(
    bench: Bench,
) -> None:
    settings = by_rules(bench)
    await bench.disagree(stock(6, 9), stock(6, 4))
    assert await approved(bench, settings) == 6
    bench.shop.ignores = {"S00", "S01"}
    for update in bench.updates():
        await bench.apply(update.id)
    ends = [bench.update(number).status for number in range(1, 7)]
    assert ends.count(CorrectionStatus.NOT_APPLIED) == 2
    bench.database.write(incidents.resolve, "shop", IncidentKind.SURPRISE, now=bench.clock.now())

    await bench.disagree({"S10": 9}, {"S10": 4})
    assert await approved(bench, settings) == 0
    [why] = why_suspended(bench)
    assert why == (
        "2 of 6 updates that rules approved within the hour ended badly (33.33 %), more than 20 % "
        "([approval] max_failed)"
    )
    bench.clock.at += 1_000
    acknowledge(bench)
    assert await approved(bench, settings) == 1


async def test_other_limits_may_be_set(bench: Bench) -> None:
    await bench.disagree(stock(24, 9), stock(24, 4))
    assert await approved(bench, by_rules(bench, max_disagreeing_ppm=1_000_000)) == 24


@pytest.mark.parametrize(
    ("results", "stops"),
    [
        (RuleResults("shop", 19, 19, 0, 0), False),
        (RuleResults("shop", 20, 10, 0, 0), False),
        (RuleResults("shop", 20, 11, 0, 0), True),
        (RuleResults("shop", 20, 0, 4, 4), False),
        (RuleResults("shop", 20, 0, 5, 1), False),
        (RuleResults("shop", 20, 0, 5, 2), True),
    ],
)
def test_few_are_no_rate(results: RuleResults, *, stops: bool) -> None:
    assert (guard.judge_rules(results, REDUCTIONS) is not None) == stops
