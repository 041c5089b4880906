"""What a file holds as plain text: unpacked, and of a spreadsheet sheet by sheet."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from sync.channels.csv.files import FileStatus, channel_errors, opened
from sync.channels.csv.unpacking.packing import Packing, packing_of, unpack
from sync.channels.csv.unpacking.sheets import choose, write_sheets
from sync.errors import ContractBroken, Temporary

FILE_BYTES_MAX = 2**30

Opener = Callable[[], AbstractContextManager[BinaryIO]]


class Content(msgspec.Struct, frozen=True):
    """A file's text, to be read as often as needed while the file stays open."""

    opens: Mapping[str, Opener]
    """What opens it, by the name for messages: one for each sheet of a spreadsheet."""
    file: BinaryIO
    status: FileStatus

    def refuse_change(self) -> None:
        """Raise Temporary where the file is not the one any more that was opened."""
        # The descriptor is asked, not the path: a file that was replaced by another is still the
        # one that we read, whole. What was cut exactly at a line's end is left to the guard.
        if not self.status.is_still(os.fstat(self.file.fileno())):
            raise Temporary(f"{self.status.path.name} changed while it was read")


@contextlib.contextmanager
def content(status: FileStatus, *, sheet: str | None, decimal: str | None) -> Iterator[Content]:
    """Lend what the file holds. Raises Temporary, NeedsOperator, ContractBroken."""
    name = status.path.name
    if status.size > FILE_BYTES_MAX:
        raise ContractBroken(f"{name} has more than {FILE_BYTES_MAX:,} bytes", path="")
    if not status.size:
        raise Temporary(f"{name} is empty: nothing is written yet")
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(opened(status))
        with channel_errors(status):
            found = _texts(file, status, stack, sheet, decimal)
        yield Content(found, file, status)


def _texts(
    file: BinaryIO,
    status: FileStatus,
    stack: contextlib.ExitStack,
    sheet: str | None,
    decimal: str | None,
) -> dict[str, Opener]:
    """Unpack the file, into folders that go with the `stack`; answers what opens its texts."""
    name, plain = status.path.name, status.path
    packing = packing_of(file, name)
    if packing in (Packing.GZIP, Packing.ZIP):
        plain = _folder(stack) / "unpacked"
        unpack(file, name, packing, plain)
        with plain.open("rb") as inside:
            packing = packing_of(inside, name)
        if packing in (Packing.GZIP, Packing.ZIP):
            raise ContractBroken(f"{name} is compressed twice: unpack it once", path="")
    if packing is not Packing.WORKBOOK:
        return {name: _opener(status, plain)}
    sheets = write_sheets(plain, name, _folder(stack), decimal)
    return {
        f"{name}, sheet {title}": _opener(status, path)
        for title, path in choose(sheets, name, sheet).items()
    }


def _folder(stack: contextlib.ExitStack) -> Path:
    import tempfile

    made = tempfile.TemporaryDirectory(prefix="skew-", ignore_cleanup_errors=True)
    return Path(stack.enter_context(made))


def _opener(status: FileStatus, plain: Path) -> Opener:
    """Say how the text is opened: as the file itself, or as what was made of it."""
    if plain == status.path:
        return partial(opened, status)
    return partial(_open_copy, plain)


def _open_copy(path: Path) -> BinaryIO:
    return path.open("rb")
