"""`[channels.NAME]` of the kind `csv`: its keys, and what of them does not belong together."""

import io
import re
from fnmatch import fnmatchcase
from pathlib import PurePath
from urllib.parse import urlsplit

import msgspec

from sync import secrets, values
from sync.channels.csv.layout import FIELDS, QUANTITIES, is_delimiter
from sync.channels.words import NumberWords, WordTable
from sync.secrets import SecretSource
from sync.times.time_zones import TimeZone

SKIP_MAX = 1000
ROWS_MAX = 10_000
"""Updates in one file of `export`."""
BATCH = "{batch}"
"""What stands in `export` for a name that no other batch of updates has."""


class CsvOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    path: str
    """A file, or a folder whose newest file is meant; relative to the configuration, or a URL."""
    username: str | None = None
    """Of a path on a server; for S3 the id of the access key."""
    password: SecretSource | None = None
    """For S3 the secret access key; with `private_key` what unlocks it."""
    token: SecretSource | None = None
    """Sent as Authorization: Bearer, to an https server only."""
    private_key: str | None = None
    """For SFTP: the file with it."""
    known_hosts: str | None = None
    """For SFTP: the file with the keys of servers; by default ~/.ssh/known_hosts."""
    endpoint: str | None = None
    """For S3 at another host than Amazon's: its https URL."""
    columns: dict[str, str] = {}
    """Our field → the header's name. Given, nothing else is read; by default the names agree."""
    encoding: str | None = None
    """By default: what the byte order mark says, else UTF-8, else Windows-1252."""
    delimiter: str | None = None
    """By default: a `sep=` line's, else whichever of comma, semicolon, tab and bar makes sense of
    the header."""
    skip: int | None = None
    """How many lines stand above the header; by default the header is looked for."""
    final_newline: bool = True
    """False: the last line of a finished file has no line end. Half a line then looks whole."""
    decimal: str | None = None
    """The decimal sign of its numbers, "." or ","; by default what a column's numbers prove."""
    timezone: TimeZone | None = None
    """Of its times that name none; by default UTC."""
    full: str | None = None
    """Of a folder, the names of the files that count, such as "full*.csv": the newest is read."""
    changes: str | None = None
    """The names of files that hold only what changed since, such as "changes-*.csv"."""
    export: str | None = None
    """Where updates become files that something else imports, such as
    "out/corrections-{batch}.csv"; relative to the configuration."""
    sheet: str | None = None
    """Of a spreadsheet; by default the only one that has the columns."""
    words: WordTable = {}
    """What stands where a number belongs, and what it means."""

    @property
    def is_remote(self) -> bool:
        return "://" in self.path

    def __post_init__(self) -> None:
        _check_server(self)
        _check_columns(self.columns)
        NumberWords(self.words)
        if self.delimiter is not None and not is_delimiter(self.delimiter):
            raise ValueError(
                f'delimiter must be one character such as ";", not {values.quoted(self.delimiter)}'
            )
        if self.skip is not None and not 0 <= self.skip <= SKIP_MAX:
            raise ValueError(f"skip must be 0 to {SKIP_MAX:,} lines, not {self.skip}")
        _check_names(self.full, self.changes)
        _check_export(self)
        if self.decimal not in (None, ".", ","):
            raise ValueError(f'decimal must be "." or ",", not {values.quoted(self.decimal)}')
        try:
            # Some of Python's codecs are from bytes to bytes: this refuses them, too.
            io.TextIOWrapper(io.BytesIO(), encoding=self.encoding or "utf-8")
        except (LookupError, ValueError):
            raise ValueError(
                f"encoding {values.quoted(self.encoding)} is not known; use utf-8, cp1252 or utf-16"
            ) from None


_ON_SERVERS = {
    "sftp": {"username", "password", "private_key", "known_hosts"},
    "ftps": {"username", "password"},
    "s3": {"username", "password", "endpoint"},
    "https": {"username", "password", "token"},
    "memory": set[str](),
}
"""A path's scheme → the keys that go with it. `memory` is for tests."""

_SERVERS = "sftp://, ftps://, s3:// or https://"


_SERVER_KEYS = ("username", "password", "token", "private_key", "known_hosts", "endpoint")


def _check_server(options: CsvOptions) -> None:
    keys = [name for name in _SERVER_KEYS if getattr(options, name) is not None]
    if options.is_remote:
        scheme = _scheme(options.path)
        for key in keys:
            if key not in _ON_SERVERS[scheme]:
                known = ", ".join(sorted(_ON_SERVERS[scheme])) or "none"
                raise ValueError(f"{key} does not go with {scheme}://; what does: {known}")
        _check_on_server(options, scheme)
    elif keys:
        raise ValueError(
            f"{keys[0]} goes with a path on a server, such as "
            'path = "sftp://files.example.com/stock.csv"'
        )


def _scheme(path: str) -> str:
    """Say how a server is spoken to, where its URL may be one."""
    parts = urlsplit(path)
    scheme = parts.scheme.lower()
    if _is_loopback(path):
        scheme = "https"
    if scheme not in _ON_SERVERS or not (parts.hostname or scheme == "memory"):
        raise ValueError(f"path {values.quoted(path)} must begin with {_SERVERS} and a host")
    if "@" in parts.netloc:
        raise ValueError("path must not contain a user or password: use `username`, `password`")
    secrets.refuse_in_url("path", path)
    return scheme


def _is_loopback(url: str) -> bool:
    """Whether it is an address of this machine: nothing is sent in clear over a network."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")


def _check_on_server(options: CsvOptions, scheme: str) -> None:
    if options.token is not None and (options.password or options.username):
        raise ValueError("token and password exclude each other: write one of them")
    endpoint = options.endpoint
    if endpoint is not None and urlsplit(endpoint).scheme != "https" and not _is_loopback(endpoint):
        raise ValueError('endpoint must be an https URL: endpoint = "https://s3.example.com"')
    if scheme == "https" and options.full is not None:
        raise ValueError("full needs a folder, and https has none: name the file itself")


def _check_names(full: str | None, changes: str | None) -> None:
    for key, pattern in (("full", full), ("changes", changes)):
        if pattern is not None and (not pattern.strip() or "/" in pattern or "\\" in pattern):
            raise ValueError(
                f"{key} {values.quoted(pattern)} is not a file's name: write one without its "
                f'folder, such as "{key}*.csv"'
            )
    if changes is not None and full is None:
        raise ValueError('changes needs the names of full lists too: full = "full*.csv"')
    if changes is not None and changes == full:
        raise ValueError('changes must be other names than full, such as "changes-*.csv"')


def _check_export(options: CsvOptions) -> None:
    if options.export is None:
        return
    path = PurePath(options.export)
    if BATCH not in path.name or set(re.findall(r"\{.*?\}", str(path))) != {BATCH}:
        raise ValueError(
            f"export {values.quoted(options.export)} must have {BATCH} in the file's name, and no "
            f'other braces, so that no file is overwritten: export = "out/corrections-{BATCH}.csv"'
        )
    made = path.name.replace(BATCH, "1")
    patterns = [name for name in (options.full, options.changes) if name is not None]
    is_read = any(fnmatchcase(made, name) for name in patterns) or not patterns
    if path.parent == PurePath(options.path) and is_read:
        raise ValueError(
            "export must be in another folder than the files that are read: they would be read too"
        )


def _check_columns(columns: dict[str, str]) -> None:
    unknown = [name for name in columns if name not in FIELDS]
    if unknown:
        raise ValueError(
            f"columns {values.quoted(unknown[0])} is not a field; known: {', '.join(FIELDS)}"
        )
    if columns and not ("sku" in columns and any(name in columns for name in QUANTITIES)):
        raise ValueError("columns needs sku, and available or on_hand")
