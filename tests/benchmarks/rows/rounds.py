"""Whole rounds of `skew poll` over five CSV files, as programs, beside what else compares files."""

import sys

from tests.benchmarks.csv_shop import CsvShop, differences
from tests.benchmarks.peers import rounds as peers
from tests.benchmarks.place import Place
from tests.benchmarks.runner import processes
from tests.benchmarks.runner.measurement import Measurement, Unavailable, ratio
from tests.benchmarks.runner.processes import SKEW, Spent
from tests.benchmarks.runner.row import Bench, Found, Row

FASTEST = "the fastest of pandas, Polars and DuckDB"
JUDGED_FROM = 100_000
INSTALL = "pip install -e '.[benchmarks]'"
NO_PEER = Unavailable(f"none of pandas, Polars and DuckDB is installed: {INSTALL}")

FIRST = Row("whole first round of skew poll, five CSVs", beside=FASTEST)
UNCHANGED = Row(
    "whole second round of skew poll, unchanged",
    beside=FASTEST,
    at_most=0.25,
    judged_from=JUDGED_FROM,
)
CHANGED = Row(
    "whole second round, 0.1 % changed, listed",
    beside=FASTEST,
    at_most=1,
    judged_from=JUDGED_FROM,
)
PEAK_FIRST = Row("peak memory, first skew poll", "MB", at_most=300)
PEAK_SECOND = Row("peak memory, second skew poll", "MB", at_most=300)
PEERS = {name: Row(f"peer: whole round by {name}", "s") for name in peers.LIBRARIES}
PEER_PEAKS = {name: Row(f"peer: peak memory of {name}", "MB") for name in peers.LIBRARIES}


def rounds(place: Place) -> Found:
    """A first round, a second of the same files, one of changed files; and the peers meanwhile."""
    shop = CsvShop(place)
    own: dict[Row, list[float]] = {row: [] for row in (FIRST, UNCHANGED, CHANGED)}
    fastest: list[float] = []
    peaks: dict[Row, list[float]] = {row: [] for row in (PEAK_FIRST, PEAK_SECOND)}
    took: dict[str, list[Spent]] = {name: [] for name in PEERS if peers.is_installed(name)}
    for _ in range(place.times):
        shop.forget()
        first = _skew(shop, "poll")
        unchanged = _skew(shop, "poll")
        shop.switch()
        changed = _skew(shop, "poll")
        listed = _skew(shop, "diff", "--json")
        for name, rounds_of in took.items():
            rounds_of.append(_peer(name, shop, differences(listed.out)))
        own[FIRST].append(first.cpu_s)
        own[UNCHANGED].append(unchanged.cpu_s)
        own[CHANGED].append(changed.cpu_s + listed.cpu_s)
        if took:
            fastest.append(min(spans[-1].cpu_s for spans in took.values()))
        peaks[PEAK_FIRST].append(first.peak_mb)
        peaks[PEAK_SECOND].append(max(unchanged.peak_mb, changed.peak_mb))
    shop.remove()
    note = _missing(took)
    found: dict[Row, Measurement | Unavailable] = {
        row: ratio(tuple(spans), tuple(fastest), note) if fastest else NO_PEER
        for row, spans in own.items()
    }
    found |= {row: Measurement(tuple(samples)) for row, samples in peaks.items()}
    found.update(_of_peers(took))
    return found


def _of_peers(took: dict[str, list[Spent]]) -> Found:
    found: dict[Row, Measurement | Unavailable] = {}
    for name, row in PEERS.items():
        missing = Unavailable(f"{name} is not installed: {INSTALL}")
        spans = took.get(name)
        found[row] = _of(spans, "cpu_s") if spans else missing
        found[PEER_PEAKS[name]] = _of(spans, "peak_mb") if spans else missing
    return found


def _of(spans: list[Spent], name: str) -> Measurement:
    return Measurement(tuple(getattr(spent, name) for spent in spans))


def _missing(took: dict[str, list[Spent]]) -> str:
    left_out = [name for name in PEERS if name not in took]
    return f"without {', '.join(left_out)}: not installed" if left_out else ""


def _skew(shop: CsvShop, *words: str) -> Spent:
    codes = (0, 1) if words[0] == "diff" else (0,)
    return processes.run((*SKEW, *words), folder=shop.folder, codes=codes)


def _peer(name: str, shop: CsvShop, expected: int) -> Spent:
    """A round by a library; it must find what Skew finds."""
    module = "tests.benchmarks.peers.rounds"
    command = (sys.executable, "-m", module, name, *map(str, shop.files))
    spent = processes.run(command)
    found = int(spent.out.rsplit(b"\n", 2)[-2])
    if found != expected:
        raise RuntimeError(f"{name} finds {found} differences, Skew {expected}")
    return spent


BENCHES = (
    Bench(
        (
            FIRST, UNCHANGED, CHANGED, *PEERS.values(),
            PEAK_FIRST, PEAK_SECOND, *PEER_PEAKS.values(),
        ),
        rounds,
    ),
)  # fmt: skip
