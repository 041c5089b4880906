"""Reads a database: all listings page by page, or a few afresh. Blocks: it runs in threads."""

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy.engine import Connection, CursorResult
from sqlalchemy.exc import SQLAlchemyError

from store.model import Record, Refused
from sync.channels.base import FreshReadings, ListingRef, RecordPage
from sync.channels.sql import drivers
from sync.channels.sql.database import SqlDatabase, Work
from sync.channels.sql.options import SqlOptions
from sync.channels.sql.rows import EmptyColumns, SqlRowDecoder
from sync.channels.sql.statements import statement
from sync.errors import ContractBroken

PAGE_ROWS = 1000
LISTINGS_MAX = 500
"""SKUs in one question for some of them."""
ROWS_MAX = 10_000
"""Rows that such a question may be answered with."""
_READ_REMEDY = '. `select` could not be asked for one SKU: add read = "SELECT … WHERE sku = :sku"'


class DatabaseReader:
    """Reads listings in transactions that can write nothing."""

    def __init__(self, database: SqlDatabase, options: SqlOptions) -> None:
        self._database = database
        self._options = options
        self._select = statement(options.select).text
        self._read = statement(options.read).text if options.read is not None else None
        self._names: tuple[str, ...] | None = None
        """The columns of `select`, as the database writes them."""

    def pages(self, work: Work) -> Generator[RecordPage]:
        """Read all listings, a page at a time, from one select that runs once."""
        empty = EmptyColumns(self._options)
        with self._reading(work, "select") as connection:
            result = self._streamed(connection, work)
            try:
                decoder = self._decoder(result, "select")
                first, page = 1, RecordPage(())
                for rows in result.partitions(PAGE_ROWS):
                    if first > 1:
                        yield page
                    found = self._fit(decoder.rows(rows, first))
                    empty.look(found.records)
                    page = RecordPage(found.records, found.refused)
                    first += len(rows)
            except BaseException:
                # Closing a cursor that is not read to its end makes some drivers fetch the rest
                # of a million rows. What is interrupted has no rest.
                work.interrupt()
                with contextlib.suppress(SQLAlchemyError):
                    result.close()
                raise
            yield RecordPage(page.records, page.refused, warnings=empty.warnings())

    def first_page(self, work: Work) -> tuple[RecordPage, Sequence[str]]:
        """Read the first page, and the columns that there are."""
        pages = self.pages(work)
        with contextlib.closing(pages):
            page = next(pages)
        return page, self._names or ()

    def read(self, work: Work, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read a few listings afresh, in one transaction."""
        key = "select" if self._read is None else "read"
        remedy = _READ_REMEDY if self._read is None else ""
        records: list[Record] = []
        refused: list[Refused] = []
        with self._reading(work, key, remedy) as connection:
            for asked, values in self._questions(connection, wanted):
                result = connection.execute(asked, values)
                decoder = self._decoder(result, key)
                rows = result.fetchmany(ROWS_MAX + 1)
                if len(rows) > ROWS_MAX:
                    result.close()
                    raise ContractBroken(
                        f"more than {ROWS_MAX:,} rows for a few SKUs",
                        path=key, subject=self._database.name,
                    )  # fmt: skip
                found = self._fit(decoder.rows(rows, 1))
                records += found.records
                refused += found.refused
        return _asked_for(wanted, records, refused)

    def explain(self, work: Work, values: Mapping[str, object]) -> None:
        """Have the database plan `update` without running it. Raises as `Channel.pages`.

        Where a database can't do that, nothing is done.
        """
        update = statement(self._options.update or "").text
        # MySQL would not plan a write in a transaction that only reads. Nothing is committed.
        with self._reading(work, "update", may_plan=True) as connection:
            if connection.dialect.name in _EXPLAINING:
                connection.execute(sqlalchemy.text(f"EXPLAIN {update}"), values).close()

    @property
    def counts_on_hand(self) -> bool:
        """Whether its rows say what is on hand and not what is available."""
        names = self._options.columns or [name.lower() for name in self._names or ()]
        return "available" not in names

    def _questions(
        self, connection: Connection, wanted: Sequence[ListingRef]
    ) -> Iterator[tuple[sqlalchemy.TextClause, Mapping[str, Any]]]:
        """Make the selects for some listings."""
        if self._read is not None:
            asked = sqlalchemy.text(self._read)
            names = statement(self._options.read or "").placeholders
            for listing in wanted:
                values = {"sku": listing.sku, "location": listing.location, "ref": listing.ref}
                yield asked, {name: values[name] for name in names}
            return
        sku = self._options.columns.get("sku", "sku").lower()
        named = next(name for name in self._columns(connection) if name.lower() == sku)
        column = connection.dialect.identifier_preparer.quote(named).replace(":", "\\:")
        asked = sqlalchemy.text(
            f"SELECT * FROM (\n{self._select}\n) skew_rows WHERE skew_rows.{column} IN :skus"  # noqa: S608 - the operator's own SQL; values are bound.
        ).bindparams(sqlalchemy.bindparam("skus", expanding=True))
        skus = list(dict.fromkeys(listing.sku for listing in wanted))
        for start in range(0, len(skus), LISTINGS_MAX):
            yield asked, {"skus": skus[start : start + LISTINGS_MAX]}

    def _columns(self, connection: Connection) -> tuple[str, ...]:
        """Find out how the database writes the columns of `select`, without reading any row."""
        if self._names is None:
            asked = f"SELECT * FROM (\n{self._select}\n) skew_rows WHERE 1 = 0"  # noqa: S608
            self._decoder(connection.execute(sqlalchemy.text(asked)), "select")
        return self._names or ()

    def _streamed(self, connection: Connection, work: Work) -> CursorResult[Any]:
        """Begin the select, with its rows left in the database until they are asked for."""
        work.watch(connection)
        return connection.execute(
            sqlalchemy.text(self._select),
            execution_options={"stream_results": True, "yield_per": PAGE_ROWS},
        )

    def _decoder(self, result: CursorResult[Any], key: str) -> SqlRowDecoder:
        if not result.returns_rows:
            raise ContractBroken("answers no rows", path=key, subject=self._database.name)
        names = tuple(map(str, result.keys()))
        decoder = SqlRowDecoder(names, self._options, key=key, name=self._database.name)
        if key == "select":
            self._names = names
        return decoder

    def _fit(self, found: FreshReadings) -> FreshReadings:
        """Make the reasons of refused rows fit for messages."""
        if not found.refused:
            return found
        text = self._database.redactor.text
        fit = [Refused(row.place, text(row.reason), row.sku, row.location) for row in found.refused]
        return FreshReadings(found.records, fit)

    @contextlib.contextmanager
    def _reading(
        self, work: Work, key: str, remedy: str = "", *, may_plan: bool = False
    ) -> Iterator[Connection]:
        """Lend a connection in a transaction that can't write; it is rolled back."""
        with self._database.connected() as connection:
            work.watch(connection)
            try:
                if not (may_plan and connection.dialect.name in drivers.MYSQL):
                    drivers.begin_read_only(connection)
                yield connection
            except SQLAlchemyError as error:
                raise self._database.failures.of_reading(error, key, remedy) from None


_EXPLAINING = frozenset({"sqlite", "postgresql", "mysql", "mariadb"})
"""What plans an update without running it when it is asked to explain it."""


def _asked_for(
    wanted: Sequence[ListingRef], records: Sequence[Record], refused: Sequence[Refused]
) -> FreshReadings:
    """Keep what was asked for: a database may compare SKUs without case or spaces."""
    refs = {(listing.sku, listing.location): listing.ref for listing in wanted}
    places = {(r.sku, r.location, r.ref) for r in records}
    mine = [
        record
        for record in records
        if (record.sku, record.location) in refs
        # Where one of several rows of a SKU is the one that was asked for, the others are not.
        and (
            (ref := refs[record.sku, record.location]) in ("", record.ref)
            or (record.sku, record.location, ref) not in places
        )
    ]
    bad = [row for row in refused if (row.sku or "", row.location) in refs]
    return FreshReadings(mine, bad)
