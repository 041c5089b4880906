"""What a database's errors mean, by what happens next (`sync/errors.py`).

SQLAlchemy's own texts quote the URL, the statement and its values. Only the database's words are
shown, with every credential of ours struck out.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sqlalchemy import exc

from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary, WriteRejected
from sync.transport.redaction import Redactor


class SqlTrouble(Enum):
    """What a database's error comes to."""

    PASSING = auto()
    """It may work later: a lost connection, a lock, a time-out."""
    REFUSED = auto()
    """Our user may not sign in, or may not do it."""
    WRITES = auto()
    """It would write, in a transaction that only reads."""
    WRONG = auto()
    """The statement and the database do not fit, or a value is not accepted."""


_BY_SQLSTATE = (
    (re.compile(r"08|40|53|57|58|55P03|25P03|25P04"), SqlTrouble.PASSING),
    (re.compile(r"28|42501"), SqlTrouble.REFUSED),
    (re.compile(r"25006"), SqlTrouble.WRITES),
)
"""Of PostgreSQL (Appendix A of its manual), by how the code begins."""
_BY_MYSQL_NUMBER = {
    SqlTrouble.PASSING: {
        1028, 1040, 1041, 1053, 1080, 1129, 1152, 1158, 1159, 1160, 1161, 1180, 1184, 1203, 1205,
        1213, 1226, 1317, 1927, 1969, 2002, 2003, 2005, 2006, 2013, 2055, 3024, 3168, 4031,
    },
    SqlTrouble.REFUSED: {
        1044, 1045, 1049, 1130, 1142, 1143, 1227, 1251, 1370, 1410, 1698, 1820, 2054, 2059, 3118,
        3159, 4151,
    },
    SqlTrouble.WRITES: {1290, 1792, 1836},
}  # fmt: skip
"""Of MySQL and MariaDB (their error references)."""
_BY_SQLITE_CODE = {
    SqlTrouble.PASSING: {5, 6, 9, 10, 13, 14, 15, 17},
    SqlTrouble.REFUSED: {3, 23},
    SqlTrouble.WRITES: {8},
}
"""By the primary result code (sqlite.org/rescode.html)."""
_SIGN_IN = re.compile(
    r"password|authenticat|login|log in|pg_hba|no such user|access denied|not permitted"
    r"|(role|database|user) .* does not exist|permission denied|certificate|invalid.*credential",
    re.IGNORECASE,
)
_NOT_READY = re.compile(
    r"starting up|shutting down|too many|recovery|connection slots|timeout|timed out|refused"
    r"|could not translate|resolve|unreachable|no route",
    re.IGNORECASE,
)
_LINES = re.compile(r"\n(LINE \d+:|\s*\^|CONTEXT:|DETAIL:)")


@dataclass(frozen=True, slots=True)
class Failures:
    """Makes the errors of one channel."""

    name: str
    redactor: Redactor
    credential: str
    """Which credential signs in; empty where the URL stands in the configuration."""
    is_replaced: Callable[[], bool] | None = None

    def of_connecting(self, error: Exception) -> ChannelError:
        """Nothing was sent yet: a sign-in that was refused, or a database that isn't there."""
        words = self.words(error)
        trouble = _trouble(error)
        if trouble is not SqlTrouble.REFUSED and not _NOT_READY.search(words):
            trouble = SqlTrouble.REFUSED if _is_sign_in(error, words) else trouble
        if trouble is SqlTrouble.REFUSED:
            return self._refused(f"{self.name}: the database refused our sign-in", words)
        if trouble is SqlTrouble.WRONG and not isinstance(error, exc.OperationalError):
            return ContractBroken(words, path="url", subject=self.name)
        return Temporary(f"{self.name}: the database can't be reached: {words}")

    def of_reading(self, error: Exception, key: str, remedy: str = "") -> ChannelError:
        """A statement that reads has failed; `key` is where it stands in the configuration."""
        words = self.words(error)
        trouble = _trouble(error)
        if trouble is SqlTrouble.PASSING:
            return Temporary(f"{self.name}: the database did not answer `{key}`: {words}")
        if trouble is SqlTrouble.REFUSED:
            return self._refused(f"{self.name}: the database does not allow `{key}`", words)
        if trouble is SqlTrouble.WRITES:
            return NeedsOperator(f"{self.name}: `{key}` writes, and must only read: {words}")
        return ContractBroken(f"{words}{remedy}", path=key, subject=self.name)

    def of_writing(self, error: Exception) -> ChannelError:
        """The update has failed before its transaction was committed: nothing was changed."""
        words = self.words(error)
        trouble = _trouble(error)
        if trouble is SqlTrouble.PASSING:
            return Temporary(f"{self.name}: not written: {words}")
        if trouble in (SqlTrouble.REFUSED, SqlTrouble.WRITES):
            return self._refused(f"{self.name}: the database does not allow `update`", words)
        return WriteRejected(f"{self.name}: {words}")

    def words(self, error: Exception) -> str:
        """The database's own words, one line, without the statement and its values."""
        source: Any = getattr(error, "orig", None) or error
        text = str(source)
        primary = getattr(getattr(source, "diag", None), "message_primary", None)
        arguments: tuple[Any, ...] = getattr(source, "args", ())
        if isinstance(primary, str) and primary:
            hint = getattr(source.diag, "message_hint", None)
            text = f"{primary}. {hint}" if isinstance(hint, str) and hint else primary
        elif len(arguments) > 1 and isinstance(arguments[0], int):
            text = str(arguments[1])
        elif isinstance(error, exc.SQLAlchemyError) and source is error:
            text = str(error.args[0]) if error.args else ""
        return self.redactor.text(_LINES.split(text, maxsplit=1)[0]) or type(source).__name__

    def _refused(self, text: str, words: str) -> NeedsOperator:
        by = f" ({self.credential})" if self.credential else ""
        error = NeedsOperator(f"{text}{by}: {words}")
        error.is_replaced = self.is_replaced
        return error


def is_locked(error: Exception) -> bool:
    """Whether SQLite could not commit because others read: its transaction still stands."""
    return _sqlite_code(getattr(error, "orig", None)) in {5, 6}


def _trouble(error: Exception) -> SqlTrouble:
    source: Any = getattr(error, "orig", None) or error
    if getattr(error, "connection_invalidated", False):
        return SqlTrouble.PASSING
    # Before the SQLSTATE, which MySQL's drivers give too: there it is 42000 for nearly everything.
    arguments: tuple[Any, ...] = getattr(source, "args", ())
    if arguments and isinstance(arguments[0], int):
        number = arguments[0]
        return next(
            (t for t, codes in _BY_MYSQL_NUMBER.items() if number in codes), SqlTrouble.WRONG
        )
    state = getattr(source, "sqlstate", None) or getattr(source, "pgcode", None)
    if isinstance(state, str):
        return next(
            (found for begins, found in _BY_SQLSTATE if begins.match(state)), SqlTrouble.WRONG
        )
    code = _sqlite_code(source)
    if code is not None:
        return next((t for t, codes in _BY_SQLITE_CODE.items() if code in codes), SqlTrouble.WRONG)
    if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError | OSError):
        return SqlTrouble.PASSING
    return SqlTrouble.WRONG


def _is_sign_in(error: Exception, words: str) -> bool:
    """Whether a connection failed by who we are: PostgreSQL gives no code for it."""
    source: Any = getattr(error, "orig", None)
    # Its text is in the server's language; that it asked for a password, and had one, is not.
    asked = getattr(source, "pgconn", None)
    had = bool(getattr(asked, "used_password", False) or getattr(asked, "needs_password", False))
    return had or bool(_SIGN_IN.search(words))


def _sqlite_code(source: object) -> int | None:
    code = getattr(source, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None
