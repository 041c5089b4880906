"""A database with a table of stock, and the `sql` kind that reads and writes it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.pool import NullPool

from sync.channels.sql import drivers

ENV = "STOCK_DB"
"""The environment variable that has the URL of a server's database."""
SELECT = "SELECT sku, available FROM stock ORDER BY sku"
UPDATE = "UPDATE stock SET available = :quantity WHERE sku = :sku AND available = :previous"
_TYPES: Mapping[str, str] = {
    # A column without a type keeps what it gets.
    "sqlite": "sku TEXT PRIMARY KEY, available",
    "postgresql": "sku TEXT PRIMARY KEY, available BIGINT",
    "mariadb": "sku VARCHAR(190) COLLATE utf8mb4_bin PRIMARY KEY, available BIGINT",
}


@dataclass
class StockTable:
    """The `sql` kind's harness, asked and changed behind our back through SQLAlchemy."""

    base: Path
    url: str
    keys: dict[str, Any] = field(default_factory=dict)
    """Over those of `table`; None takes one away."""
    kind: str = "sql"
    many = 1_200
    timeout_ms: int = 5000

    def __post_init__(self) -> None:
        url = drivers.named_driver(sqlalchemy.make_url(self.url))
        if url.get_backend_name() == "sqlite":
            url = url.set(database=str(self.base / str(url.database)))
        self.engine = sqlalchemy.create_engine(url, poolclass=NullPool)
        self.run("DROP TABLE IF EXISTS stock")
        self.run(f"CREATE TABLE stock ({_TYPES[self.database]})")

    @property
    def database(self) -> str:
        name = self.engine.dialect.name
        return "mariadb" if name == "mysql" else name

    def table(self) -> dict[str, Any]:
        own = {"url": self.url, "select": SELECT, "update": UPDATE, **self.keys}
        return {key: value for key, value in own.items() if value is not None}

    def run(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            if self.database == "sqlite":
                connection.exec_driver_sql("PRAGMA synchronous = OFF")
            connection.execute(sqlalchemy.text(statement), values)

    def put(self, sku: str, quantity: int) -> None:
        self._put(sku, quantity)

    def _put(self, sku: str, available: object) -> None:
        with self.engine.begin() as connection:
            values = {"sku": sku, "available": available}
            connection.execute(sqlalchemy.text("DELETE FROM stock WHERE sku = :sku"), values)
            added = "INSERT INTO stock (sku, available) VALUES (:sku, :available)"
            connection.execute(sqlalchemy.text(added), values)

    def fill(self, count: int) -> None:
        """Add so many listings at once."""
        added = "INSERT INTO stock (sku, available) VALUES (:sku, :available)"
        rows = [{"sku": f"N-{number:07}", "available": number} for number in range(count)]
        with self.engine.begin() as connection:
            connection.execute(sqlalchemy.text(added), rows)

    def shown(self, sku: str) -> int:
        found = self.value("SELECT available FROM stock WHERE sku = :sku", sku=sku)
        assert isinstance(found, int)
        return found

    def value(self, statement: str, **values: Any) -> object:
        with self.engine.connect() as connection:
            return connection.execute(sqlalchemy.text(statement), values).scalar()

    def corrupt(self, sku: str, raw: str) -> None:
        self._put(sku, raw.strip('"'))

    def garble(self) -> None:
        (self.base / "stock.db").write_bytes(b"<html>Sign in</html>" * 100)

    def is_there(self) -> bool:
        return (self.base / "stock.db").exists()

    def vanish(self) -> None:
        (self.base / "stock.db").unlink()


@contextmanager
def sqlite_file(base: Path) -> Iterator[StockTable]:
    yield StockTable(base, "sqlite:///stock.db")
