"""Bad records blind their own cells; many new ones at once fail the poll, until a person accepts.

Rule 12, docs/architecture.md.
"""

from collections.abc import Iterable

import pytest

from store.model import PollOutcome, Refused
from store.polling import quarantine
from store.polling.recognition.memory import PollMemory
from sync.polling.reporting.poll_report import PollReport
from tests.sync.scripted_channel import Bench

ALL = 500


def weighed(numbers: Iterable[int], *, first_line: int = 2) -> list[Refused]:
    """Records that hold no whole number, of the SKUs of these numbers."""
    return [
        Refused(f"line {first_line + place}", '"2.5" is not a whole number', f"S{number}")
        for place, number in enumerate(numbers)
    ]


def without_sku(count: int, reason: str = "the SKU is empty") -> list[Refused]:
    return [Refused(f"line {place}", reason) for place in range(2, 2 + count)]


def show(bench: Bench, refused: list[Refused], *, of: int = ALL) -> None:
    """The shop has `of` records, of which these are bad."""
    bench.shop.stock.clear()
    bad = {record.sku for record in refused}
    unnamed = sum(record.sku is None for record in refused)
    skus = [f"S{number}" for number in range(of) if f"S{number}" not in bad]
    bench.shop.shows(**dict.fromkeys(skus[: len(skus) - unnamed], 7))
    bench.shop.refused = refused


async def accept(bench: Bench) -> None:
    await bench.database.awrite(
        quarantine.accept, "shop", bench.context.comparison, who="ana", now=bench.clock.now()
    )


async def poll_again(bench: Bench) -> PollReport:
    """Poll as a new process would, that remembers no earlier poll."""
    bench.channel_state["shop"].memory = PollMemory()
    return await bench.poll()


def problems(bench: Bench) -> int:
    (count,) = bench.database.read(
        lambda connection: connection.execute(
            "SELECT count(*) FROM listings WHERE problem IS NOT NULL"
        ).fetchone()
    )
    return int(count)


@pytest.mark.parametrize(
    ("bad", "of", "outcome"),
    [
        (2, 122, PollOutcome.GOOD),
        (19, 500, PollOutcome.GOOD),
        (20, 40, PollOutcome.GOOD),
        (21, 500, PollOutcome.QUARANTINED),
        (21, 2100, PollOutcome.GOOD),
        (22, 2100, PollOutcome.QUARANTINED),
        (1, 1, PollOutcome.GOOD),
        (9, 10, PollOutcome.GOOD),
        (10, 10, PollOutcome.QUARANTINED),
        (500, 500, PollOutcome.QUARANTINED),
    ],
)
async def test_a_first_poll_fails_for_many_bad_records_only(
    bench: Bench, bad: int, of: int, outcome: PollOutcome
) -> None:
    show(bench, weighed(range(bad)), of=of)

    report = await bench.poll()

    assert report.outcome is outcome
    assert problems(bench) == (bad if outcome is PollOutcome.GOOD else 0)
    if outcome is PollOutcome.QUARANTINED:
        reason = f"{bad:,} of {of:,} records can't be read"
        if bad == of:
            reason = f"none of the {of:,} records can be read"
        first = 'SKU S0: "2.5" is not a whole number, at line 2'
        assert report.error == f"{reason}; the first: {first}"


async def test_bad_records_that_the_last_good_poll_had_fail_no_poll(bench: Bench) -> None:
    show(bench, weighed(range(20)))
    assert (await bench.poll()).outcome is PollOutcome.GOOD
    show(bench, weighed(range(40)))
    assert (await bench.poll()).outcome is PollOutcome.GOOD

    show(bench, weighed(range(60)))
    assert (await poll_again(bench)).outcome is PollOutcome.GOOD
    show(bench, weighed(reversed(range(60)), first_line=99))
    assert (await poll_again(bench)).outcome is PollOutcome.GOOD
    show(bench, weighed(range(81)))
    report = await poll_again(bench)

    assert report.outcome is PollOutcome.QUARANTINED
    assert "81 of 500 records can't be read, 21 of them newly so; the first: " in (
        report.error or ""
    )


async def test_records_that_were_mended_count_as_new_when_they_are_bad_again(bench: Bench) -> None:
    for bad in (20, 40, 0):
        show(bench, weighed(range(bad)))
        assert (await bench.poll()).outcome is PollOutcome.GOOD

    show(bench, weighed(range(40)))

    assert (await bench.poll()).outcome is PollOutcome.QUARANTINED


@pytest.mark.parametrize("in_between", [False, True])
async def test_a_person_accepts_a_poll_with_bad_records(bench: Bench, *, in_between: bool) -> None:
    if in_between:
        show(bench, [])
        await bench.poll()
    show(bench, weighed(range(100)))
    assert (await bench.poll()).outcome is PollOutcome.QUARANTINED

    await accept(bench)

    assert problems(bench) == 100
    assert [kind for _, kind, _ in bench.open_incidents()] == ["unreadable"]
    assert (await bench.poll()).outcome is PollOutcome.GOOD
    assert (await poll_again(bench)).outcome is PollOutcome.GOOD


async def test_the_next_poll_that_can_be_read_replaces_it(bench: Bench) -> None:
    show(bench, weighed(range(100)))
    await bench.poll()

    show(bench, weighed(range(3)))

    assert (await bench.poll()).outcome is PollOutcome.GOOD
    assert [kind for _, kind, _ in bench.open_incidents()] == ["unreadable"]


async def test_records_without_a_sku_are_known_by_what_is_wrong_with_them(bench: Bench) -> None:
    for count in (20, 40):
        show(bench, without_sku(count))
        assert (await bench.poll()).outcome is PollOutcome.GOOD

    show(bench, without_sku(40))
    assert (await poll_again(bench)).outcome is PollOutcome.GOOD
    show(bench, without_sku(40, "3 fields, but the header has 2"))
    assert (await poll_again(bench)).outcome is PollOutcome.QUARANTINED


async def test_what_was_not_seen_is_in_doubt_in_an_accepted_poll_as_in_any(bench: Bench) -> None:
    """A record without a SKU may be any of the listings that seem gone: none of them is."""
    show(bench, [])
    await bench.poll()
    show(bench, without_sku(30))
    assert (await bench.poll()).outcome is PollOutcome.QUARANTINED

    await accept(bench)

    assert problems(bench) == 30
    gone = bench.database.read(
        lambda connection: connection.execute(
            "SELECT count(*) FROM listings WHERE present = 0"
        ).fetchone()[0]
    )
    assert gone == 0


async def test_a_parent_that_cannot_be_read_may_be_any_number_of_listings(bench: Bench) -> None:
    """A third of a small shop is in one parent: unreadable, not missing, and the rest counts."""
    show(bench, [], of=30)
    await bench.poll()
    show(bench, [], of=20)
    bench.shop.refused = [
        Refused("page 1, record 3", "its children can't be read", may_be=1_000_000)
    ]

    report = await poll_again(bench)

    assert (report.outcome, problems(bench)) == (PollOutcome.GOOD, 10)
