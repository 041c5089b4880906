"""What a poll costs the store: the first, and one of which 0.1 % has changed."""

import statistics
from collections.abc import Callable

from store.database.connection import Database
from store.model import Record
from store.polling.comparison import Comparison
from store.polling.recognition.memory import PollMemory
from tests.benchmarks import place as places
from tests.benchmarks import world
from tests.benchmarks.bare import Bare
from tests.benchmarks.peers import ingest as peers
from tests.benchmarks.place import Place
from tests.benchmarks.runner.measurement import (
    Measurement,
    Unavailable,
    cpu_s,
    in_turns,
    ratio,
)
from tests.benchmarks.runner.row import Bench, Found, Row

UPSERT = "a bare upsert of the same rows"

AUTHORITY = Row("first ingest, the authority", beside=UPSERT, at_most=2.5)
CHANNEL = Row("first ingest, another channel", beside=UPSERT, at_most=2)
SAME_PROCESS = Row(
    "re-poll, 0.1 % changed, same process", beside=UPSERT, at_most=0.15, judged_from=100_000
)
NEW_PROCESS = Row(
    "re-poll, 0.1 % changed, new process", beside=UPSERT, at_most=0.25, judged_from=100_000
)


def upsert_s(place: Place) -> float:
    """The bare upsert of one channel into a file of its own."""
    path = place.fresh()
    plain = Bare(path)
    took_s = cpu_s(lambda: plain.upsert("market", place.rows))
    plain.close()
    places.remove(path)
    return took_s


def first_ingest(place: Place) -> Found:
    """Every channel of an empty cache, the authority first."""
    turns: list[dict[str, float]] = []

    def authority_s() -> float:
        path = place.fresh()
        memories = {name: PollMemory() for name in world.NAMES}
        took: dict[str, float] = {}
        with Database.open(path) as database:
            comparison = Comparison(world.terms())
            database.write(comparison.configure, now=1)
            for name in world.NAMES:
                poll = _poll(database, comparison, name, place, memories)
                took[name] = cpu_s(poll)
        places.remove(path)
        turns.append(took)
        return took["warehouse"]

    own, bare = in_turns(place.times, authority_s, lambda: upsert_s(place))
    others = tuple(statistics.median(list(took.values())[1:]) for took in turns)
    return {AUTHORITY: ratio(own, bare), CHANNEL: ratio(others, bare)}


def _poll(
    database: Database,
    comparison: Comparison,
    name: str,
    place: Place,
    memories: dict[str, PollMemory],
) -> Callable[[], None]:
    return lambda: world.poll(database, comparison, name, place.rows, memories)


def repolls(place: Place) -> Found:
    """A poll of the whole list of which a thousandth of the numbers has moved."""
    versions = [world.nudged(place.rows, every=1000, by=by) for by in (1, 2)]
    with place.catalogue() as shop:
        turn = 0

        def next_version() -> list[Record]:
            nonlocal turn
            turn += 1
            return versions[turn % 2]

        shop.poll("shop", place.rows)
        same, bare = in_turns(
            place.times,
            lambda: cpu_s(lambda: shop.poll("shop", next_version())),
            lambda: upsert_s(place),
        )

        world.save(shop.database, "shop", shop.memories)

        def new_process_s() -> float:
            """It recalls what an earlier one saved, and saves what it knows when it stops."""

            def poll() -> None:
                shop.memories["shop"] = PollMemory()
                shop.poll("shop", next_version())
                world.save(shop.database, "shop", shop.memories)

            return cpu_s(poll)

        new, bare_again = in_turns(place.times, new_process_s, lambda: upsert_s(place))
    return {SAME_PROCESS: ratio(same, bare), NEW_PROCESS: ratio(new, bare_again)}


def beside_peers(place: Place) -> Found:
    """The same rows put into SQLite by what people use for it."""
    found: dict[Row, Measurement | Unavailable] = {}
    for row, upsert in peers.WAYS.items():
        work = upsert(place)
        if isinstance(work, Unavailable):
            found[row] = work
        else:
            own, bare = in_turns(place.times, work, lambda: upsert_s(place))
            found[row] = ratio(own, bare)
    return found


BENCHES = (
    Bench((AUTHORITY, CHANNEL), first_ingest),
    Bench((SAME_PROCESS, NEW_PROCESS), repolls),
    Bench(tuple(peers.WAYS), beside_peers),
)
