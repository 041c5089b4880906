"""What the console remembers between runs: where the operator was, and how it looked.

A small JSON file for each configuration in the user's state folder, beside the crash reports;
never a secret, never data of the shop but the filter that was typed. A file that can't be read is
reported and passed over: nothing depends on it.
"""

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

SIZE_MAX = 65_536
"""A larger file is none of ours."""

T = TypeVar("T", bound=msgspec.Struct)
Short = Annotated[str, msgspec.Meta(max_length=1_000)]


class PageMemory(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one page was left."""

    filter: Short = ""
    sort: Short = ""
    group: Short = ""
    backwards: bool = False
    columns: tuple[Short, ...] = ()
    """The keys of the chosen columns, in order; empty: as they come."""
    zoomed: Short = ""
    """The pane that fills the page."""
    folded: tuple[Short, ...] = ()
    """The panes that are folded to their titles."""


class Remembered(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is in the file of one configuration. Names of what is no more are passed over."""

    page: Short = ""
    """The action's place that was open."""
    pages: dict[Short, PageMemory] = {}


class Personal(msgspec.Struct, frozen=True, omit_defaults=True):
    """What holds for the user, whichever configuration is open."""

    theme: Short | None = None
    """Chosen with a key, last."""
    instead_of: Short | None = None
    """The theme in the user's own file at that time: once that is changed, it holds again."""
    operator: Short | None = None

    def theme_beside(self, preferred: str | None) -> str | None:
        """The theme to begin with, where the user's own file says `preferred`."""
        return self.theme if self.theme and self.instead_of == preferred else preferred


class SessionMemory(msgspec.Struct):
    """The memory of one configuration. With `folder` None it is of this run only."""

    folder: Path | None
    key: str
    remembered: Remembered = msgspec.field(default_factory=Remembered)
    personal: Personal = msgspec.field(default_factory=Personal)
    trouble: str = ""
    """Why it could not be read or kept; empty where it could."""

    def keep(self, remembered: Remembered) -> None:
        """Write down where one is, if that has changed."""
        if remembered != self.remembered:
            self.remembered = remembered
            self._write(self.key, remembered)

    def keep_personal(self, personal: Personal) -> None:
        """Write down what holds for the user, if that has changed."""
        if personal != self.personal:
            self.personal = personal
            self._write("console", personal)

    def _write(self, name: str, what: msgspec.Struct) -> None:
        if self.folder is None:
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            text = msgspec.json.format(msgspec.json.encode(what), indent=2)
            replace_file(self.folder / f"{name}.json", text + b"\n")
        except OSError as error:
            self.trouble = f"the console's looks can't be remembered: {error.strerror}"


def recall(configuration: Path | None, *, fresh: bool = False) -> SessionMemory:
    """Remember how the console was left on this configuration; `fresh` forgets that for this run.

    Without a configuration, as in the demo, nothing is written down.
    """
    key = key_of(configuration) if configuration is not None else ""
    memory = SessionMemory(folder(), key)
    memory.personal = _read(memory, "console", Personal)
    if fresh:
        memory.personal = Personal(operator=memory.personal.operator)
    if configuration is None:
        return SessionMemory(None, key, personal=memory.personal, trouble=memory.trouble)
    if not fresh:
        memory.remembered = _read(memory, key, Remembered)
    return memory


def folder() -> Path:
    """Where the files are."""
    import platformdirs

    return platformdirs.user_state_path("skew", appauthor=False)


def key_of(configuration: Path) -> str:
    """The name of a configuration's file: readable, and its own even where two are called alike."""
    whole = configuration.resolve()
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{whole.parent.name}-{whole.stem}").strip("-")[:40]
    digest = hashlib.sha256(os.fsencode(whole)).hexdigest()[:12]
    return f"console-{name}-{digest}"


def _read(memory: SessionMemory, name: str, shape: type[T]) -> T:
    if memory.folder is None:
        return shape()
    path = memory.folder / f"{name}.json"
    try:
        with path.open("rb") as file:
            # One cut short is no JSON: a file that is too large is refused so.
            return msgspec.json.decode(file.read(SIZE_MAX), type=shape)
    except FileNotFoundError:
        return shape()
    except OSError as error:
        memory.trouble = f"can't read what was remembered: {error.strerror}: {path}"
    except ValueError:
        memory.trouble = f"what was remembered is broken and ignored: {path}"
    return shape()


def replace_file(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    # A rename is whole or not at all. Of two consoles that close together one wins, and the file is
    # never a mixture of both.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".console-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
