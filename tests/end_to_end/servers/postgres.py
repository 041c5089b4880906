"""A PostgreSQL server for the shops that need one; its data are thrown away."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy.pool import NullPool

from tests import databases
from tests.databases import Server


def missing() -> str | None:
    """Say why no server can be started here, None if one can."""
    return databases.missing("postgresql")


@dataclass(frozen=True)
class ShopDatabase:
    """A shop's database, empty at first."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        return self.server.url(database=self.name)

    def rows(self, query: str) -> Sequence[Sequence[Any]]:
        with self._connected() as connection:
            return connection.exec_driver_sql(query).all()

    def run(self, statement: str) -> None:
        with self._connected() as connection:
            connection.exec_driver_sql(statement)

    def _connected(self) -> sqlalchemy.Connection:
        url = sqlalchemy.make_url(self.url).set(drivername="postgresql+psycopg")
        engine = sqlalchemy.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        return engine.connect()


@contextmanager
def shop_database(name: str) -> Iterator[ShopDatabase]:
    """Start a server with one database for a shop."""
    with databases.running("postgresql") as server:
        ShopDatabase(server, "postgres").run(f"CREATE DATABASE {name}")
        yield ShopDatabase(server, name)
