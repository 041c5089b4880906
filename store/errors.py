"""What can go wrong with the cache, by what the caller can do about it.

StoreError
├── NewerDatabase     the file was written by a newer Skew: upgrade Skew, nothing was touched
├── OlderDatabase     the file has not been migrated yet: open it for writing once
├── NoBackup          the file has to be migrated and could not be copied first: make room
├── NoRoom            the file has to be migrated and the disk is too full: make room
├── CacheMigrating    a newer Skew is at it: try again later, or start that one
├── NotADatabase      the file is something else, or damaged: name another file
├── CacheGone         the file was removed or replaced while open: stop at once
├── DatabaseBusy      another process held the write lock too long: try again
├── LeaseLost         another engine took over: stop writing to channels at once
├── Overtaken         other readings came in during a poll: poll again
└── NoSuchThing       an id or a name that is not in the cache
"""


class StoreError(Exception):
    """Any trouble with the cache. Its text is for the operator."""


class NewerDatabase(StoreError):
    """The file's schema is newer than this program. Nothing was touched."""


class OlderDatabase(StoreError):
    """The file's schema is older than this program, and it was opened only to be read."""


class NoBackup(StoreError):
    """The file has to be migrated, and could not be copied first. It was not touched."""


class NoRoom(StoreError):
    """The file has to be migrated, and there is no room for it. It was not touched."""


class CacheMigrating(StoreError):
    """The file's migration is under way, or was broken off. Nothing was read or written."""


class NotADatabase(StoreError):
    """The file cannot be opened as a cache of ours."""


class CacheGone(StoreError):
    """The open file is not the one at its path any more. What is written to it is lost."""


class DatabaseBusy(StoreError):
    """The write lock could not be had in time. Nothing was written; safe to repeat."""


class LeaseLost(StoreError):
    """The engine's lease is not held by this token any more."""


class Overtaken(StoreError):
    """The readings that a poll was compared with were replaced meanwhile. Nothing was written."""


class NotAllowed(StoreError):
    """The configuration does not let this person do it. Its text says who may."""


class NoSuchThing(StoreError):
    """The cache has nothing with that id or name. Its text names it."""
