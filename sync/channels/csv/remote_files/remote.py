"""Files on a server: which are there, and each brought here before it is read. In a thread."""

import contextlib
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from sync.channels.csv.files import FileStatus, Fits, countable_ns, has_suffix
from sync.channels.csv.remote_files import servers
from sync.channels.csv.remote_files.servers import Server
from sync.channels.csv.unpacking.content import FILE_BYTES_MAX
from sync.clock import Clock
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary

_CHUNK_BYTES = 2**20
_SEEN_MAX = 1_000
_TIMES = ("mtime", "LastModified", "Last-Modified", "modify")
"""What the servers of SFTP, S3, https and FTPS call the time at which a file was written."""
_REFUSED_STATUSES = (401, 403)
_GONE = 404
_FTP_REFUSED = ("530", "532", "430")


class RemotePlace:
    """A file on a server, or a folder of them. One thread at a time may use it."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._system: Any = None
        self._here: tempfile.TemporaryDirectory[str] | None = None
        self._first_seen: dict[tuple[str, object, object], int] = {}
        """Of a file whose time the server does not say: when we saw it first, in nanoseconds."""

    def candidates(self, fits: Fits = has_suffix) -> list[FileStatus]:
        """Find the file, or those of the folder that count. Raises Temporary, NeedsOperator."""
        path = self._server.path
        with self._errors():
            system = self._connected()
            system.invalidate_cache()
            info = system.info(path)
            if info.get("type") != "directory":
                if fits is not has_suffix:
                    raise NeedsOperator(f"{self._shown} is not a folder, and `full` needs one")
                return [self._status(path, info)]
            found = [
                self._status(entry["name"], entry)
                for entry in system.ls(path, detail=True)
                if entry.get("type") == "file" and _counts(entry["name"], fits)
            ]
        if not found and fits is has_suffix:
            raise Temporary(f"no file to read is in {self._shown}")
        return found

    def close(self) -> None:
        """Let go of the server and of what was brought here."""
        if self._system is not None:
            servers.close(self._system)
            self._system = None
        if self._here is not None:
            self._here.cleanup()
            self._here = None

    @property
    def _shown(self) -> str:
        parts = urlsplit(self._server.url)
        return f"{parts.scheme}://{parts.netloc}{parts.path}"

    def _connected(self) -> Any:  # noqa: ANN401 - a file system of fsspec, which has no types.
        if self._system is None:
            self._system = self._server.connect()
        return self._system

    def _folder(self) -> Path:
        if self._here is None:
            self._here = tempfile.TemporaryDirectory(prefix="skew-", ignore_cleanup_errors=True)
        return Path(self._here.name)

    def _status(self, path: str, info: Mapping[str, Any]) -> FileStatus:
        name = _name(path)
        here = self._folder() / name
        size, modified_ns = info.get("size"), self._time_of(path, info)
        if size is None:
            # Nobody says how long it is before all of it has come.
            size = self._download(path, here)
        if modified_ns is None:
            mark = (path, size, info.get("ETag"))
            seen_ns = self._first_seen.setdefault(mark, self._clock.now() * 1_000_000)
            for old in list(self._first_seen)[:-_SEEN_MAX]:
                del self._first_seen[old]
            modified_ns = seen_ns
        bring = partial(self._bring, path, here, int(size), modified_ns)
        return FileStatus(here, 0, int(size), modified_ns, bring=bring)

    def _time_of(self, path: str, info: Mapping[str, Any]) -> int | None:
        """When the server says that a file was written, in nanoseconds since 1970."""
        said = next((info[key] for key in _TIMES if key in info), None)
        if said is None and self._server.scheme == "memory":
            said = self._connected().modified(path)
        if isinstance(said, str):
            said = _read_time(said)
        if isinstance(said, datetime):
            aware = said if said.tzinfo is not None else said.replace(tzinfo=UTC)
            since = aware - datetime(1970, 1, 1, tzinfo=UTC)
            said_ns = (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
            return countable_ns(said_ns)
        if isinstance(said, int | float) and math.isfinite(said):
            return countable_ns(int(said * 10**9))
        return None

    def _bring(self, path: str, here: Path, size: int, modified_ns: int) -> None:
        """Copy a file here, if the copy that is here is not the same. Raises as `candidates`."""
        with contextlib.suppress(FileNotFoundError):
            copy = here.stat()
            if (copy.st_size, copy.st_mtime_ns) == (size, modified_ns):
                return
        if size > FILE_BYTES_MAX:
            raise ContractBroken(f"{here.name} has more than {FILE_BYTES_MAX:,} bytes", path="")
        with self._errors():
            came = self._download(path, here)
            system = self._connected()
            system.invalidate_cache()
            again = system.info(path)
            later_ns = self._time_of(path, again)
        moved = later_ns is not None and later_ns != modified_ns
        if came != size or again.get("size", size) not in (size, None) or moved:
            here.unlink(missing_ok=True)
            raise Temporary(f"{here.name} changed while it was read")
        os.utime(here, ns=(modified_ns, modified_ns))

    def _download(self, path: str, here: Path) -> int:
        """Copy a file; answers how many bytes came."""
        came = 0
        part = here.with_name(f".{here.name}")
        with self._connected().open(path, "rb") as remote, part.open("wb") as copy:
            while chunk := remote.read(_CHUNK_BYTES):
                came += len(chunk)
                if came > FILE_BYTES_MAX:
                    words = f"{here.name} has more than {FILE_BYTES_MAX:,} bytes"
                    raise ContractBroken(words, path="")
                copy.write(chunk)
        part.replace(here)
        return came

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what the server's library raises into the channel's errors, without a credential."""
        raised: tuple[type[Exception], ...] = (OSError, *servers.refusals(self._server.scheme))
        try:
            yield
        except raised as error:
            raise self._named(error, raised) from None

    def _named(self, error: Exception, raised: tuple[type[Exception], ...]) -> ChannelError:
        """Say what an error means, in words without a credential."""
        # Over HTTP a file that is not there may be one that we may not see.
        cause = error.__cause__ if self._server.scheme in ("https", "http") else None
        if isinstance(error, FileNotFoundError) and isinstance(cause, raised):
            error = cause
        if isinstance(error, FileNotFoundError | NotADirectoryError) or _status(error) == _GONE:
            return Temporary(f"{self._shown} not found")
        # Whatever it was, the next try begins with a new connection, and reads the secrets again
        # from where they are kept.
        self._forget()
        words = self._server.redactor.text(f"{type(error).__name__}: {error}")
        if type(error).__name__ == "HostKeyNotVerifiable":
            words += "; if it is the right server, put its key into the file of `known_hosts`"
        if _is_refusal(error):
            return NeedsOperator(f"{self._shown}: {words}{self._server.credential}")
        return Temporary(f"{self._shown}: {words}")

    def _forget(self) -> None:
        if self._system is not None:
            servers.close(self._system)
            self._system = None


def _name(path: str) -> str:
    return PurePosixPath(urlsplit(path).path if "://" in path else path).name or "file"


def _counts(path: str, fits: Fits) -> bool:
    name = _name(path)
    # The name becomes one here: nothing may lead out of our folder.
    return not name.startswith((".", "~$")) and not set(name) & {"\\", "\0"} and bool(fits(name))


def _read_time(text: str) -> datetime | None:
    """Read a time as FTP (`20261130021500`) or HTTP writes it; both are UTC."""
    digits = text.partition(".")[0]
    with contextlib.suppress(ValueError, TypeError):
        if digits.isdecimal():
            return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return parsedate_to_datetime(text)
    return None


def _status(error: BaseException) -> object:
    return getattr(error, "status", None)


def _is_refusal(error: BaseException) -> bool:
    """Whether a person must mend it: a credential, a right, a server that is not the known one."""
    kind = type(error).__name__
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return (
        isinstance(error, PermissionError)
        or kind in ("PermissionDenied", "HostKeyNotVerifiable", "SSLCertVerificationError",
                    "ClientConnectorCertificateError", "NoCredentialsError")
        or _status(error) in _REFUSED_STATUSES
        or str(error)[:3] in _FTP_REFUSED
        or code in ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403")
    )  # fmt: skip
