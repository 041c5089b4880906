"""The keys of a database: each alone and in wrong company."""

import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync import channels
from sync.channels.sql.options import SqlOptions
from sync.channels.sql.statements import statement
from sync.clock import SystemClock
from sync.config.decoding import Findings, secrets_of, table
from sync.errors import ConfigError
from sync.secrets import SecretSource
from sync.transport.transport import Transport
from tests.sync.config_text import errors_of as whole_errors_of

SELECT = 'select = "SELECT sku, available FROM stock"\n'
UPDATE = "UPDATE stock SET available = :quantity WHERE sku = :sku"


def errors_of(text: str) -> dict[str, str]:
    """What is wrong in a channel's own keys, by key."""
    found = Findings()
    table(tomllib.loads(text), SqlOptions, "shop", found)
    return {error.key.removeprefix("shop."): str(error) for error in found.errors}


def options(**keys: Any) -> SqlOptions:
    own = {"url": "sqlite:///x.db", "select": "SELECT sku, available FROM stock", **keys}
    return msgspec.convert(own, SqlOptions)


@pytest.mark.parametrize(
    ("keys", "key", "words"),
    [
        ('url = "stock.db"', "url", 'must be a SQLAlchemy URL, such as "sqlite:///stock.db"'),
        ('url = "postgresql://skew:s3cret@host/db"', "url", "must not hold a password"),
        ('url = "postgresql://host/db?password=s3cret"', "url", "must not hold a password"),
        ('url = "mssql://?odbc_connect=DRIVER%3Dx%3BPWD%3Ds3cret"', "url", "must not hold a pass"),
        ("url = 5", "url", "must be text in quotes, not a whole number"),
        ('url = { env = "DB", file = "x" }', "url", "say where it is"),
        ('select = "DELETE FROM stock"', "select", 'begins with "DELETE", not SELECT'),
        ('select = "SELECT 1; DROP TABLE stock"', "select", "must be one statement"),
        ('select = "SELECT sku FROM stock WHERE n = :n"', "select", ":n has no value"),
        ('select = "SELECT \'open FROM stock"', "select", "has an open quote"),
        ('select = "SELECT 1 /* open"', "select", "a comment that is never closed"),
        (r"""select = "SELECT 'a\\'' FROM stock" """, "select", "a backslash before a quote"),
        ('update = "UPDATE stock SET available = 1"', "update", "needs :sku or :ref in its WHERE"),
        (
            'update = "UPDATE stock SET available = :qty WHERE sku = :sku"',
            "update",
            ":qty is not a placeholder; known: :quantity, :previous",
        ),
        ('update = "UPDATE stock SET x = 1 WHERE sku = :sku"', "update", "needs :quantity"),
        ('update = "DROP TABLE stock"', "update", 'begins with "DROP", not UPDATE'),
        (f'update = "{UPDATE}; COMMIT"', "update", "must be one statement"),
        (
            f'update = "{UPDATE}"\ncolumns = {{ sku = "a", available = "b", location = "c" }}',
            "update",
            "would set a SKU at all of its locations: add :location",
        ),
        (
            f'update = "{UPDATE} AND id = :ref"\ncolumns = {{ sku = "a", available = "b" }}',
            "update",
            ':ref never has a value: add ref = "…" to columns',
        ),
        ('read = "SELECT * FROM stock"', "read", "needs :sku or :ref in its WHERE"),
        ('read = "SELECT :quantity WHERE :sku"', "read", ":quantity is not a placeholder"),
        ('columns = { sku = "a" }', "columns", "needs sku, and available or on_hand"),
        ('columns = { qty = "a" }', "columns", '"qty" is not a field; known: sku, location'),
        (
            'columns = { sku = "a", available = "b" }\nstates = { on = "active" }',
            "states",
            'has no effect without `state = "…"` in columns',
        ),
        ('words = { "3" = "absent" }', "words", '"3" is a number'),
        ('timezone = "Berlin"', "timezone", 'did you mean "Europe/Berlin"?'),
    ],
)
def test_a_key_that_cannot_work_is_refused_by_name(keys: str, key: str, words: str) -> None:
    own = "" if keys.startswith("url") else 'url = "sqlite:///x.db"\n'
    own += "" if keys.startswith("select") else SELECT

    errors = errors_of(own + keys)

    assert list(errors) == [key]
    assert words in errors[key]
    assert "s3cret" not in errors[key]


@pytest.mark.parametrize("missing", ["url", "select"])
def test_a_key_that_is_missing_is_asked_for_with_an_example(missing: str) -> None:
    given = {"url": 'url = { env = "DB" }\n', "select": SELECT}
    del given[missing]

    errors = errors_of("".join(given.values()))

    assert list(errors) == [missing]
    assert "is missing: add `" in errors[missing]


def test_a_url_is_a_secret_or_stands_in_the_file() -> None:
    found = Findings()
    decoded = table({"url": {"env": "DB"}, "select": "SELECT 1"}, SqlOptions, "shop", found)

    assert decoded is not None
    assert found.secrets == [("shop.url", SecretSource(env="DB"))]
    assert list(secrets_of(decoded, "shop")) == [("shop.url", SecretSource(env="DB"))]
    assert options(url="postgresql://skew@host:5432/db").url == "postgresql://skew@host:5432/db"


@pytest.mark.parametrize(
    ("written", "placeholders", "text"),
    [
        ("SELECT a::text, ':b' FROM t WHERE c = :c;", {"c"}, r"SELECT a\:\:text, '\:b' "),
        ('SELECT ":x", `:y` FROM t -- :z', set(), r'SELECT "\:x", `\:y` FROM t -- \:z'),
        ("SELECT $$ :a ; ' $$, $q$ ; $q$", set(), r"SELECT $$ \:a ; ' $$"),
        ("SELECT 'it''s :a' /* ; :b */", set(), r"SELECT 'it''s \:a' /* ; \:b */"),
    ],
)
def test_a_placeholder_is_one_outside_of_quotes_and_comments(
    written: str, placeholders: set[str], text: str
) -> None:
    found = statement(written)

    assert found.placeholders == placeholders
    assert found.text.startswith(text)


@pytest.mark.parametrize(
    ("keys", "writes", "compares"),
    [
        ({}, (), False),
        ({"update": UPDATE}, ("quantity",), False),
        ({"update": f"{UPDATE} AND available = :previous"}, ("quantity",), True),
        ({"update": UPDATE.replace("WHERE", ", s = :state WHERE")}, ("quantity", "state"), False),
    ],
)
def test_what_it_can_do_is_what_is_described(
    keys: dict[str, Any],
    writes: tuple[str, ...],
    compares: bool,  # noqa: FBT001
) -> None:
    can = channels.kind("sql").abilities(options(**keys))

    assert (can.writes, can.compare_and_set) == (writes, compares)


def test_a_file_of_sqlite_is_looked_at_as_a_file_is() -> None:
    of = channels.kind("sql").abilities
    assert of(options()).is_local
    assert not of(options(url="postgresql://host/db")).is_local
    assert not of(options(url=SecretSource(env="DB"))).is_local


def test_what_it_lacks_for_a_push_is_named() -> None:
    whole = "[authority]\nquantity = 'shop'\n[channels.shop]\nkind = 'sql'\nurl = 'sqlite:///x'\n"
    keys = "direction = 'push'\nduplicates = 'write-all'\n"

    errors = whole_errors_of(whole + SELECT + keys)

    assert 'add update = "UPDATE stock SET' in errors["channels.shop.direction"]
    assert "have `ref` in columns, and :ref in update" in errors["channels.shop.duplicates"]


async def opened(url: str) -> None:
    transport = Transport("shop", "", clock=SystemClock())
    channels.kind("sql").open_channel("shop", options(url=url), transport, SystemClock(), Path())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+psycopg9://host/db", "is not a database that SQLAlchemy knows here"),
        ("sqlite://", 'names no file: write it as "sqlite:///stock.db"'),
        ("sqlite+aiosqlite:///x.db", "is an asynchronous driver: write sqlite://"),
        ("postgresql://host:port/db", "is not a SQLAlchemy URL such as postgresql://"),
    ],
)
async def test_a_url_that_cannot_work_is_refused_before_anything_is_opened(
    url: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=r"channels\.shop\.url: ") as caught:
        await opened(url)
    assert words in str(caught.value)


async def test_a_driver_that_is_not_there_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"pip install 'skew-console\[postgresql\]'"):
        await opened("postgresql://host/db")


async def test_sqlalchemy_that_is_not_there_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith("sync.channels.sql.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ConfigError, match=r"needs SQLAlchemy, .*'skew-console\[sql\]'"):
        await opened("sqlite:///x.db")
