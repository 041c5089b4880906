"""The figures in print: a table for people, one JSON document for programs."""

import json
import math
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.runner.measurement import Measurement, Unavailable
from tests.benchmarks.runner.row import Result, Row

NAME_WIDTH = 58
TIMES = 5
"""As often a row is measured at least."""


def heading(skus: int, channels: int) -> str:
    columns = f"{'value':>11}  {'spread':>8}  {'bound':>11}  {'Skew':>10}  {'beside':>10}"
    return f"\n{f'{skus:,} SKUs × {channels} channels':{NAME_WIDTH}} {columns}"


def line(result: Result) -> str:
    """One row of the table."""
    row, found = result.row, result.found
    if isinstance(found, Unavailable):
        return f"{row.name:{NAME_WIDTH}}  not measured: {found.reason}"
    mark = " !" if result.excess > 1 else ""
    parts = [
        f"{row.name:{NAME_WIDTH}} {f'{_short(found.value)} {row.unit}':>11}",
        f"{f'± {_short(found.spread)}':>8}",
        f"{bound(row):>11}",
    ]
    if found.own:
        times = Measurement(found.own).value, Measurement(found.bare).value
        parts += [f"{_span(took_s):>10}" for took_s in times]
        parts.append(row.beside)
    text = "  ".join(parts) + mark
    notes = [found.note] if found.note else []
    if found.machine:
        notes.append(f"machine {_short(Measurement(found.machine).value)} {row.unit}")
    return f"{text}  ({', '.join(notes)})" if notes else text


def ending(results: Sequence[Result], times: int) -> str:
    """What stands below the table: how the costs grow, and how to read it."""
    lines = [
        f"{name:{NAME_WIDTH}} grows by n^{exponent:.2f} from {few:,} to {many:,}"
        for name, exponent, (few, many) in growth(results)
    ]
    little = "" if times >= TIMES else f"; fewer than {TIMES} say little"
    return "\n".join(
        [
            "",
            *lines,
            *([""] if lines else []),
            f"Medians of {times} turns, ± half of their range{little}. Ratios and seconds are of",
            "processor time; p95, p99 and paints of the clock. !: beyond the bound",
        ]
    )


def document(results: Sequence[Result]) -> str:
    """All of it as JSON: `rows`, and `growth` where several sizes were measured."""
    growths = [
        {"name": name, "exponent": round(exponent, 3), "from": sizes[0], "to": sizes[1]}
        for name, exponent, sizes in growth(results)
    ]
    rows = [_as_json(result) for result in results]
    whole: dict[str, Any] = {"rows": rows}
    if growths:
        whole["growth"] = growths
    return json.dumps(whole, ensure_ascii=False, indent=1)


def growth(results: Sequence[Result]) -> list[tuple[str, float, tuple[int, int]]]:
    """For each row that was measured at several sizes, by which power of them its cost grows.

    The cost is what Skew took where the row is a ratio, else the figure itself.
    """
    found = []
    for row in dict.fromkeys(result.row for result in results):
        costs = sorted(
            (result.skus, _cost(result.found))
            for result in results
            if result.row == row and isinstance(result.found, Measurement)
        )
        if len(costs) < 2:
            continue
        (few, low), (many, high) = costs[0], costs[-1]
        if few < many and low > 0 and high > 0:
            found.append((row.name, math.log(high / low) / math.log(many / few), (few, many)))
    return found


def _cost(found: Measurement) -> float:
    return Measurement(found.own).value if found.own else found.value


def _as_json(result: Result) -> dict[str, Any]:
    row, found = result.row, result.found
    told: dict[str, Any] = {"name": row.name, "skus": result.skus, "value": None}
    told["at_most" if row.at_least is None else "at_least"] = row.bound
    told |= {"unit": row.unit, "spread": None}
    if row.beside:
        told["beside"] = row.beside
    if isinstance(found, Unavailable):
        return told | {"missing": found.reason}
    told |= {"value": _rounded(found.value), "spread": _rounded(found.spread)}
    told["samples"] = [_rounded(sample) for sample in found.samples]
    if found.own:
        told["own_s"] = _rounded(Measurement(found.own).value)
        told["beside_s"] = _rounded(Measurement(found.bare).value)
    if found.machine:
        told["machine"] = _rounded(Measurement(found.machine).value)
    if found.note:
        told["note"] = found.note
    return told


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _short(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def bound(row: Row) -> str:
    """A row's bound in words; empty where it has none."""
    if row.bound is None:
        return ""
    sign = "≤" if row.at_least is None else "≥"
    return f"{sign} {row.bound:g} {row.unit}"


def _span(took_s: float) -> str:
    return f"{took_s:.2f} s" if took_s >= 1 else f"{took_s * 1000:.2f} ms"
