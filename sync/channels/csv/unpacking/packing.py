"""What a file is, whatever its name says: plain text, packed text, or a spreadsheet."""

import enum
import struct
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from sync.errors import ContractBroken, Temporary

if TYPE_CHECKING:
    # Most files are not packed: only one that is pays for what unpacks it.
    import zipfile

UNPACKED_BYTES_MAX = 2**30
"""A few kilobytes can unpack to any size: a file with more inside is not read."""

_CHUNK_BYTES = 2**20
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_OTHERS = {
    b"BZh": "bzip2",
    b"\xfd7z": "xz",
    b"\x28\xb5\x2f": "zstd",
    b"7z\xbc": "7z",
    b"Rar": "rar",
}
_WORKBOOK_PARTS = frozenset({"[Content_Types].xml", "mimetype"})
_LITTER = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db"})
"""What the programs of other systems put into a zip file beside what is meant."""


class Packing(enum.Enum):
    """What a file is by its content."""

    PLAIN = enum.auto()
    GZIP = enum.auto()
    ZIP = enum.auto()
    WORKBOOK = enum.auto()


def packing_of(file: BinaryIO, name: str) -> Packing:
    """Find what a file is. Raises ContractBroken for what can't be unpacked."""
    file.seek(0)
    start = file.read(4)
    if start.startswith(b"\x1f\x8b"):
        return Packing.GZIP
    if start == _OLD_WORKBOOK:
        return Packing.WORKBOOK
    if start in _ZIP:
        with _zip(file, name) as archive:
            names = set(archive.namelist())
            unpacked = sum(info.file_size for info in archive.infolist())
        if names.isdisjoint(_WORKBOOK_PARTS):
            return Packing.ZIP
        if unpacked > UNPACKED_BYTES_MAX:
            raise _too_long(name)
        return Packing.WORKBOOK
    kind = _OTHERS.get(start[:3])
    # A text file may begin with these letters, but not with their number behind them.
    if kind is None or (kind == "bzip2" and not start[3:].isdigit()):
        return Packing.PLAIN
    raise ContractBroken(
        f"{name} is compressed ({kind}): have it sent as gzip, zip or plain CSV", path=""
    )


def is_workbook(file: BinaryIO) -> bool:
    """Whether it is an Excel, OpenDocument or zip file, whatever its name says."""
    file.seek(0)
    return file.read(4) in (*_ZIP, _OLD_WORKBOOK)


def unpack(file: BinaryIO, name: str, packing: Packing, into: Path) -> None:
    """Write what is packed in `file` to the path `into`.

    Raises Temporary where the file is cut, ContractBroken where it can't be unpacked or has more
    than `UNPACKED_BYTES_MAX` bytes inside. `name` is for messages.
    """
    import gzip
    import zipfile

    file.seek(0)
    try:
        if packing is Packing.GZIP:
            with gzip.GzipFile(fileobj=file, mode="rb") as inside:
                _copy(cast("IO[bytes]", inside), into, name)
        else:
            with _zip(file, name) as archive, archive.open(_only_file(archive, name)) as inside:
                _copy(inside, into, name)
    except EOFError as error:
        raise Temporary(
            f"{name} looks half written: it ends before what is packed in it"
        ) from error
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise ContractBroken(f"{name} is damaged: {error}", path="") from error
    except (NotImplementedError, RuntimeError) as error:
        # What zipfile raises for a way of packing that it does not know, and for a password.
        raise ContractBroken(f"{name} can't be unpacked: {error}", path="") from error


def _zip(file: BinaryIO, name: str) -> "zipfile.ZipFile":
    import zipfile

    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        # The list of what is inside stands at the end.
        raise Temporary(f"{name} looks half written: its end is not that of a zip file") from error
    except (NotImplementedError, OverflowError, ValueError, struct.error) as error:
        # A version to come, or a list of contents whose places and names are none.
        raise ContractBroken(f"{name} can't be unpacked: {error}", path="") from error


def _only_file(archive: "zipfile.ZipFile", name: str) -> "zipfile.ZipInfo":
    found = [info for info in archive.infolist() if _is_file(info) and not _is_litter(info)]
    if len(found) != 1:
        files = f"{len(found)} files" if found else "no file"
        raise ContractBroken(f"{name} holds {files}: a zip file must hold exactly one", path="")
    if found[0].flag_bits & 1:
        raise ContractBroken(f"{name} is encrypted: have it sent without a password", path="")
    return found[0]


def _is_file(info: "zipfile.ZipInfo") -> bool:
    # What zipfile itself asks fails where the name is empty.
    return bool(info.filename) and not info.is_dir()


def _is_litter(info: "zipfile.ZipInfo") -> bool:
    path = PurePosixPath(info.filename)
    return not _LITTER.isdisjoint(path.parts) or path.name.startswith("._")


def _copy(inside: IO[bytes], into: Path, name: str) -> None:
    left = UNPACKED_BYTES_MAX
    with into.open("wb") as file:
        while chunk := inside.read(_CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise _too_long(name)
            file.write(chunk)


def _too_long(name: str) -> ContractBroken:
    return ContractBroken(f"{name} has more than {UNPACKED_BYTES_MAX:,} bytes inside", path="")
