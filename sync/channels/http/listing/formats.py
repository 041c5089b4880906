"""Answers that are not JSON: CSV as the kind `csv` reads it, XML as objects of its elements."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from xml.parsers import expat

from store.model import Millis, Refused
from sync.channels.api import bodies, complaints, expressions
from sync.channels.base import FreshReadings
from sync.channels.csv.layout import HEADING_LINES_MAX, Layout, encoding_of, find_layout
from sync.channels.csv.numbers import FIGURES, ColumnNumbers, decimal_signs
from sync.channels.csv.records import RowDecoder
from sync.channels.csv.rows import Row, read_rows
from sync.channels.words import NumberWords
from sync.errors import ContractBroken

DEPTH_MAX = 100
"""Elements in elements. A record lies a few deep."""


@dataclass(frozen=True, slots=True)
class CsvContent:
    """A CSV answer: its rows below the header, and how their numbers are written."""

    layout: Layout
    rows: Sequence[Row]
    numbers: ColumnNumbers

    def decoded(
        self, rows: Sequence[Row], place: str, zone: tzinfo, words: NumberWords
    ) -> FreshReadings:
        """Make records of some of its rows; totals rows are left out."""
        decoder = RowDecoder(self.layout, self.numbers, zone, words)
        page = decoder.page(rows, as_of=Millis(0))
        refused = [
            Refused(f"{place}{record.place}", record.reason, record.sku, record.location)
            for record in (*page.refused, *decoder.end())
        ]
        return FreshReadings(page.records, refused)


def csv_of(body: bytes, columns: Mapping[str, str], place: str, subject: str) -> CsvContent:
    """Read a CSV answer. Raises ContractBroken where it has not the columns."""
    if complaints.is_web_page(body):
        words = f'sent no CSV: a web page instead: "{complaints.first_words(body)}"'
        raise bodies.WebPageInstead(words, path=place, subject=subject)
    encoding = encoding_of(io.BytesIO(body))
    try:
        text = body.decode(encoding)
        lines = text.splitlines(keepends=True)[:HEADING_LINES_MAX]
        layout = find_layout(lines, encoding=encoding, delimiter=None, columns=columns)
    except (ValueError, csv.Error) as error:
        raise ContractBroken(str(error), path=place, subject=subject) from error
    rows = list(read_rows(layout, io.StringIO(text, newline=""), subject))
    figures = {name: at for name, at in layout.at.items() if name in FIGURES}
    numbers = ColumnNumbers(None, lambda: decimal_signs(figures, (row.fields for row in rows)))
    return CsvContent(layout, rows, numbers)


def xml_of(body: bytes, place: str, subject: str) -> object:
    """Read an XML answer as JSON would say it. Raises ContractBroken where it is not XML.

    An element is an object of its elements and its attributes (`@id`); one that has neither is its
    text. Elements of one name in one element are a list. Prefixes of names are left out.
    """
    if complaints.is_web_page(body):
        words = f'sent no XML: a web page instead: "{complaints.first_words(body)}"'
        raise bodies.WebPageInstead(words, path=place, subject=subject)
    builder = _XmlBuilder()
    try:
        builder.parser.Parse(body, True)
    except (expat.ExpatError, ValueError) as error:
        words = f"sent no XML: {error}"
        raise ContractBroken(words, path=place, subject=subject) from error
    return builder.root


class _XmlBuilder:
    """Builds objects of what the parser meets."""

    def __init__(self) -> None:
        self.root: dict[str, object] = {}
        self._open: list[tuple[str, dict[str, object], list[str]]] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= DEPTH_MAX:
            raise ValueError("elements nested too deep")
        own: dict[str, object] = {
            f"@{_plain(key)}": value for key, value in attributes.items() if not _is_namespace(key)
        }
        self._open.append((_plain(name), own, []))

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1][2].append(text)

    def _end(self, _name: str) -> None:
        name, own, texts = self._open.pop()
        text = "".join(texts).strip()
        value: object = own or text
        if own.pop("@nil", None) == "true":
            value = None
        elif own and text:
            own["#text"] = text
        holder = self._open[-1][1] if self._open else self.root
        if name not in holder:
            holder[name] = value
        elif isinstance(holder[name], list):
            holder[name].append(value)  # type: ignore[attr-defined]
        else:
            holder[name] = [holder[name], value]

    def _refuse_doctype(self, *_: object) -> None:
        # An entity can stand for another ten times over, and so fill the memory, or for a file.
        raise ValueError("it has a DOCTYPE, which is not read")


def one_or_more(found: object, expression: str, content: object) -> object:
    """What XML says where a list belongs: one element is a list of one, an empty one of none.

    `expression` has found this in `content`.
    """
    if isinstance(found, dict):
        return [found]
    steps = expressions.path(expression) or ()
    # Of `products.product` an API without products says `<products/>`.
    is_empty = any(
        expressions.found_by(steps[:length], content) == "" for length in range(1, len(steps) + 1)
    )
    return [] if is_empty else found


def _plain(name: str) -> str:
    return name.rpartition(":")[2]


def _is_namespace(name: str) -> bool:
    return name == "xmlns" or name.startswith("xmlns:")
