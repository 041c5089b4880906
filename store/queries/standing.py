"""How a cache stands to the configuration that it was brought in line with last."""

import sqlite3

import msgspec

_OF_CONFIGURATION = """name, kind, direction, roles, writes, every_ms, stale_after_ms,
  max_source_age_ms, lag_ms, settle_reduce_ms, settle_raise_ms, unseen_after_ms, collapses, terms"""


class CacheStanding(msgspec.Struct, frozen=True):
    """What another configuration, or another version of Skew, would have made different."""

    version: int
    """Its schema."""
    channels: list[list[str | int | None]]
    """What it keeps of the configured channels, in order."""


def standing(connection: sqlite3.Connection) -> CacheStanding:
    """Look up how the cache stands: the same again where no configuration changed it."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    query = f"SELECT {_OF_CONFIGURATION} FROM channels WHERE configured = 1 ORDER BY id"
    return CacheStanding(version, [list(row) for row in connection.execute(query)])
