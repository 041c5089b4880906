"""What tables a database has, and a sample of each: for whoever writes the first `select`. Blocks.

Everything runs in transactions that can write nothing.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from sync.channels.sql import drivers
from sync.channels.sql.database import SqlDatabase, Work
from sync.channels.sql.rows import plain_value

TABLES_MAX = 300
SAMPLES_MAX = 12
"""Tables of which rows are read: those whose columns look most like stock."""
ROWS_MAX = 100

Rate = Callable[[Sequence[str]], float]
"""How much columns look like stock, by their names; 0: not at all."""


@dataclass(frozen=True, slots=True)
class TableSample:
    """What one select answers: of a table, of a view, or of two tables that belong together."""

    title: str
    """The table, for people."""
    source: str
    """What stands after FROM."""
    columns: Mapping[str, str]
    """The name of each column → how it stands in a SELECT."""
    rows: Sequence[Mapping[str, object]]
    table: str = ""
    """The one table that could be written, as SQL writes it; empty where there is none."""
    keys: Sequence[str] = ()
    """Its primary key."""


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    schema: str | None
    columns: Sequence[str]
    is_view: bool = False
    keys: Sequence[str] = ()
    links: Sequence[tuple[str, str, str]] = field(default=())
    """Its column, the other table, and the column there."""


def samples(
    database: SqlDatabase, work: Work, rate: Rate, wanted: str | None
) -> tuple[list[TableSample], list[str]]:
    """Sample the tables that look like stock, or the one that is wanted; and name all there are.

    Raises as `Channel.pages`.
    """
    with database.connected() as connection:
        work.watch(connection)
        try:
            drivers.begin_read_only(connection)
            found = list(itertools.islice(_tables(connection, wanted), TABLES_MAX))
            some = _likely(found, rate) if wanted is None else _named_so(found, wanted)
            return [
                sample for table in some for sample in _sampled(connection, table, found, rate)
            ], [table.name for table in found]
        except SQLAlchemyError as error:
            raise database.failures.of_reading(error, "tables") from None


def _tables(connection: Connection, wanted: str | None) -> Iterator[_Table]:
    inspector = sqlalchemy.inspect(connection)
    schema = (wanted or "").rpartition(".")[0]
    of = schema or None
    views = set(inspector.get_view_names(schema=of))
    for table in sorted([*inspector.get_table_names(schema=of), *views]):
        columns = [str(column["name"]) for column in inspector.get_columns(table, schema=of)]
        is_view = table in views
        keys = inspector.get_pk_constraint(table, schema=of)["constrained_columns"]
        links = [
            (key["constrained_columns"][0], key["referred_table"], key["referred_columns"][0])
            for key in inspector.get_foreign_keys(table, schema=of)
            if len(key["constrained_columns"]) == 1 and len(key["referred_columns"]) == 1
        ]
        yield _Table(table, of, columns, is_view, () if is_view else tuple(keys), links)


def _likely(tables: Sequence[_Table], rate: Rate) -> list[_Table]:
    rated = [(rate(table.columns), table) for table in tables]
    ordered = sorted(rated, key=lambda pair: pair[0], reverse=True)
    return [table for points, table in ordered if points > 0][:SAMPLES_MAX]


def _named_so(tables: Sequence[_Table], wanted: str) -> list[_Table]:
    name = wanted.rpartition(".")[2].lower()
    return [table for table in tables if table.name.lower() == name]


def _sampled(
    connection: Connection, table: _Table, all_tables: Sequence[_Table], rate: Rate
) -> Iterator[TableSample]:
    quote = connection.dialect.identifier_preparer.quote
    own = _named(connection, table)
    columns = {name: quote(name) for name in table.columns}
    writable = "" if table.is_view else own
    yield TableSample(
        table.name, own, columns, _rows(connection, columns, own), writable, table.keys
    )
    by_name = {other.name: other for other in all_tables}
    for column, other_name, referred in table.links:
        other = by_name.get(other_name)
        if other is None or other is table:
            continue
        # Of the other table only what this one lacks: both have an id.
        more = [name for name in other.columns if name not in table.columns]
        if rate([*table.columns, *more]) <= rate(table.columns):
            continue
        source = (
            f"{own} s JOIN {_named(connection, other)} p ON p.{quote(referred)} = s.{quote(column)}"
        )
        both = {name: f"s.{quote(name)}" for name in table.columns}
        both |= {name: f"p.{quote(name)}" for name in more}
        rows = _rows(connection, both, source)
        yield TableSample(f"{table.name} with {other.name}", source, both, rows)


def _named(connection: Connection, table: _Table) -> str:
    quote = connection.dialect.identifier_preparer.quote
    schema = f"{quote(table.schema)}." if table.schema else ""
    return f"{schema}{quote(table.name)}"


def _rows(
    connection: Connection, columns: Mapping[str, str], source: str
) -> list[Mapping[str, object]]:
    """Read some rows; more are never fetched."""
    if not columns:
        return []
    # SQLAlchemy writes the limit as each database does.
    asked: sqlalchemy.Executable = (
        sqlalchemy.select(*map(sqlalchemy.literal_column, columns.values()))
        .select_from(sqlalchemy.text(source.replace(":", "\\:")))
        .limit(ROWS_MAX)
    )
    rows = connection.execute(asked).fetchall()
    return [dict(zip(columns, map(plain_value, row), strict=True)) for row in rows]
