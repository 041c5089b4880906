"""What differs from database to database: drivers, time-outs, read-only transactions, giving up."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import SQLAlchemyError

from sync import extras
from sync.errors import NeedsOperator, Temporary

CONNECT_S_MAX = 10
_DRIVERS: Mapping[str, str] = MappingProxyType(
    {"postgresql": "psycopg", "postgres": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
)
"""Which driver a URL without one means: those that our extras install."""
_EXTRAS: Mapping[str, str] = MappingProxyType(
    {"psycopg": "postgresql", "pymysql": "mysql", "psycopg2": "postgresql"}
)
MYSQL = frozenset({"mysql", "mariadb"})
_READ_ONLY: Mapping[str, tuple[str, ...]] = MappingProxyType({
    # SQLite has no read-only transactions; this makes its connection refuse every change.
    "sqlite": ("PRAGMA query_only = ON",),
    "postgresql": ("SET TRANSACTION READ ONLY",),
    "cockroachdb": ("SET TRANSACTION READ ONLY",),
    "oracle": ("SET TRANSACTION READ ONLY",),
    # A transaction that has begun can't be made read-only there, so it is begun with it.
    "mysql": ("START TRANSACTION READ ONLY",),
    "mariadb": ("START TRANSACTION READ ONLY",),
})  # fmt: skip


def named_driver(url: URL) -> URL:
    """Write the driver into a URL that names none, where one of our extras has it."""
    if "+" in url.drivername:
        return url
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        return url
    database = "postgresql" if url.drivername == "postgres" else url.drivername
    return url.set(drivername=f"{database}+{driver}")


def lack(module: str) -> str:
    """Say that a driver is missing and what brings it, by the name of the module."""
    extra = _EXTRAS.get(module.partition(".")[0])
    brought = extras.lack(extra) if extra else None
    return brought or (
        f"needs the driver {module}, which is not installed: {extras.to_install(module)}"
    )


def sqlite_file(url: URL, base: Path) -> Path | None:
    """Find the file of a SQLite database; None where the URL is of something else."""
    if url.get_backend_name() != "sqlite" or _is_uri(url):
        return None
    return base / Path(url.database or "").expanduser()


def never_created(url: URL, base: Path) -> URL:
    """Have a SQLite file opened only if it is there: SQLite makes an empty one of a wrong path."""
    path = sqlite_file(url, base)
    if path is None:
        return url
    query = {**url.query, "mode": "rw", "uri": "true"}
    return url.set(database=f"file:{quote(str(path.absolute()))}", query=query)


def look_at_file(path: Path) -> None:
    """Raise Temporary or NeedsOperator where a SQLite file can't be opened."""
    try:
        with path.open("rb"):
            return
    except FileNotFoundError:
        raise Temporary(f"{path.name} not found in {path.parent.absolute()}") from None
    except PermissionError:
        raise NeedsOperator(f"{path} can't be read: give Skew the right to read it") from None
    except IsADirectoryError:
        raise NeedsOperator(f"{path} is a folder, not a SQLite file") from None
    except OSError as error:
        raise Temporary(f"{path} can't be read: {error.strerror}") from None


def connect_args(url: URL, timeout_s: float) -> dict[str, Any]:
    """Say how long the driver may wait; what the URL itself says stands."""
    connect_s = max(1, round(min(timeout_s, CONNECT_S_MAX)))
    whole_s = max(1, round(timeout_s))
    driver = url.get_driver_name()
    wanted: dict[str, Any] = {}
    if driver.startswith("psycopg"):
        # A network that swallows everything ends a connection only by these.
        wanted = {"connect_timeout": connect_s, "keepalives_idle": 30, "keepalives_interval": 10,
                  "keepalives_count": 3, "tcp_user_timeout": 1000 * whole_s,
                  "fallback_application_name": "skew"}  # fmt: skip
    elif driver in {"pymysql", "mysqldb"}:
        wanted = {"connect_timeout": connect_s, "read_timeout": whole_s, "write_timeout": whole_s}
    elif driver == "pysqlite":
        # How long it waits for another writer's lock.
        wanted = {"timeout": min(timeout_s, 5.0), "check_same_thread": False}
    return {name: value for name, value in wanted.items() if name not in url.query}


def begin_read_only(connection: Connection) -> bool:
    """Begin a transaction in which nothing can be written; False where the database has none."""
    statements = _READ_ONLY.get(connection.dialect.name, ())
    for statement in statements:
        connection.exec_driver_sql(statement)
    return bool(statements)


def interrupter(connection: Connection) -> Callable[[], None] | None:
    """Find what ends a connection's running statement from another thread; None: nothing does."""
    driven: Any = connection.connection.driver_connection
    if connection.dialect.name in MYSQL and callable(getattr(driven, "thread_id", None)):
        engine, number = connection.engine, int(driven.thread_id())
        return lambda: _kill(engine, number)
    trouble = (connection.dialect.loaded_dbapi.Error, OSError)
    for name in ("cancel_safe", "cancel", "interrupt"):
        found = getattr(driven, name, None)
        if callable(found):
            return lambda: _quietly(found, trouble)
    return None


def _kill(engine: sqlalchemy.Engine, number: int) -> None:
    # What can't be interrupted ends by its time-out.
    with contextlib.suppress(SQLAlchemyError), engine.connect() as connection:
        connection.exec_driver_sql(f"KILL QUERY {number:d}")


def _quietly(interrupt: Callable[[], object], trouble: tuple[type[Exception], ...]) -> None:
    # Where the connection has ended meanwhile there is nothing to interrupt.
    with contextlib.suppress(*trouble):
        interrupt()


def _is_uri(url: URL) -> bool:
    return (url.database or "").startswith("file:")
