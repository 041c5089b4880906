"""The `sql` kind: any database that SQLAlchemy knows, described by the operator's own SQL.

SQLAlchemy is imported when a channel is opened: whoever has no database need not install it.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from store.model import Record
from sync import extras, values
from sync.channels import sightings
from sync.channels.base import (
    Change,
    FreshReadings,
    KeySighting,
    ListingRef,
    Receipt,
    RecordPage,
    Sighting,
)
from sync.channels.sql.kind import abilities
from sync.channels.sql.options import FIELDS, SqlOptions, extra_of
from sync.clock import Clock
from sync.errors import ChannelError, ConfigError
from sync.secrets import SecretSource, resolve

if TYPE_CHECKING:
    from sync.channels.sql.database import SqlDatabase
    from sync.transport.transport import Transport

_COLUMNS_SHOWN = 20


def open_channel(
    name: str, options: SqlOptions, transport: "Transport", clock: Clock, base: Path
) -> "SqlChannel":
    """Make the channel ready; nothing is opened.

    Raises ConfigError where the secret, SQLAlchemy or the driver is missing.
    """
    key = f"channels.{name}.url"
    url = options.url
    source = resolve(url, key=key, base=base) if isinstance(url, SecretSource) else url
    if extras.lack("sql"):
        raise ConfigError(key, extras.lack(extra_of(source)) or "")
    from sync.channels.sql.database import SqlDatabase

    database = SqlDatabase(
        name,
        source,
        base=base,
        timeout_s=transport.timeout_s,
        redactor=transport.redactor,
    )
    return SqlChannel(options, database, transport, clock)


class SqlChannel:
    """One described database. It blocks in threads; between two pieces of work nothing is open."""

    def __init__(
        self, options: SqlOptions, database: "SqlDatabase", transport: "Transport", clock: Clock
    ) -> None:
        from sync.channels.sql.reading import DatabaseReader
        from sync.channels.sql.writing import DatabaseWriter

        self.abilities = abilities(options)
        self._options = options
        self._database = database
        self._transport = transport
        self._reader = DatabaseReader(database, options)
        self._writer = DatabaseWriter(database, options, self._reader, transport, clock)

    async def pages(self) -> AsyncIterator[RecordPage]:
        from sync.channels.sql.database import Work

        await self._transport.turn()
        work = Work(self._database)
        pages = self._reader.pages(work)
        try:
            while (page := await work.run(next, pages, None)) is not None:
                yield page
        finally:
            await work.close(pages.close)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        from sync.channels.sql.database import Work

        await self._transport.turn()
        work = Work(self._database)
        return await work.run(self._reader.read, work, wanted)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        return [await self._writer.write(change) for change in changes]

    async def sign_in(self) -> str:
        page, names = await self._first_page()
        return self._seen(page, names)

    async def try_out(self) -> Sighting:
        page, names = await self._first_page()
        seen, wrong = self._seen(page, names), list[str]()
        rows = len(page.records) + len(page.refused)
        keys = [KeySighting("select", f"found {rows:,} rows on its first page")]
        columns = self._options.columns or {
            name.lower(): name for name in names if name.lower() in FIELDS
        }
        keys += sightings.of_fields(page.records, columns, "columns")
        if page.refused:
            first = page.refused[0]
            words = f"{first.place}: {first.reason}"
            found = f"{len(page.refused):,} of {rows:,} rows can't be read; the first: {words}"
            keys.append(KeySighting("columns", found, ok=False))
            if not page.records:
                wrong.append(f"no row can be read; the first: {words}")
        if page.records:
            record = page.records[0]
            problem = await self._problem_of_single_read(record)
            key = "read" if self._options.read is not None else "select"
            found = problem or f"SKU {record.sku} is there by itself"
            keys.append(KeySighting(key, found, ok=not problem))
            if problem:
                wrong.append(f"{key}, tried on SKU {record.sku}: {problem}")
            else:
                seen += f"; SKU {record.sku} can be read by itself"
            if self._options.update is not None:
                problem = await self._problem_of_update(record)
                found = problem or f"planned for SKU {record.sku}, and not run"
                keys.append(KeySighting("update", found, ok=not problem))
                if problem:
                    wrong.append(f"update, planned for SKU {record.sku} and not run: {problem}")
                else:
                    seen += "; update was planned and not run"
        return Sighting(seen, wrong, list(page.warnings), keys)

    async def close(self) -> None:
        await self._transport.aclose()

    async def _first_page(self) -> tuple[RecordPage, Sequence[str]]:
        from sync.channels.sql.database import Work

        await self._transport.turn()
        work = Work(self._database)
        return await work.run(self._reader.first_page, work)

    def _seen(self, page: RecordPage, names: Sequence[str]) -> str:
        columns = ", ".join(values.quoted(name).strip('"') for name in names[:_COLUMNS_SHOWN])
        rows = len(page.records) + len(page.refused)
        return f"{self._database.backend} answered with {rows:,} rows of {columns}"

    async def _problem_of_single_read(self, record: Record) -> str:
        """Say why a row of the select can't be read by itself; empty where it can."""
        try:
            found = await self.read([ListingRef(record.sku, record.location, record.ref)])
        except ChannelError as error:
            return str(error)
        if found.refused:
            return found.refused[0].reason
        if not found.records:
            return "not found, though `select` has it"
        if found.records[0].ref != record.ref:
            return (
                f"its ref is {values.quoted(found.records[0].ref)} there and "
                f"{values.quoted(record.ref)} in `select`"
            )
        return ""

    async def _problem_of_update(self, record: Record) -> str:
        """Have the update planned for a listing as it is; what is wrong with it, or empty."""
        from sync.channels.sql.database import Work

        change = Change(
            record.sku, record.location, record.ref, record.available or 0, record, "planned"
        )
        work = Work(self._database)
        try:
            await work.run(self._reader.explain, work, self._writer.values(change))
        except ChannelError as error:
            return str(error)
        return ""
