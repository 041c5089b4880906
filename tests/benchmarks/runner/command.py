"""The command line of the benchmarks: which rows, at which sizes, told in which form."""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.place import Place
from tests.benchmarks.runner import report
from tests.benchmarks.runner.row import Bench, Result

SIZES = (10_000, 100_000)
SHORT_SIZES = (2_000,)
FAR_BEYOND = 10.0
"""The short form fails where a figure is so many times its bound: no machine's noise is."""


def run(words: Sequence[str], benches: Sequence[Bench], *, folder: Path | None = None) -> int:
    """Measure, print, and answer the exit code.

    0: measured, within the bounds or not. 1: in the short form, a row is ten times beyond its
    bound. 2: the arguments are wrong.
    """
    options = _parser().parse_args(words)
    if options.list:
        print(_names(benches))
        return 0
    unknown = [word for word in options.only if not any(b.named([word]) for b in benches)]
    if unknown:
        named = ", ".join(map(repr, unknown))
        print(f"no row has {named} in its name; the rows:\n{_names(benches)}", file=sys.stderr)
        return 2
    results: list[Result] = []
    try:
        _measure_all(benches, options, folder, results)
    finally:
        # What was measured before an interruption is told as well.
        if options.json:
            print(report.document(results))
        else:
            print(report.ending(results, options.times))
    far = [result.row.name for result in results if result.excess_of_ours > FAR_BEYOND]
    if options.short and far:
        print("\n".join(f"ten times beyond its bound: {name}" for name in far), file=sys.stderr)
        return 1
    return 0


def _names(benches: Sequence[Bench]) -> str:
    return "\n".join(row.name for bench in benches for row in bench.rows)


def _measure_all(
    benches: Sequence[Bench],
    options: argparse.Namespace,
    folder: Path | None,
    results: list[Result],
) -> None:
    for skus in sorted(set(options.skus or (SHORT_SIZES if options.short else SIZES))):
        if not options.json:
            print(report.heading(skus, Place.CHANNELS))
        with tempfile.TemporaryDirectory(dir=folder) as name:
            place = Place(skus, Path(name), times=options.times)
            for bench in benches:
                if options.only or options.long or not bench.is_long:
                    _measure(bench, place, options, results)


def _measure(
    bench: Bench, place: Place, options: argparse.Namespace, results: list[Result]
) -> None:
    rows = bench.named(options.only)
    if not rows:
        return
    with _progress(rows[0].name):
        found = bench.measure(place)
    for row in rows:
        results.append(Result(row, place.skus, found[row]))
        if not options.json:
            print(report.line(results[-1]), flush=True)


@contextlib.contextmanager
def _progress(name: str) -> Iterator[None]:
    """Say on a terminal what is measured now, for as long as it is."""
    if not sys.stderr.isatty():
        yield
        return
    print(f"\r\x1b[K… {name}", end="", file=sys.stderr, flush=True)
    yield
    print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure Skew's speed, each figure in turns with its bare counterpart.",
    )
    parser.add_argument(
        "--skus", nargs="+", type=_count, metavar="N", help=f"sizes; default {SIZES}"
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="only rows whose name has this"
    )
    parser.add_argument(
        "--times", type=_count, default=report.TIMES, help=f"turns; default {report.TIMES}"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--long", action="store_true", help="also the rows that take long")
    form.add_argument(
        "--short",
        action="store_true",
        help=f"{SHORT_SIZES[0]:,} SKUs; exits 1 where a row is ten times beyond its bound",
    )
    return parser


def _count(word: str) -> int:
    number = int(word.replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
