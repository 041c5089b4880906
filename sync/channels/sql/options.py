"""`[channels.NAME]` of the kind `sql`: its keys, and what of them does not belong together."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

import msgspec

from store.model import State
from sync import secrets
from sync.channels.sql.statements import Statement, statement
from sync.channels.words import NumberWords, WordTable
from sync.secrets import REMEDY, Secret, SecretSource
from sync.times.time_zones import TimeZone
from sync.values import quoted

FIELDS = (
    *("sku", "location", "available", "on_hand", "committed", "unavailable", "incoming"),
    *("threshold", "state", "price", "title", "updated_at", "ref"),
)
"""What a row can say of a listing."""
_EXTRAS: Mapping[str, str] = MappingProxyType({
    "postgresql": "postgresql", "postgres": "postgresql", "postgresql+psycopg": "postgresql",
    "mysql": "mysql", "mariadb": "mysql", "mysql+pymysql": "mysql", "mariadb+pymysql": "mysql",
})  # fmt: skip
QUANTITIES = ("available", "on_hand")

PLACEHOLDERS: Mapping[str, str] = MappingProxyType({
    "quantity": "what the listing shall have",
    "previous": "what it had when it was read last",
    "state": "the database's word for its state",
    "sku": "its SKU",
    "location": "its location",
    "ref": "the database's own id of it",
    "key": "a text unique for this correction, the same on each repeat",
})  # fmt: skip
"""`:quantity` and `:previous` are of the column that is read: available, or where only on hand is
read, on hand (rule 11, docs/architecture.md)."""

_OF_A_LISTING = ("sku", "location", "ref")
_READS = ("SELECT", "WITH", "VALUES", "TABLE")
_WRITES = ("UPDATE", "INSERT", "MERGE", "WITH")
_USER = re.compile(r"[^:]+://[^:/@]*:[^@]+@")
_PASSWORD = re.compile(r"(?:^|[;&?{\s])(?:pwd|password|passwd)\s*=\s*[^;&\s]", re.IGNORECASE)
_EXAMPLE = '"SELECT sku, available FROM stock"'
_UPDATE_EXAMPLE = (
    '"UPDATE stock SET available = :quantity WHERE sku = :sku AND available = :previous"'
)


class SqlOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    url: SecretSource | str
    """A SQLAlchemy URL: `postgresql://user:password@host/database`. One with a password is a
    secret; a SQLite file is relative to the configuration."""
    select: str
    """What the database has: a row for each listing."""
    columns: dict[str, str] = {}
    """Our field → the column's name. Given, nothing else is read; by default the names agree."""
    states: dict[str, State] = {}
    """The database's word → our state. Empty: its words are ours."""
    words: WordTable = {}
    """What it says where a number belongs → what it means."""
    timezone: TimeZone | None = None
    """Of its times that name none; by default UTC."""
    read: str | None = None
    """A select of one listing, by :sku. By default `select` is asked for it."""
    update: str | None = None
    """How one listing is set; it changes one row, or none where the listing has moved."""

    def __post_init__(self) -> None:
        if isinstance(self.url, str):
            check_url(self.url)
        self._check_columns()
        NumberWords(self.words)
        selecting = _checked("select", self.select, _READS, _EXAMPLE)
        if selecting.placeholders:
            name = min(selecting.placeholders)
            raise ValueError(
                f"select :{name} has no value: it reads all listings. Write a colon in quotes, or "
                f"two (`::`) for a cast"
            )
        if self.read is not None:
            reading = _checked("read", self.read, _READS, f'{_EXAMPLE[:-1]} WHERE sku = :sku"')
            self._check_placeholders("read", reading, _OF_A_LISTING)
        if self.update is not None:
            self._check_update(_checked("update", self.update, _WRITES, _UPDATE_EXAMPLE))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that its rows may have."""
        return tuple(self.columns) or FIELDS

    def _check_columns(self) -> None:
        unknown = [name for name in self.columns if name not in FIELDS]
        if unknown:
            raise ValueError(
                f"columns {quoted(unknown[0])} is not a field; known: {', '.join(FIELDS)}"
            )
        if self.columns and not (
            "sku" in self.columns and any(name in self.columns for name in QUANTITIES)
        ):
            raise ValueError(
                'columns needs sku, and available or on_hand: columns = { sku = "item_no", '
                'available = "free" }'
            )
        if self.states and "state" not in self.fields:
            raise ValueError('states has no effect without `state = "…"` in columns')

    def _check_placeholders(self, key: str, given: Statement, known: tuple[str, ...]) -> None:
        for name in sorted(given.placeholders):
            if name not in known:
                words = ", ".join(f":{word}" for word in known)
                raise ValueError(f"{key} :{name} is not a placeholder; known: {words}")
            if name in FIELDS and name not in self.fields:
                raise ValueError(f'{key} :{name} never has a value: add {name} = "…" to columns')
        if not given.placeholders & {"sku", "ref"}:
            what = "set every row" if key == "update" else "read every row"
            raise ValueError(f"{key} needs :sku or :ref in its WHERE, or it would {what}")

    def _check_update(self, given: Statement) -> None:
        self._check_placeholders("update", given, tuple(PLACEHOLDERS))
        if "quantity" not in given.placeholders:
            raise ValueError(f"update needs :quantity: update = {_UPDATE_EXAMPLE}")
        if "location" in self.columns and not given.placeholders & {"location", "ref"}:
            raise ValueError(
                "update would set a SKU at all of its locations: add :location to its WHERE"
            )


def _checked(key: str, written: str, first_words: tuple[str, ...], example: str) -> Statement:
    """Take a statement apart. Raises ValueError that begins with its key."""
    try:
        found = statement(written)
    except ValueError as error:
        raise ValueError(f"{key} {error}") from None
    if found.first_word not in first_words:
        begins = quoted(found.first_word or written.strip()[:20])
        words = ", ".join(first_words)
        raise ValueError(f"{key} begins with {begins}, not {words}: {key} = {example}")
    return found


def extra_of(url: str | Secret) -> str:
    """Which extra of ours speaks to this database; `sql` where none brings its driver."""
    scheme = (url if isinstance(url, str) else url.reveal()).partition(":")[0].lower()
    return _EXTRAS.get(scheme, "sql")


def check_url(url: str) -> None:
    """Raise ValueError, beginning with the key, for what is no database's URL or has a secret."""
    if not re.match(r"[A-Za-z][A-Za-z0-9_+.-]*:(//)?", url) or "://" not in url:
        raise ValueError(
            'url must be a SQLAlchemy URL, such as "sqlite:///stock.db" or { env = "DB" } that '
            "holds postgresql://user:password@host/database"
        )
    if _USER.match(url) or _PASSWORD.search(unquote(urlsplit(url).query)):
        raise ValueError(f"url must not hold a password: {REMEDY}, for the whole URL")
    secrets.refuse_in_url("url", url)
