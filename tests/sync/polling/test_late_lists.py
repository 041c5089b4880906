"""A list that shows what was before our own write: late, or somebody else has written it."""

from sync.errors import Temporary
from tests.sync.approved_corrections import one_approved
from tests.sync.scripted_channel import Bench


async def written(bench: Bench) -> None:
    """The shop showed 31, and was set to 14."""
    await one_approved(bench)
    bench.clock.at += 1_000
    await bench.apply()
    bench.clock.at += 1_000
    assert bench.disagreements() == []
    bench.shop.looked.clear()


async def test_who_writes_the_old_number_again_is_seen_at_the_next_poll(bench: Bench) -> None:
    await written(bench)
    bench.shop.shows(A=31)

    await bench.poll("shop")

    assert bench.shop.looked == ["poll", "read"]
    (found,) = bench.disagreements()
    assert found.delta == -17


async def test_a_list_that_is_late_is_not_believed_while_the_single_record_shows_our_write(
    bench: Bench,
) -> None:
    await written(bench)
    bench.shop.listed["A"] = 31

    await bench.poll("shop")

    assert bench.shop.looked == ["poll", "read"]
    assert bench.disagreements() == []


async def test_where_the_single_record_cannot_be_read_the_next_poll_asks_again(
    bench: Bench,
) -> None:
    await written(bench)
    bench.shop.shows(A=31)
    bench.shop.read_faults.append(Temporary("503"))

    await bench.poll("shop")
    assert bench.disagreements() == []

    await bench.poll("shop")
    assert len(bench.disagreements()) == 1
