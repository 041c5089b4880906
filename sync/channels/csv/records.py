"""The rows of a CSV file → records. A bad row is refused alone."""

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo

from store.model import Millis, Record, Refused
from store.record_columns import RecordColumns
from sync import values
from sync.channels.base import RecordPage
from sync.channels.csv.layout import Layout
from sync.channels.csv.numbers import ColumnNumbers
from sync.channels.csv.recognition.columns import RowColumns, state_of
from sync.channels.csv.rows import Row
from sync.channels.csv.totals import Standing, TotalsFinder
from sync.channels.words import AT_LEAST, FIGURES, NO_WORDS, NumberWords, Word, plain


class Fate(enum.Enum):
    """What has become of a row."""

    RECORD = enum.auto()
    REFUSED = enum.auto()
    NOTHING = enum.auto()
    """It is no listing."""


class RowDecoder:
    """Turns a file's rows into records, page by page; a bad row is refused alone, by its line.

    Totals rows are left out. What looks like one and may be a listing is held until the next row
    shows that it is not the end.
    """

    def __init__(
        self, layout: Layout, numbers: ColumnNumbers, zone: tzinfo, words: NumberWords = NO_WORDS
    ) -> None:
        self._zone = zone
        self._layout = layout
        self._counted_by = "available" if "available" in layout.at else "on_hand"
        self._counted = [name for name in FIGURES if name in layout.at]
        self._numbers = numbers
        self._words, self._has_words = words, bool(words)
        self._totals = TotalsFinder(layout.at, numbers)
        self._held: list[tuple[Row, Standing]] = []
        self._gone: list[tuple[str, str]] = []
        self._columns = RowColumns(layout, numbers, zone)
        self.line_of: Callable[[int], int] | None = None
        """Says which line a row is, by its `Row.line`; None: that is the line."""
        self.fates: list[Fate] = []
        """Of the rows of the newest page, where none of them needs others."""
        self.met_dependent = False
        """A row came that the rows above decide about."""

    def page(self, rows: Iterable[Row], *, as_of: Millis | None = None) -> RecordPage:
        """Decode the next rows."""
        rows = list(rows)
        records: list[Record] = []
        refused: list[Refused] = []
        self._gone, self.fates = [], []
        plain = self.plain([row.fields for row in rows])
        if plain is not None:
            self.fates = [Fate.RECORD] * len(plain)
            return RecordPage(plain, refused, as_of=as_of)
        depends = self.depends(rows)
        self.met_dependent |= depends
        for row in rows:
            if depends and self._totals.may_be(row.fields):
                stands = self._totals.judge(row.fields, records, len(refused))
                if stands is not Standing.ROW:
                    if stands is not Standing.TOTAL:
                        self._held.append((row, stands))
                    continue
            if self._held:
                for held, _ in self._held:
                    self._decode(held, records, refused)
                self._held.clear()
            self._decode(row, records, refused)
        self._totals.add(records, len(refused))
        return RecordPage(records, refused, as_of=as_of, gone=self._gone)

    def depends(self, rows: Sequence[Row]) -> bool:
        """Whether what some of the rows are is decided by the rows above them."""
        return self._totals.any_depends([row.fields for row in rows if not row.problem])

    def plain(self, rows: Sequence[list[str]]) -> RecordColumns | None:
        """Decode the next rows, where all are plain and none depends on others; else None."""
        if self._held or self._has_words or self._totals.any_depends(rows):
            return None
        records = self._columns.decode(rows)
        if records is not None:
            self._totals.add(records, 0)
        return records

    def end(self) -> Sequence[Refused]:
        """Say at the file's end which of its last rows can be a listing and a total."""
        return [self._unclear(row) for row, held in self._held if held is Standing.UNCLEAR_AT_END]

    def _unclear(self, row: Row) -> Refused:
        sku, location = _listing_of(row, self._layout)
        reason = f"{values.quoted(sku)} can be a total or an article: rows above it can't be read"
        return Refused(self._place(row), reason, sku, location)

    def _decode(self, row: Row, records: list[Record], refused: list[Refused]) -> None:
        try:
            record = self._record(row)
        except ValueError as error:
            sku, location = _listing_of(row, self._layout)
            refused.append(Refused(self._place(row), str(error), sku, location))
            self.fates.append(Fate.REFUSED)
        else:
            if record is not None:
                records.append(record)
            self.fates.append(Fate.NOTHING if record is None else Fate.RECORD)

    def _place(self, row: Row) -> str:
        return f"line {row.line if self.line_of is None else self.line_of(row.line)}"

    def _record(self, row: Row) -> Record | None:
        """Decode a row; None where the file says by a word that it is no listing."""
        if row.problem:
            raise ValueError(row.problem)
        if len(row.fields) != len(self._layout.header):
            _check_width(row.fields, self._layout)
        found = {name: row.fields[at] for name, at in self._layout.at.items()}
        figures = self._figures(found)
        state = state_of(found.get("state"))
        if figures is None:
            return None
        if figures[self._counted_by] is None:
            # A row without a number says that the SKU is there and not how many: to guess a 0 would
            # take it off sale everywhere.
            available, state = None, values.state_of_uncounted(state)
        else:
            available = figures["available"] if "available" in figures else _available(figures)
        return Record(
            sku=values.sku(found["sku"]),
            available=available,
            location=values.location(found.get("location")),
            state=state,
            price_minor=self._numbers.price_minor(found.get("price", "")),
            title=values.title(found.get("title")),
            source_at=values.instant(found.get("updated_at"), self._zone),
            on_hand=figures.get("on_hand"),
            committed=figures.get("committed"),
            unavailable=figures.get("unavailable"),
            incoming=figures.get("incoming"),
            threshold=figures.get("threshold"),
            at_least=bool(figures.get(AT_LEAST)),
        )

    def _figures(self, found: Mapping[str, str]) -> dict[str, int | None] | None:
        """Take the numbers of a row, and the words that stand for numbers."""
        if self._has_words:
            said = {name: self._words.of(found[name]) for name in self._counted}
            if said[self._counted_by] is Word.ABSENT:
                # Only its name must be one: of a row without a listing nothing else matters.
                sku, location = values.sku(found["sku"]), values.location(found.get("location"))
                self._gone.append((sku, location))
                return None
            taken = {
                name: self._figure(name, found[name]) if meaning is None else meaning
                for name, meaning in said.items()
            }
            return plain(taken, self._counted_by)
        return {name: self._figure(name, found[name]) for name in self._counted}

    def _figure(self, name: str, text: str) -> int | None:
        if name == self._counted_by and values.is_uncounted(text):
            return None
        return self._numbers.quantity_or_none(name, text)


def _listing_of(row: Row, layout: Layout) -> tuple[str | None, str]:
    """Say which listing's row was refused: none where its location can't be read."""
    # The SKU and location of a bad row say which listing is unreadable, so that its last reading
    # does not look current. Half of that is worse than nothing: a row whose location can't be read
    # would blind the same SKU at another location.
    found = {
        name: row.fields[layout.at[name]]
        for name in ("sku", "location")
        if name in layout.at and layout.at[name] < len(row.fields)
    }
    try:
        return values.sku_or_none(found.get("sku")), values.location(
            found["location"] if "location" in layout.at else None
        )
    except (KeyError, ValueError):
        return None, ""


def _available(figures: Mapping[str, int | None]) -> int:
    amounts = values.Amounts(*(figures.get(name) for name in values.AMOUNTS))
    return amounts.available()


def _check_width(fields: Sequence[str], layout: Layout) -> None:
    """Refuse a row that has too few fields, or more than delimiters at its end."""
    width = len(layout.header)
    if len(fields) < layout.width_min or any(map(str.strip, fields[width:])):
        raise ValueError(f"{len(fields)} fields, but the header has {width}")
