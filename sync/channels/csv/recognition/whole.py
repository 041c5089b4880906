"""Whether a file is still the one that was read last: by its status, or a digest of its bytes."""

import os
from typing import BinaryIO

import msgspec
import xxhash

from store.model import Millis
from sync.channels.csv.files import FileStatus, channel_errors, opened
from sync.channels.csv.unpacking.content import Content
from sync.errors import Temporary

_CHUNK_BYTES = 2**16

_SETTLED_NS = 5_000_000_000
"""A file that was changed this long before it was read has another time if it is changed again.
Within the tick of a clock two changes have the same: of a coarse one that is two seconds."""


class FileNote(msgspec.Struct, frozen=True, array_like=True):
    """What is noted of a file that was read, until the next poll."""

    digest: bytes
    """Of its bytes; empty where the next poll must read it again, whatever they are."""
    inode: int
    size: int
    modified_ns: int
    changed_ns: int
    is_settled: bool
    """It was changed well before it was read, so that its status tells of any change after."""
    is_whole: bool = False
    """What a line of it means is not said by the line alone: there are totals, or numbers whose
    decimal sign the others prove. Then it is recognised as a whole or not at all."""

    def encoded(self) -> bytes:
        return msgspec.msgpack.encode(self)


_NONE = FileNote(b"", 0, 0, 0, 0, is_settled=False)


class FoundWhole(msgspec.Struct, frozen=True):
    """A file that may be as it was, before it is read."""

    note: FileNote
    """What is to be noted of it."""
    stands: bool
    """It is as it was."""
    was_whole: bool
    """The file before could only be recognised as a whole."""


def look(status: FileStatus, noted: bytes, now: Millis) -> FoundWhole:
    """Compare a file with what was `noted` of the last. May read it. Raises ChannelError."""
    before = _decode(noted) or _NONE
    young_ns = now * 1_000_000 - max(status.modified_ns, status.changed_ns)
    stamp = (status.inode, status.size, status.modified_ns, status.changed_ns)
    known = (before.inode, before.size, before.modified_ns, before.changed_ns)
    if before.digest and before.is_settled and stamp == known:
        return FoundWhole(before, stands=True, was_whole=before.is_whole)
    is_settled = os.name == "posix" and bool(status.changed_ns) and young_ns > _SETTLED_NS
    note = FileNote(digest_of_file(status), *stamp, is_settled)
    stands = before.digest == note.digest
    if stands:
        note = msgspec.structs.replace(note, is_whole=before.is_whole)
    return FoundWhole(note, stands, before.is_whole)


def refuse_other(held: Content, note: FileNote) -> None:
    """Make sure that a file that was read is the one that was noted. Raises Temporary."""
    changed_ns = os.fstat(held.file.fileno()).st_ctime_ns
    if note.is_settled and changed_ns == note.changed_ns:
        return
    with channel_errors(held.status):
        held.file.seek(0)
        if _digest(held.file) != note.digest:
            raise Temporary(f"{held.status.path.name} changed while it was read")


def digest_of_file(status: FileStatus) -> bytes:
    """A digest of a file's bytes: 16 bytes. Raises ChannelError."""
    with channel_errors(status), opened(status) as file:
        digest = _digest(file)
        if not status.is_still(os.fstat(file.fileno())):
            raise Temporary(f"{status.path.name} changed while it was read")
    return digest


def _digest(file: BinaryIO) -> bytes:
    digest = xxhash.xxh3_128()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.digest()


def _decode(noted: bytes) -> FileNote | None:
    try:
        return msgspec.msgpack.decode(noted, type=FileNote) if noted else None
    except msgspec.DecodeError:
        return None
