"""A row of the table: what is measured, what it may be, and what measures it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tests.benchmarks.place import Place
from tests.benchmarks.runner.measurement import Measurement, Unavailable


@dataclass(frozen=True)
class Row:
    """A figure that is told, with its bound where it has one."""

    name: str
    unit: str = "×"
    beside: str = ""
    """What a ratio is of."""
    at_most: float | None = None
    at_least: float | None = None
    judged_from: int = 0
    """From so many SKUs up the bound is meant: below, what a program costs anyway outweighs it."""

    @property
    def bound(self) -> float | None:
        return self.at_most if self.at_least is None else self.at_least

    def excess(self, value: float) -> float:
        """How many times its bound this is, on the wrong side: 1 and less is within it."""
        if self.at_least is not None:
            return self.at_least / max(value, 1e-9)
        return 0.0 if self.at_most is None else value / self.at_most


Found = Mapping[Row, Measurement | Unavailable]


@dataclass(frozen=True)
class Bench:
    """Measures some rows that share what must be there before."""

    rows: tuple[Row, ...]
    measure: Callable[[Place], Found]
    is_long: bool = False
    """Only in the long form, which takes its time."""

    def named(self, words: Iterable[str]) -> tuple[Row, ...]:
        """Its rows whose name has one of these words; all of them where there are no words."""
        wanted = [word.casefold() for word in words]
        return tuple(
            row
            for row in self.rows
            if not wanted or any(word in row.name.casefold() for word in wanted)
        )


@dataclass(frozen=True)
class Result:
    """What one row came to at one size."""

    row: Row
    skus: int
    found: Measurement | Unavailable

    @property
    def excess(self) -> float:
        """How many times its bound it is, where the bound is meant for this size."""
        if isinstance(self.found, Unavailable) or self.skus < self.row.judged_from:
            return 0.0
        return self.row.excess(self.found.value)

    @property
    def excess_of_ours(self) -> float:
        """The same, where the machine itself takes longer than the bound: how many times that."""
        if self.excess <= 1 or isinstance(self.found, Unavailable) or not self.found.machine:
            return self.excess
        of_machine = self.found.value / max(Measurement(self.found.machine).value, 1e-9)
        return min(self.excess, of_machine)
