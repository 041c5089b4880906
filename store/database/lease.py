"""Who runs the engine for this cache, and what others ask of it.

One row with a heartbeat: two engines never poll or write for one cache. The lease of an engine that
died is free after its expiry.
"""

import sqlite3
from collections.abc import Collection

import msgspec

from store.errors import LeaseLost
from store.model import Millis

REQUEST_KEPT_MS = 3_600_000

_COLUMNS = "holder, token, started_at, heartbeat_at, expires_at"


class Lease(msgspec.Struct, frozen=True):
    """Who runs the engine for this database."""

    holder: str
    token: str
    started_at: Millis
    heartbeat_at: Millis
    expires_at: Millis


class Request(msgspec.Struct, frozen=True):
    """Something that is wanted of the engine: `poll` or `cancel` (of a channel), or `apply`."""

    id: int
    what: str
    channel: str | None
    who: str


class Answered(msgspec.Struct, frozen=True):
    """What the engine made of a request."""

    ok: bool
    result: str
    """One sentence for who asked."""


def acquire(
    connection: sqlite3.Connection,
    *,
    holder: str,
    token: str,
    now: Millis,
    span_ms: int,
    dead: str | None = None,
) -> Lease:
    """Take the lease where it is free or expired; answer whose it is now, by its token.

    `dead` is a token whose holder is known to have ended: its lease is free too.
    """
    # One statement that takes or leaves it: between a look and a write, two engines could both find
    # the lease free. The token and not the holder's name proves the holding, so that an engine that
    # slept past its expiry finds another token there when it wakes, and may not write.
    connection.execute(
        """INSERT INTO engine (id, holder, token, started_at, heartbeat_at, expires_at)
        VALUES (1, :holder, :token, :now, :now, :now + :span)
        ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, token = excluded.token,
          started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at,
          expires_at = excluded.expires_at
        WHERE engine.expires_at <= :now OR engine.token IN (:token, :dead)""",
        {"holder": holder, "token": token, "now": now, "span": span_ms, "dead": dead},
    )
    return Lease(*connection.execute(f"SELECT {_COLUMNS} FROM engine").fetchone())


def renew(connection: sqlite3.Connection, *, token: str, now: Millis, span_ms: int) -> bool:
    """Move the expiry on by `span_ms`; False where another engine has the lease by now."""
    cursor = connection.execute(
        "UPDATE engine SET heartbeat_at = ?, expires_at = ? WHERE token = ?",
        (now, now + span_ms, token),
    )
    return cursor.rowcount == 1


def keep(connection: sqlite3.Connection, *, token: str, until: Millis) -> None:
    """Make sure that the lease of this token does not run out before an instant."""
    connection.execute(
        "UPDATE engine SET expires_at = max(expires_at, ?) WHERE token = ?", (until, token)
    )


def release(connection: sqlite3.Connection, *, token: str) -> None:
    """Give the lease up, if it is still ours."""
    connection.execute("DELETE FROM engine WHERE token = ?", (token,))


def clear(connection: sqlite3.Connection) -> None:
    """Forget who holds it and what was asked of them: in a copy of a cache nobody does."""
    connection.execute("DELETE FROM engine")
    connection.execute("DELETE FROM requests")


def current(connection: sqlite3.Connection, *, now: Millis) -> Lease | None:
    """The lease, if somebody holds it now."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM engine WHERE expires_at > ?", (now,)
    ).fetchone()
    return None if row is None else Lease(*row)


def check(connection: sqlite3.Connection, *, token: str, now: Millis) -> None:
    """Raise LeaseLost unless this token holds the lease at this moment."""
    lease = current(connection, now=now)
    if lease is None or lease.token != token:
        holder = "nobody" if lease is None else lease.holder
        raise LeaseLost(f"the engine's lease is held by {holder} now")


def prove(connection: sqlite3.Connection, *, token: str) -> None:
    """Raise LeaseLost where another engine has the lease, or had it and gave it up.

    One that has run out and was taken by nobody is still ours: a machine may have slept.
    """
    row = connection.execute("SELECT holder, token FROM engine").fetchone()
    holder, held = row or ("nobody", None)
    if held != token:
        raise LeaseLost(f"the engine's lease is held by {holder} now")


def ask(
    connection: sqlite3.Connection, what: str, channel: str | None, *, who: str, now: Millis
) -> int:
    """Leave a request for whoever runs the engine; answer its id, for `answered`.

    Requests that nobody can be waiting for any more are swept away with it.
    """
    connection.execute("DELETE FROM requests WHERE asked_at < ?", (now - REQUEST_KEPT_MS,))
    row = connection.execute(
        "INSERT INTO requests (what, channel, who, asked_at) VALUES (?, ?, ?, ?) RETURNING id",
        (what, channel, who, now),
    ).fetchone()
    return int(row[0])


def withdraw(connection: sqlite3.Connection, request_ids: Collection[int]) -> None:
    """Take back those of these requests that no engine has taken yet."""
    connection.execute(
        """DELETE FROM requests WHERE taken_at IS NULL
          AND id IN (SELECT value FROM json_each(?))""",
        (msgspec.json.encode(list(request_ids)).decode(),),
    )


def take_requests(
    connection: sqlite3.Connection,
    *,
    now: Millis,
    age_ms_max: int = 60_000,
    sorts: Collection[str] = ("poll", "cancel", "apply"),
) -> list[Request]:
    """Take the requests of these `sorts` that nobody has taken yet, oldest first.

    One that is older than `age_ms_max` is left: who asked has stopped waiting.
    """
    rows = connection.execute(
        """UPDATE requests SET taken_at = ? WHERE taken_at IS NULL AND asked_at > ?
          AND what IN (SELECT value FROM json_each(?))
        RETURNING id, what, channel, who""",
        (now, now - age_ms_max, msgspec.json.encode(sorted(sorts)).decode()),
    ).fetchall()
    return sorted((Request(*row) for row in rows), key=lambda request: request.id)


def answer(
    connection: sqlite3.Connection, request_id: int, *, now: Millis, ok: bool, result: str
) -> None:
    """Leave the answer to a request, as text for the asker."""
    connection.execute(
        "UPDATE requests SET answered_at = ?, ok = ?, result = ? WHERE id = ?",
        (now, int(ok), result, request_id),
    )


def answered(connection: sqlite3.Connection, request_id: int) -> Answered | None:
    """The answer, or None while there is none."""
    row = connection.execute(
        "SELECT ok, result FROM requests WHERE id = ? AND answered_at IS NOT NULL", (request_id,)
    ).fetchone()
    if row is None:
        return None
    ok, result = row
    return Answered(bool(ok), result)
