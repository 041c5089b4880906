"""Sets one listing: compare-and-set by the row count, in one transaction a correction."""

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from store.model import State
from sync.channels.base import Change, ListingRef, Receipt
from sync.channels.sql import drivers, failures
from sync.channels.sql.database import SqlDatabase, Work
from sync.channels.sql.options import SqlOptions
from sync.channels.sql.reading import DatabaseReader
from sync.channels.sql.statements import statement
from sync.channels.words import unknown_before
from sync.clock import Clock
from sync.errors import ChannelError, Temporary, WriteOutcomeUnknown, WriteRejected
from sync.transport.before_write import LastMoment

if TYPE_CHECKING:
    from sync.transport.transport import Transport

_NOT_ROLLED_BACK = 1196
"""MySQL's warning that a table of the transaction has none."""


class DatabaseWriter:
    """Runs `update` for one change after another, each in a transaction of its own."""

    def __init__(
        self,
        database: SqlDatabase,
        options: SqlOptions,
        reader: DatabaseReader,
        transport: "Transport",
        clock: Clock,
    ) -> None:
        self._database = database
        self._reader = reader
        self._transport = transport
        self._clock = clock
        self._update = statement(options.update or "")
        self._words = {state: word for word, state in reversed(options.states.items())}

    async def write(self, change: Change) -> Receipt:
        """Set one listing. Raises what `Channel.write` does."""
        if "previous" in self._update.placeholders:
            unsure = unknown_before(change.previous)
            if unsure is not None:
                return Receipt(change, refused=f"not sent: {unsure}")
        await self._transport.turn()
        moment = LastMoment(self._clock)
        work = Work(self._database)
        attempt = _Attempt(self._database, work, moment)
        values = self.values(change)
        try:
            await work.run(attempt.open)
            await moment.take()
            count = await work.run(attempt.update, self._update.text, values)
        except Temporary as error:
            if work.is_committing:
                raise WriteOutcomeUnknown(str(error)) from None
            raise
        finally:
            await work.close(attempt.close)
        if count == 1:
            return Receipt(change)
        if count > 1:
            words = (
                f"it would change {count:,} rows and was rolled back: "
                "the WHERE of `update` must name one listing"
            )
            return Receipt(change, refused=words)
        if count < 0:
            words = "the driver does not say how many rows changed: it was rolled back"
            return Receipt(change, refused=words)
        return await self._why_no_row(change)

    def values(self, change: Change) -> Mapping[str, object]:
        """What each placeholder of `update` stands for in this write."""
        previous = change.previous
        quantity, before = change.quantity, previous.available
        if (
            self._reader.counts_on_hand
            and previous.on_hand is not None
            and previous.available is not None
        ):
            # The database has what is on hand, so what is not for sale comes on top of what shall
            # be available (rule 11, docs/architecture.md).
            quantity += previous.on_hand - previous.available
            before = previous.on_hand
        state = change.state or previous.state
        known: Mapping[str, object] = {
            "quantity": quantity,
            "previous": before,
            "state": None if state is None else self._words.get(State(state), str(state)),
            "key": change.key,
            "sku": change.sku,
            "location": change.location,
            "ref": change.ref,
        }
        return {name: known[name] for name in self._update.placeholders}

    async def _why_no_row(self, change: Change) -> Receipt:
        """Read the listing afresh: somebody has changed it, it is gone, or the WHERE is wrong."""
        wanted = [ListingRef(change.sku, change.location, change.ref)]
        work = Work(self._database)
        try:
            found = await work.run(self._reader.read, work, wanted)
        except ChannelError as error:
            words = f"no row was changed, and it can't be read again: {error}"
            return Receipt(change, refused=words, conflict=True)
        if found.refused:
            words = f"no row was changed, and it can't be read now: {found.refused[0].reason}"
            return Receipt(change, refused=words, conflict=True)
        if not found.records:
            return Receipt(change, refused="no row was changed: it is not in the database now")
        shows, previous = found.records[0], change.previous
        if (shows.available, shows.on_hand, shows.state) == (
            previous.available, previous.on_hand, previous.state,
        ):  # fmt: skip
            words = f"no row was changed, though it still shows {_shown(shows.available)}: "
            return Receipt(change, refused=f"{words}correct the WHERE of `update`")
        words = f"no row was changed: it shows {_shown(shows.available)} now, not "
        words += _shown(previous.available)
        if shows.available == previous.available:
            words = "no row was changed: somebody else has changed it"
        return Receipt(change, refused=words, conflict=True)


class _Attempt:
    """One transaction, on a connection of its own. Its methods block; each runs in a thread."""

    def __init__(self, database: SqlDatabase, work: Work, moment: LastMoment) -> None:
        self._database = database
        self._work = work
        self._moment = moment
        self._stack = contextlib.ExitStack()
        self._connection: Connection | None = None

    def open(self) -> None:
        self._connection = self._stack.enter_context(self._database.connected())
        self._work.watch(self._connection)

    def update(self, update: str, values: Mapping[str, object]) -> int:
        """Run it, and commit it where it has changed one row; the rows that it changes."""
        connection = self._connection
        assert connection is not None, "opened before"
        try:
            count = connection.execute(sqlalchemy.text(update), values).rowcount
        except SQLAlchemyError as error:
            raise self._database.failures.of_writing(error) from None
        if count == 1:
            # The transaction may have waited for somebody's lock: a look that is old by now is
            # worth nothing, and what is not committed has not happened.
            self._moment.check()
            if not self._work.may_commit():
                raise Temporary(f"{self._database.name}: not written: nobody waits for it")
            self._commit(connection)
        elif count > 1 and connection.dialect.name in drivers.MYSQL:
            self._roll_back_whole(connection, count)
        return count

    def close(self) -> None:
        """Close the connection: what was not committed is rolled back."""
        self._stack.close()

    def _commit(self, connection: Connection) -> None:
        name, words = self._database.name, self._database.failures.words
        try:
            connection.commit()
        except IntegrityError as error:
            raise WriteRejected(f"{name}: {words(error)}") from None
        except SQLAlchemyError as error:
            if failures.is_locked(error):
                self._work.is_committing = False
                raise Temporary(f"{name}: not written: {words(error)}") from None
            raise WriteOutcomeUnknown(
                f"{name}: the connection was lost while it was committed: {words(error)}"
            ) from None

    def _roll_back_whole(self, connection: Connection, count: int) -> None:
        """Roll back, and look whether all of it was. Raises WriteOutcomeUnknown."""
        try:
            connection.rollback()
            # In one exchange with the rollback's own connection: the warnings are of its last
            # statement.
            warned = connection.exec_driver_sql("SHOW WARNINGS").fetchall()
        except SQLAlchemyError as error:
            raise self._database.failures.of_writing(error) from None
        if any(warning[1] == _NOT_ROLLED_BACK for warning in warned):
            raise WriteOutcomeUnknown(
                f"{self._database.name}: `update` changed {count:,} rows of a table without "
                "transactions, which could not be rolled back: use ENGINE = InnoDB"
            )


def _shown(available: int | None) -> str:
    return "no number" if available is None else f"{available:,}"
