"""One database: its engine, its connections, and the work that waits for it in a thread.

Every piece of work has a connection of its own, which is closed at its end: between two polls
nothing is held open in the database.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from sync.channels.sql import drivers
from sync.channels.sql.failures import Failures
from sync.errors import ConfigError, NeedsOperator, Temporary
from sync.secrets import Secret
from sync.transport.redaction import Redactor

GIVE_UP_S = 5.0
"""So long an interrupted statement may take to end, before its thread is left to itself."""

T = TypeVar("T")


class SqlDatabase:
    """Connects to what a URL names, which is read again whenever its secret has changed."""

    def __init__(
        self,
        name: str,
        url: Secret | str,
        *,
        base: Path,
        timeout_s: float,
        redactor: Redactor,
        key: str = "",
    ) -> None:
        """Look for its driver; nothing is opened. Raises ConfigError that names `key`."""
        self.name = name
        self.timeout_s = timeout_s
        self._url = url
        self._key = key or f"channels.{name}.url"
        self._base = base
        self.redactor = redactor
        """Makes texts fit for messages: it knows the URL and its password."""
        self._engine: sqlalchemy.Engine | None = None
        self._engine_of = ""
        self.failures = Failures(
            name,
            redactor,
            url.name if isinstance(url, Secret) else "",
            url.is_replaced if isinstance(url, Secret) else None,
        )
        self.backend = self.engine().dialect.name
        """postgresql, mysql, sqlite …"""

    def engine(self) -> sqlalchemy.Engine:
        """Make the engine of the URL as it is now. Raises ConfigError."""
        written = self._url.reveal() if isinstance(self._url, Secret) else self._url
        if self._engine is None or self._engine_of != written:
            self._engine, self._engine_of = self._made(written), written
        return self._engine

    @contextlib.contextmanager
    def connected(self) -> Iterator[Connection]:
        """Lend a connection, and close it. Raises as `Channel.pages`; blocks."""
        engine = self._ready()
        try:
            connection = self._connect(engine)
        except NeedsOperator:
            # The password may have been replaced where it is kept.
            if not isinstance(self._url, Secret) or not self._url.renew():
                raise
            connection = self._connect(self._ready())
        try:
            yield connection
        finally:
            # What the database says of a connection that is closed changes nothing any more.
            with contextlib.suppress(SQLAlchemyError):
                connection.close()

    def _ready(self) -> sqlalchemy.Engine:
        """Make the engine, and look whether its file is there, if it is one."""
        try:
            engine = self.engine()
        except ConfigError as error:
            # It was right when the channel was opened: its secret has been replaced since.
            raise NeedsOperator(f"{self.name}: {error}") from None
        path = drivers.sqlite_file(self._parsed(self._engine_of), self._base)
        if path is not None:
            try:
                drivers.look_at_file(path)
            except (Temporary, NeedsOperator) as error:
                raise type(error)(f"{self.name}: {error}") from None
        return engine

    def _connect(self, engine: sqlalchemy.Engine) -> Connection:
        try:
            return engine.connect()
        except SQLAlchemyError as error:
            raise self.failures.of_connecting(error) from None

    def _made(self, written: str) -> sqlalchemy.Engine:
        key = self._key
        url = self._parsed(written)
        if url.password is not None or isinstance(self._url, Secret):
            self.redactor.learn([written, str(url.password or "")])
        wanted = drivers.never_created(drivers.named_driver(url), self._base)
        if wanted.get_backend_name() == "sqlite" and not url.database:
            raise ConfigError(key, 'names no file: write it as "sqlite:///stock.db"')
        try:
            if wanted.get_dialect().is_async:
                raise ConfigError(
                    key,
                    f"{wanted.drivername} is an asynchronous driver: write "
                    f"{wanted.get_backend_name()}:// for one that works here",
                )
            return sqlalchemy.create_engine(
                wanted,
                poolclass=NullPool,
                hide_parameters=True,
                connect_args=drivers.connect_args(wanted, self.timeout_s),
            )
        except NoSuchModuleError:
            raise ConfigError(
                key,
                f"{url.drivername} is not a database that SQLAlchemy knows here; known without "
                "more: sqlite, postgresql, mysql, mariadb, oracle, mssql",
            ) from None
        except ModuleNotFoundError as error:
            raise ConfigError(key, drivers.lack(str(error.name))) from None
        except (ArgumentError, TypeError, ValueError) as error:
            words = self.redactor.text(str(error))
            raise ConfigError(key, f"can't be used: {words}") from None

    def _parsed(self, written: str) -> URL:
        try:
            return sqlalchemy.make_url(written)
        except (ArgumentError, ValueError):
            # The error's own text quotes what was parsed.
            raise ConfigError(
                self._key,
                "is not a SQLAlchemy URL such as postgresql://user:password@host/database; "
                "write what is special in a password as %XX",
            ) from None


class Work:
    """Blocking steps of one piece of work, one after another, each in a thread and in time.

    A step that takes too long, or whose caller is cancelled, is interrupted in the database.
    """

    def __init__(self, database: SqlDatabase) -> None:
        self._name = database.name
        self._timeout_s = database.timeout_s
        self._lock = threading.Lock()
        self._decision = threading.Lock()
        self._interrupt: Callable[[], None] | None = None
        self._is_given_up = False
        self.is_committing = False
        """Its commit has begun: what becomes of it is no longer ours to say."""

    def watch(self, connection: Connection) -> None:
        """Take the connection whose statement is interrupted; called in the step's thread."""
        self._interrupt = drivers.interrupter(connection)

    def may_commit(self) -> bool:
        """Whether somebody still waits for it; from a yes on it counts as being committed."""
        with self._decision:
            self.is_committing = not self._is_given_up
            return self.is_committing

    async def run(self, step: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401
        """Run a step. Raises Temporary where it takes longer than the channel's `timeout`."""
        running = asyncio.ensure_future(asyncio.to_thread(self._alone, step, *arguments))
        try:
            done, _ = await asyncio.wait([running], timeout=self._timeout_s)
        except asyncio.CancelledError:
            await self._give_up(running)
            raise
        if done:
            return running.result()
        await self._give_up(running)
        raise Temporary(
            f"{self._name}: the database did not answer in {self._timeout_s:g} s, its `timeout`"
        )

    async def close(self, close: Callable[[], None]) -> None:
        """Run the last step, for which nobody waits longer than `GIVE_UP_S`."""
        closing = asyncio.ensure_future(asyncio.to_thread(self._alone, close))
        closing.add_done_callback(_seen)
        await asyncio.wait([closing], timeout=GIVE_UP_S)

    def interrupt(self) -> None:
        """End the statement that runs, where the database can."""
        if self._interrupt is not None:
            self._interrupt()

    async def _give_up(self, running: "asyncio.Future[T]") -> None:
        running.add_done_callback(_seen)
        with self._decision:
            self._is_given_up = True
        if not self.is_committing:
            await asyncio.to_thread(self.interrupt)
        await asyncio.wait([running], timeout=GIVE_UP_S)

    def _alone(self, step: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401
        # A step that was given up may still be inside: a generator that is closed while it runs
        # raises ValueError and keeps its connection open.
        with self._lock:
            return step(*arguments)


def _seen(ended: "asyncio.Future[Any]") -> None:
    """Take the error of what nobody waits for, so that asyncio does not report it."""
    if not ended.cancelled():
        ended.exception()
