"""Corrections that are approved and wait to be written: what the tests of `apply` start from."""

from sync.channels.abilities import Abilities
from tests.sync.scripted_channel import Bench

CAN = Abilities(
    kind="scripted", reads=("available",), writes=("quantity",), reads_one=True, batch_max=100
)


async def one_approved(bench: Bench, shown: int = 31, target: int = 14) -> int:
    """A shop that shows `shown` where `target` is true, and an approved correction of it."""
    [update] = await bench.disagree({"A": shown}, {"A": target})
    bench.approve(update.id)
    return update.id


async def many_approved(bench: Bench, count: int) -> list[int]:
    names = [f"S{number:02}" for number in range(count)]
    updates = await bench.disagree(dict.fromkeys(names, 9), dict.fromkeys(names, 4))
    bench.approve()
    return [update.id for update in updates]
