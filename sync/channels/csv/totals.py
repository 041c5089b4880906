"""Rows that add up the others: recognised by their words, their sum and their place."""

import enum
import re
from collections.abc import Mapping, Sequence

from store.model import Record
from store.record_columns import column_of
from sync.channels.csv.numbers import ColumnNumbers, readings

_WORDS = frozenset({
    "total", "totals", "subtotal", "sub-total", "grand-total", "sum", "sums", "summe", "summen",
    "zwischensumme", "gesamt", "gesamtsumme", "gesamtbestand", "insgesamt", "endsumme", "somme",
    "sous-total", "total-général", "totale", "totali", "somma", "totaal", "subtotaal",
    "eindtotaal", "suma", "totales", "razem", "łącznie", "celkem", "součet", "summa", "totalt",
    "total-geral", "soma", "yhteensä", "összesen", "toplam", "итого", "всего", "σύνολο", "合計",
    "总计", "合计", "總計", "합계",
})  # fmt: skip
"""What stands where another row has its SKU, or its title. Words of two have a hyphen here."""

_BEGINNINGS = frozenset(word[:2] for word in _WORDS)
_RECORDS_MIN = 2
"""A row without a SKU under fewer may have their sum by chance, or under nothing but zeros."""
_CELL_LENGTH_MAX = 60
_COLON = re.compile(r"[\s:.]+$")
_AMOUNT = re.compile(r"(?:\s*:|\s)\s*-?[\d.,' ]+$")


class Standing(enum.Enum):
    """What a row is that looks like a totals row."""

    ROW = enum.auto()
    """A row like any other: of a SKU that is called so, or without a SKU."""
    TOTAL = enum.auto()
    """It adds up the rows above it."""
    TOTAL_AT_END = enum.auto()
    """It is a totals row if no other row comes after it."""
    UNCLEAR_AT_END = enum.auto()
    """If no other row comes after it, nobody can tell: rows that it may add up can't be read."""


class TotalsFinder:
    """Knows totals rows by what the records above them add up to."""

    def __init__(self, at: Mapping[str, int], numbers: ColumnNumbers) -> None:
        self._numbers = numbers
        self._sku_at = at["sku"]
        self._figure = "available" if "available" in at else "on_hand"
        self._figure_at = at[self._figure]
        self._count = self._sum = 0
        """How many records the pages before had, and what they add up to."""
        self._refused = 0
        self._has_least = False
        """Some of the records have more than their number says."""
        self._sum_at_last_total = 0

    def add(self, records: Sequence[Record], refused: int) -> None:
        """Count the records of a page that has ended, and its rows that can't be read."""
        self._count += len(records)
        self._refused += refused
        self._has_least = self._has_least or _has_least(records)
        self._sum += self._added_up(records)

    def may_be(self, fields: Sequence[str]) -> bool:
        """Whether the row needs `judge`. Nearly no row does, and there may be a million."""
        at = self._sku_at
        sku = fields[at] if at < len(fields) else ""
        return not sku or sku[0].isspace() or sku[:2].lower() in _BEGINNINGS

    def any_depends(self, rows: Sequence[Sequence[str]]) -> bool:
        """Whether the rows above one of these decide what it is."""
        at = self._sku_at
        try:
            starts = [row[at][:2] for row in rows]
        except IndexError:
            return any(map(self._depends, rows))
        odd = {
            start
            for start in set(starts)
            if not start or start[0].isspace() or start.lower() in _BEGINNINGS
        }
        return bool(odd) and any(
            start in odd and self._depends(row) for start, row in zip(starts, rows, strict=True)
        )

    def _depends(self, fields: Sequence[str]) -> bool:
        if not self.may_be(fields):
            return False
        sku = fields[self._sku_at].strip() if self._sku_at < len(fields) else ""
        return not sku or is_totals_word(sku, with_amount=self._figure_at >= len(fields))

    def judge(self, fields: Sequence[str], above: Sequence[Record], refused: int) -> Standing:
        """Say what such a row is; `above` it are these records of its page.

        `refused`: how many rows of its page above it can't be read.
        """
        at = self._sku_at
        sku = fields[at].strip() if at < len(fields) else ""
        is_cut = self._figure_at >= len(fields)
        named = is_totals_word(sku, with_amount=is_cut) or (
            not sku and any(map(is_totals_word, fields))
        )
        refused += self._refused
        if not (self._count or above or refused) or (sku and not named):
            return Standing.ROW
        cell = "" if is_cut else fields[self._figure_at]
        shown = self._numbers.either(cell)
        whole = self._sum + self._added_up(above)
        adds_up = whole in shown or (named and whole - self._sum_at_last_total in shown)
        if not named and (not whole or self._count + len(above) < _RECORDS_MIN):
            return Standing.ROW
        if named and adds_up:
            self._sum_at_last_total = whole
            return Standing.TOTAL
        if not sku or not shown:
            is_total = adds_up or (named and (not sku or _is_bare(fields, self._figure_at)))
            return Standing.TOTAL_AT_END if is_total else Standing.ROW
        # It has a SKU and a number: an article may be called so. Its number says what it is.
        if refused:
            return Standing.UNCLEAR_AT_END
        has_least = self._has_least or _has_least(above)
        return Standing.TOTAL_AT_END if has_least and max(shown) >= whole else Standing.ROW

    def _added_up(self, records: Sequence[Record]) -> int:
        return sum(filter(None, column_of(records, self._figure)))


def _has_least(records: Sequence[Record]) -> bool:
    return any(column_of(records, "at_least"))


def _is_bare(fields: Sequence[str], figure_at: int) -> bool:
    """Whether a row says nothing but that it is a total, beside numbers of other columns."""
    if figure_at < len(fields) and fields[figure_at].strip():
        return False
    return all(
        not cell.strip() or is_totals_word(cell, with_amount=True) or readings(cell)
        for cell in fields
    )


def is_totals_word(cell: str, *, with_amount: bool = False) -> bool:
    """Whether a cell says `Total` or `Grand total:`; `with_amount`: also `Summe: 820`."""
    if len(cell) > _CELL_LENGTH_MAX:
        return False
    if with_amount:
        cell = _AMOUNT.sub("", cell)
    return "-".join(_COLON.sub("", cell).lower().split()) in _WORDS
