"""What a write or its reading back meets: refusals, lost replies, and what they leave unknown."""

import pytest

from store.model import CorrectionStatus as Status
from store.model import Record
from sync.errors import (
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from sync.polling.recovery import PAUSE_MS
from tests.sync.approved_corrections import one_approved
from tests.sync.scripted_channel import Bench, hang_beyond_every_deadline


async def test_a_refused_write_fails_with_the_channels_words(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.write_faults.append(WriteRejected("422: quantity is locked"))

    await bench.apply()

    assert bench.update(update).status is Status.FAILED
    assert bench.update(update).result == "422: quantity is locked"
    assert [kind for _, kind, _ in bench.open_incidents()] == ["surprise"]


async def test_a_conflict_fails_with_the_channels_words_and_surprises_nobody(
    bench: Bench,
) -> None:
    update = await one_approved(bench)
    bench.shop.conflicts = {"A"}

    await bench.apply()

    assert bench.update(update).status is Status.FAILED
    assert bench.update(update).result == "it moved"
    assert bench.open_incidents() == []


async def test_a_lost_write_reply_is_never_resent(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.ignores = {"A"}
    bench.shop.lost_reply = WriteOutcomeUnknown("no reply in 30 s")

    await bench.apply()
    await bench.poll()
    await bench.apply()

    assert len(bench.shop.written) == 1
    assert bench.update(update).status is Status.UNKNOWN
    assert bench.update(update).result == "no reply: no reply in 30 s; still shows 31"


async def test_a_lost_reply_to_a_write_that_was_applied_is_verified_by_reading(
    bench: Bench,
) -> None:
    update = await one_approved(bench)
    bench.shop.lost_reply = WriteOutcomeUnknown("no reply in 30 s")

    await bench.apply()

    assert bench.update(update).status is Status.VERIFIED


async def test_a_later_poll_decides_what_a_lost_reply_left_unknown(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.ignores = {"A"}
    bench.shop.lost_reply = WriteOutcomeUnknown("no reply in 30 s")
    await bench.apply()
    assert bench.update(update).status is Status.UNKNOWN

    bench.shop.shows(A=14)
    await bench.poll()

    assert bench.update(update).status is Status.VERIFIED
    assert bench.audit(update)[-2:] == ["unknown", "verified"]


async def test_a_crash_while_writing_counts_as_a_lost_reply(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.ignores = {"A"}
    bench.shop.lost_reply = RuntimeError("secret")

    await bench.apply()

    assert bench.update(update).status is Status.UNKNOWN
    assert {kind for _, kind, _ in bench.open_incidents()} == {"crashed", "surprise"}
    assert "secret" not in str(bench.open_incidents()) + str(bench.update(update))


async def test_a_write_that_hangs_is_cut_off_and_counts_as_lost(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.write_faults.append(hang_beyond_every_deadline)

    await bench.apply()

    assert bench.shop.written == [[("A", 14)]]
    assert bench.update(update).status is Status.UNKNOWN


async def test_a_write_that_was_certainly_not_sent_stays_approved_and_backs_off(
    bench: Bench,
) -> None:
    update = await one_approved(bench)
    bench.shop.write_faults.append(Temporary("connection refused", retry_after_s=20))

    await bench.apply()

    assert bench.update(update).status is Status.APPROVED
    assert bench.audit(update)[-2:] == ["applying", "not sent"]
    assert bench.channel_state["shop"].writes.rests_until == bench.clock.now() + 20_000
    assert bench.open_incidents() == []
    await bench.apply()
    assert bench.update(update).status is Status.VERIFIED


async def test_a_key_that_may_not_write_pauses_the_writes_and_not_the_polls(
    bench: Bench,
) -> None:
    update = await one_approved(bench)
    bench.shop.write_faults.append(NeedsOperator("401, credential SHOP_KEY"))

    await bench.apply()
    await bench.poll()

    shop = bench.channel_state["shop"]
    assert bench.update(update).status is Status.APPROVED
    assert bench.open_incidents() == [("shop", "credentials", "401, credential SHOP_KEY")]
    assert shop.polls.rests_until == 0
    assert shop.writes.rests_until > bench.clock.now() + PAUSE_MS - 2_000


async def test_a_write_that_gets_through_ends_the_trouble_with_writing(bench: Bench) -> None:
    await one_approved(bench)
    bench.shop.write_faults.append(NeedsOperator("401, credential SHOP_KEY"))
    await bench.apply()

    await bench.apply()

    assert bench.open_incidents() == []
    assert bench.channel_state["shop"].writes.rests_until == 0


@pytest.mark.parametrize(
    "error", [Temporary("503"), ContractBroken("no list", path="items"), RuntimeError()]
)
async def test_without_a_fresh_reading_nothing_is_written(bench: Bench, error: Exception) -> None:
    update = await one_approved(bench)
    bench.shop.read_faults.append(error)

    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.APPROVED


async def test_trouble_with_reading_back_leaves_the_outcome_unknown(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.read_faults.extend([None, *[Temporary("503")] * 20])

    await bench.apply()

    assert bench.update(update).status is Status.UNKNOWN
    assert bench.update(update).result == "accepted; can't be read back: 503"


async def test_a_listing_that_is_gone_after_the_write_is_unknown(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.after_write = lambda _: bench.shop.stock.clear()

    await bench.apply()

    assert bench.update(update).status is Status.UNKNOWN


async def test_a_number_that_is_neither_old_nor_written_is_unknown(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.after_write = lambda _: bench.shop.shows(A=25)

    await bench.apply()

    assert bench.update(update).status is Status.UNKNOWN
    assert bench.update(update).result == (
        "accepted; shows 25, neither what was written nor what was there"
    )


async def test_an_order_right_after_the_write_does_not_hide_that_it_was_applied(
    bench: Bench,
) -> None:
    bench.shop.stock["A"] = Record("A", 31, on_hand=33, committed=2, threshold=0)
    update = await one_approved(bench)

    def sell(_: object) -> None:
        bench.shop.stock["A"] = Record("A", 13, on_hand=16, committed=3, threshold=0)

    bench.shop.after_write = sell

    await bench.apply()

    assert bench.update(update).status is Status.VERIFIED
