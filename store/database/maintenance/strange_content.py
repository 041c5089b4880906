"""What a cache has that no Skew has written: what a failing disk or another program put there.

SQLite lets any column hold anything, and `PRAGMA integrity_check` looks at pages, not at meaning.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from store.database import schema
from store.database.upgrade import migrating
from store.event_kinds import EventFate, EventKind
from store.incident_kinds import IncidentKind
from store.model import CorrectionStatus, Direction, Kind, PollOutcome

_TYPES: Mapping[str, str] = MappingProxyType(
    {"INTEGER": "'integer'", "TEXT": "'text'", "REAL": "'real', 'integer'"}
)
"""What SQLite calls the values of a column that is declared so."""

_WORDS: Mapping[str, type] = MappingProxyType(
    {
        "channels.direction": Direction,
        "channels.last_outcome": PollOutcome,
        "corrections.status": CorrectionStatus,
        "events.fate": EventFate,
        "events.kind": EventKind,
        "incidents.kind": IncidentKind,
        "open_disagreements.kind": Kind,
        "polls.outcome": PollOutcome,
    }
)
"""The columns that hold one of some words."""

_JSON: Mapping[str, str] = MappingProxyType(
    {
        "audit.seen": "object",
        "cell_oddities.twins": "array",
        "channels.file_sequence": "object",
        "channels.warnings": "array",
        "doubts.twins": "array",
        "polls.file_sequence": "object",
        "quarantined_readings.twins": "array",
    }
)
"""Those that hold JSON, and of which kind."""

_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999: nobody can write another instant as a date."""
_SHOWN = 40


def find(connection: sqlite3.Connection) -> Iterator[str]:
    """Each column in which something is strange, with one such value. Reads the whole cache."""
    number, half = migrating.schema_number(connection)
    made, there = schema.newest_columns(), schema.columns(connection)
    lacking = {table: names.keys() - there.get(table, {}).keys() for table, names in made.items()}
    if half or number < len(schema.MIGRATIONS):
        # One that is older lacks something, and is migrated when it is opened.
        if not half and not any(lacking.values()):
            yield f"it says that its schema is {number}, and has all of {len(schema.MIGRATIONS)}"
        return
    if (acting := schema.strange(connection)) is not None:
        yield f"it has {acting} as no Skew makes it"
    for table, columns in made.items():
        if lacking[table]:
            yield f"{table} lacks {', '.join(sorted(lacking[table]))}"
            continue
        for column, declared in columns.items():
            odd = _is_odd(table, column, declared)
            if odd is None:
                continue
            row = connection.execute(
                f"""SELECT substr(quote("{column}"), 1, {_SHOWN}) FROM "{table}"
                WHERE "{column}" IS NOT NULL AND ({odd}) LIMIT 1"""
            ).fetchone()
            if row is not None:
                yield f"{table}.{column} holds {row[0]}"


def _is_odd(table: str, column: str, declared: str) -> str | None:
    """SQL for whether a value of a column is strange; None: anything may stand there."""
    place, types = f"{table}.{column}", _TYPES.get(declared)
    if types is None:
        return None
    odd = f'typeof("{column}") NOT IN ({types})'
    if place in _WORDS:
        words = ", ".join(f"'{word}'" for word in _WORDS[place])  # type: ignore[attr-defined]
        return f'{odd} OR "{column}" NOT IN ({words})'
    if place in _JSON:
        return f"""{odd} OR NOT json_valid("{column}")
          OR json_valid("{column}") AND json_type("{column}") <> '{_JSON[place]}'"""
    if declared == "INTEGER" and (column in {"at", "since", "as_of"} or column.endswith(_TIMES)):
        return f'{odd} OR "{column}" NOT BETWEEN {_FIRST_MS} AND {_LAST_MS}'
    return odd


_TIMES = ("_at", "_until")
"""How the names of instants end."""
