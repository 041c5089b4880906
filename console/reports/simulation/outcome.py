"""What a simulation came to: as lines of text, and as JSON without times of this machine."""

from collections.abc import Iterator, Sequence

from console.reports.json_documents import Json
from console.reports.table import Paper, TableCell, TableColumn
from sync.simulation.seeds.many import ManyResults
from sync.simulation.seeds.trial import TrialFigures

BROKEN_MAX = 10


def document(found: ManyResults, against: ManyResults | None) -> Json:
    """Everything that was counted; `against` is the same of another configuration."""
    written = _document(found)
    return written if against is None else written | {"against": _document(against)}


def _document(found: ManyResults) -> Json:
    results = [found.results[seed] for seed in sorted(found.results)]
    return {
        "seeds": sorted(found.results),
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
        "with": _figures([result.with_skew.figures for result in results])
        | {
            "wrong_writes": sum(result.with_skew.figures.wrong_writes for result in results),
            "writes": sum(result.with_skew.writes for result in results),
            "alerts": sum(result.with_skew.figures.alerts for result in results),
            "converged_s": _mean([result.with_skew.figures.converged_s for result in results]),
            "not_converged": sum(
                result.with_skew.figures.converged_s is None for result in results
            ),
        },
        "without": _figures([result.without for result in results]),
    }


def lines(
    found: ManyResults, against: ManyResults | None, names: Sequence[str], paper: Paper
) -> Iterator[str]:
    """A table of the figures, what was broken, and which of two configurations is better."""
    one, other = _document(found), None if against is None else _document(against)
    yield (
        f"{len(found.results)} seeds, {found.steps:,} steps: {sum(found.faults.values()):,} faults "
        f"of {len(found.faults)} kinds, {sum(found.checked.values()):,} checks"
    )
    columns = [TableColumn(""), TableColumn("WITHOUT", right=True)]
    columns += [TableColumn(name, right=True) for name in names]
    rows = [
        [TableCell(words), *(TableCell(_shown(part, key)) for part in _parts(one, other))]
        for words, key in _ROWS
    ]
    yield from paper.table(columns, rows)
    for document, results in ((one, found), (other, against)):
        if document is not None and results is not None:
            yield from _broken(results, paper)
    if other is not None:
        yield from (f"  {line}" for line in _compared(one, other, names))


_ROWS = (
    ("oversold units", "oversold_units"),
    ("undersold unit-hours", "undersold_unit_hours"),
    ("writes", "writes"),
    ("wrong writes", "wrong_writes"),
    ("seconds to converge", "converged_s"),
    ("seeds that did not converge", "not_converged"),
    ("alerts", "alerts"),
)


def _parts(one: Json, other: Json | None) -> list[object]:
    parts = [one["without"], one["with"]]
    return parts if other is None else [*parts, other["with"]]


def _shown(part: object, key: str) -> str:
    assert isinstance(part, dict)
    value = part.get(key)
    if value is None:
        return "–"
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


def _broken(found: ManyResults, paper: Paper) -> Iterator[str]:
    left = BROKEN_MAX
    for seed, breaches in found.failing.items():
        for breach in breaches[:left]:
            left -= 1
            words = f"✖ seed {seed}, {breach.at / 1000:.1f} s: {breach.promise}: {breach.words}"
            yield from (paper.line(TableCell(line, "red")) for line in paper.paragraph(words, ""))


def _compared(one: Json, other: Json, names: Sequence[str]) -> Iterator[str]:
    name, other_name = names
    for words, key in _ROWS[:2]:
        with_one, with_other = one["with"], other["with"]
        assert isinstance(with_one, dict)
        assert isinstance(with_other, dict)
        first, second = with_one[key], with_other[key]
        if first == second:
            yield f"{words}: the same"
            continue
        better = name if first < second else other_name
        less = abs(first - second)
        share = f" ({less / max(first, second):.0%})"
        yield f"{words}: {better} is better by {less:,.1f}{share}"


def _figures(figures: Sequence[TrialFigures]) -> Json:
    return {
        "oversold_units": sum(figure.oversold_units for figure in figures),
        "undersold_unit_hours": round(sum(figure.undersold_unit_hours for figure in figures), 3),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 1) if known else None
