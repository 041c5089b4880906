"""What an exception says to the operator, and which exit code it means."""

import contextlib
import errno
import os
import platform
import re
import sys
import time
import traceback
from pathlib import Path

from console.text.format import clean
from store.errors import NotADatabase, StoreError
from sync.errors import ChannelError, ConfigError, ConfigErrors

_SECRET_NAME = re.compile(r"key|token|secret|password|passwd|auth|credential", re.IGNORECASE)
_SECRET_LENGTH_MIN = 4
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
_CREDENTIAL = re.compile(r"(?i)(bearer|basic)\s+[^\s'\"]+|(?<=://)[^/@\s]+@")


def report(error: Exception) -> int:
    """Print on stderr what went wrong; answers the exit code."""
    if isinstance(error, ConfigErrors):
        for line in str(error).splitlines():
            _print(line)
        return 2
    if isinstance(error, ConfigError):
        _print(str(error))
        return 2
    expected = _expected(error) or _damage()
    if expected is not None:
        _print(expected)
        return 1
    _print(f"this is a bug in Skew: {redacted(_last_line(error))}")
    where = write_report(error)
    if where:
        _print(f"please report it and attach {where}")
    return 1


def _expected(error: Exception) -> str | None:
    """What it says where it is no bug, neither of ours nor of the configuration."""
    if isinstance(error, StoreError | ChannelError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return f"cannot write: {error.strerror}"
    return None


def _damage() -> str | None:
    """What is wrong with the cache that was opened last; None where that is not why we failed."""
    from store.database import opening
    from store.database.maintenance import condition

    path = Path(opening.opened[0]) if opening.opened else None
    if path is None or not path.exists():
        return None
    try:
        problem = condition.first_problem(path)
    except NotADatabase as error:
        return str(error)
    except StoreError:
        return None
    if problem is None:
        return None
    remedy = "`skew db check` says what else, `skew restore FILE` goes back to a copy"
    return f"{path} is damaged, or another program has changed it: {problem}; {remedy}"


def write_report(error: BaseException) -> Path | None:
    """Write a traceback, without locals and without credentials, for a bug report.

    Only its owner may read the file. None where it can't be written.
    """
    import platformdirs

    folder = platformdirs.user_state_path("skew", appauthor=False)
    text = "".join(traceback.format_exception(error))
    header = f"skew on Python {platform.python_version()}, {platform.system()}\n\n"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.getpid()}.txt"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(header + redacted(text))
    except OSError:
        return None
    return path


def bug_in_the_console(error: BaseException | None) -> str:
    """What the console leaves with after a bug: the error's kind, and where the report is."""
    if error is None:
        return "skew: a bug in the console"
    if (damage := _damage()) is not None:
        return f"skew: {clean(damage)}"
    where = write_report(error)
    details = f"; the details are in {where}" if where else ""
    return f"skew: a bug in the console: {type(error).__name__}{details}"


def redacted(text: str) -> str:
    """Take credentials out: in their known forms, and every value that the environment hides."""
    text = _CREDENTIAL.sub("•••", text)
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name) and len(value) >= _SECRET_LENGTH_MIN:
            text = text.replace(value, "•••")
    return text


def _last_line(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]


def _print(line: str) -> None:
    import click

    # On a full disk stderr may take nothing either: the exit code says it then.
    with contextlib.suppress(OSError):
        click.echo(f"skew: {clean(line)}", file=sys.stderr)
