"""What was found of a configuration's file that is right: where its cache is, and how that stands.

`skew status` asks for nothing else. Checking a configuration takes longer than counting what is in
the cache, so a command that has done it leaves a receipt in the user's cache folder, and the next
`skew status` goes by it as long as nothing that it rests on has moved: the file, the places,
this program, and the channels' rows in the cache. A configuration that has a warning, or that rests
on other files too, gets none. A receipt that can't be read or written is none.
"""

import contextlib
import os
import sys
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from store.queries.standing import CacheStanding

if TYPE_CHECKING:
    from pathlib import Path

    from sync.settings import Settings

_PLACES = ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA")
"""The environment's part in where a cache is by default."""

_PROGRAM = (
    "store/database/migrations", "store/targets", "sync", "sync/channels", "sync/config",
    "sync/targets",
)  # fmt: skip
"""Where another version of Skew has other files, by whose folders' times it is known."""


class ConfigurationReceipt(msgspec.Struct, frozen=True):
    """One configuration that was right."""

    file: tuple[str, str]
    """Its path, and where that leads."""
    content: bytes
    environ: Mapping[str, str]
    program: tuple[int, ...]
    database: str
    standing: CacheStanding
    """How the cache stood when it had been brought in line."""


def find(path: "str | Path") -> ConfigurationReceipt | None:
    """Find the receipt of a configuration as it is now; its cache is still to be looked at."""
    try:
        receipt = msgspec.json.decode(_read(_place(path)), type=ConfigurationReceipt)
        found = (_read(path), _file(path), _environ(), _program())
    except (OSError, msgspec.DecodeError, UnicodeError):
        return None
    written = (receipt.content, receipt.file, receipt.environ, receipt.program)
    return receipt if found == written else None


def keep(settings: "Settings", standing: CacheStanding) -> None:
    """Leave a receipt for a cache that has just been brought in line with a configuration."""
    if not settings.content or settings.warnings or _rests_on_more(settings):
        return
    with contextlib.suppress(OSError, UnicodeError):
        receipt = ConfigurationReceipt(
            _file(settings.path),
            settings.content,
            _environ(),
            _program(),
            os.path.abspath(settings.database),  # As it is written, links and all.
            standing,
        )
        encoded, place = msgspec.json.encode(receipt), _place(settings.path)
        if os.path.isfile(place) and _read(place) == encoded:
            return
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        draft = f"{place}.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(encoded)
        os.replace(draft, place)


def _rests_on_more(settings: "Settings") -> bool:
    """Whether more than its own file makes it what it is, and what it says: the calendar, too."""
    from sync.channels import KINDS

    return bool(settings.approval.windows) or any(
        channel.described_by is not None or channel.kind not in KINDS
        for channel in settings.channels.values()
    )


def _read(path: "str | Path") -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _place(path: "str | Path") -> str:
    name = zlib.crc32("\0".join(_file(path)).encode("utf-8", "surrogateescape"))
    return os.path.join(_folder(), f"configuration-{name:08x}.json")


def _folder() -> str:
    if str(sys.platform) == "linux":
        # As platformdirs finds it, whose import takes as long as all the rest.
        written = os.environ.get("XDG_CACHE_HOME", "")
        return os.path.join(os.path.expanduser(written if written.strip() else "~/.cache"), "skew")
    import platformdirs

    return platformdirs.user_cache_dir("skew", appauthor=False)


def _file(path: "str | Path") -> tuple[str, str]:
    return os.path.abspath(path), os.path.realpath(path)


def _environ() -> dict[str, str]:
    return {name: os.environ[name] for name in _PLACES if name in os.environ}


def _program() -> tuple[int, ...]:
    top = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    return tuple(os.stat(os.path.join(top, name)).st_mtime_ns for name in _PROGRAM)
