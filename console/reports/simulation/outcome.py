"""What a simulation came to: as lines of text, and as JSON without times of this machine."""

from collections.abc import Callable, Iterator, Sequence

from console.reports.json_documents import Json
from console.reports.simulation import comparison
from console.reports.table import Paper, TableCell, TableColumn
from sync.simulation.seeds.many import ManyResults
from sync.simulation.seeds.results import TrialFigures

BROKEN_MAX = 10

Figure = Callable[[ManyResults], float | None]

_COMPARED: tuple[tuple[str, str, Callable[[TrialFigures], float]], ...] = (
    ("oversold units", "oversold_units", lambda figures: figures.oversold_units),
    (
        "undersold unit-hours", "undersold_unit_hours",
        lambda figures: figures.undersold_unit_hours,
    ),
    ("wrong writes", "wrong_writes", lambda figures: figures.wrong_writes),
)  # fmt: skip


def document(found: ManyResults, against: ManyResults | None) -> Json:
    """Everything that was counted; `against` is the same of another configuration."""
    written = _document(found)
    if against is None:
        return written
    differences: Json = {
        key: comparison.as_json(comparison.difference(found, against, figure))
        for _, key, figure in _COMPARED
    }
    return written | {"against": _document(against), "difference": differences}


def _document(found: ManyResults) -> Json:
    return {
        "seeds": sorted(found.results),
        "interrupted": found.is_interrupted,
        "steps": found.steps,
        "faults": dict(sorted(found.faults.items())),
        "checked": dict(sorted(found.checked.items())),
        "broken": [
            {
                "seed": seed,
                "at_s": breach.at / 1000,
                "promise": breach.promise,
                "seen": breach.words,
            }
            for seed, breaches in found.failing.items()
            for breach in breaches
        ],
        "with": {key: figure(found) for _, key, figure in _ROWS}
        | {
            "wrong_writes_because": dict(sorted(found.wrong.items())),
            "oversold_units_because": dict(sorted(found.oversold.items())),
        },
        "without": {key: figure(found) for _, key, figure in _WITHOUT},
    }


def _with(figure: Callable[[TrialFigures], float]) -> Figure:
    return lambda found: _rounded(
        sum(figure(result.with_skew.figures) for result in found.results.values())
    )


def _without(figure: Callable[[TrialFigures], float]) -> Figure:
    return lambda found: _rounded(sum(figure(result.without) for result in found.results.values()))


def _converged_s(found: ManyResults) -> float | None:
    """The mean over those that did."""
    spans = [result.with_skew.figures.converged_s for result in found.results.values()]
    known = [span for span in spans if span is not None]
    return round(sum(known) / len(known), 1) if known else None


def _rounded(value: float) -> float:
    return round(value, 3) if isinstance(value, float) else value


_WITHOUT = (
    ("oversold units", "oversold_units", _without(lambda figures: figures.oversold_units)),
    (
        "undersold unit-hours", "undersold_unit_hours",
        _without(lambda figures: figures.undersold_unit_hours),
    ),
)  # fmt: skip
_ROWS: tuple[tuple[str, str, Figure], ...] = (
    ("oversold units", "oversold_units", _with(lambda figures: figures.oversold_units)),
    (
        "undersold unit-hours", "undersold_unit_hours",
        _with(lambda figures: figures.undersold_unit_hours),
    ),
    ("writes", "writes", lambda found: sum(r.with_skew.writes for r in found.results.values())),
    ("wrong writes", "wrong_writes", _with(lambda figures: figures.wrong_writes)),
    ("seconds to converge", "converged_s", _converged_s),
    (
        "seeds that did not converge", "not_converged",
        _with(lambda figures: figures.converged_s is None),
    ),
    ("alerts", "alerts", _with(lambda figures: figures.alerts)),
)  # fmt: skip


def lines(
    found: ManyResults,
    against: ManyResults | None,
    names: Sequence[str],
    commands: Sequence[str],
    paper: Paper,
) -> Iterator[str]:
    """A table of the figures, what was broken, and which of two configurations is better.

    `commands` run one seed of each again, when the seed is put in.
    """
    all_found = [found] if against is None else [found, against]
    for results in all_found:
        yield (
            f"{len(results.results)} seeds, {results.steps:,} steps: "
            f"{sum(results.faults.values()):,} faults of {len(results.faults)} kinds, "
            f"{sum(results.checked.values()):,} checks"
        )
    columns = [TableColumn(""), TableColumn("WITHOUT", right=True)]
    columns += [TableColumn(name, right=True) for name in names]
    yield from paper.table(columns, list(_rows(found, all_found)))
    for results, command in zip(all_found, commands, strict=True):
        yield from _broken(results, command, paper)
    if against is not None:
        for words, _, figure in _COMPARED:
            told = comparison.sentence(words, comparison.difference(found, against, figure), names)
            yield from (f"  {line}" for line in paper.paragraph(told, ""))


def _rows(found: ManyResults, all_found: Sequence[ManyResults]) -> Iterator[list[TableCell]]:
    without = {key: figure(found) for _, key, figure in _WITHOUT}
    for words, key, figure in _ROWS:
        values = [without.get(key), *(figure(results) for results in all_found)]
        yield [TableCell(words), *(TableCell(_shown(value)) for value in values)]
        if key == "oversold_units":
            yield from _because([results.oversold for results in all_found])
        elif key == "wrong_writes":
            yield from _because([results.wrong for results in all_found])


def _because(counts: Sequence[dict[str, int]]) -> Iterator[list[TableCell]]:
    for words in sorted({words for counted in counts for words in counted}):
        values = [counted.get(words, 0) for counted in counts]
        yield [
            TableCell(f"  {words}"), TableCell(""), *(TableCell(f"{value:,}") for value in values)
        ]  # fmt: skip


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


def _broken(found: ManyResults, command: str, paper: Paper) -> Iterator[str]:
    left = BROKEN_MAX
    for seed, breaches in found.failing.items():
        for breach in breaches[:left]:
            left -= 1
            words = f"✖ seed {seed}, {breach.at / 1000:.1f} s: {breach.promise}: {breach.words}"
            yield from (paper.line(TableCell(line, "red")) for line in paper.paragraph(words, ""))
        yield f"  the same run again: {command} --seed {seed}"
