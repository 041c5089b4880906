"""A long list in parts of a bounded size."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

ROWS = 2_000
"""Rows that are held at a time: some megabytes."""


def in_parts(rows: Iterable[T]) -> Iterator[list[T]]:
    """The rows in order, `ROWS` at a time; no part is empty."""
    rest = iter(rows)
    while part := list(islice(rest, ROWS)):
        yield part


def lines_text(lines: Iterable[str]) -> str:
    """Lines of a report as one text, each with its end."""
    return "".join(f"{line}\n" for line in lines)
