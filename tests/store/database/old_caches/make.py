"""Make a small cache with the code of an earlier version, and keep what that code says of it.

Run it where that version's code is, so that it comes first on Python's path, with this folder's
parent after it, and in an environment of its own: an editable install of another version would lend
the modules that that one lacks.

    git worktree add ../old COMMIT
    python -m venv ../env && ../env/bin/pip install '../old[test]'
    HERE=$PWD/tests/store/database
    (cd ../old && PYTHONPATH=$HERE ../env/bin/python -m old_caches.make COMMIT)

It writes `vNN.db.xz` and `vNN.json.xz` beside itself, and `vNN.past.xz`, a line for each instant
that was replayed; NN is the number of the version's schema. With `--plain` after COMMIT,
`vNN-plain` of a shop without bundles and pools, whose states are another channel's word. To be made
once, by the last commit of a schema, and never edited.
"""

import json
import lzma
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import click

from . import questions
from .channels import Shop, serving
from .configuration import BUNDLES, config
from .fast_clock import FastClock
from .life import START, Life, live

HERE = Path(__file__).parent

SUMMED = (
    "SELECT status, count(*) FROM corrections GROUP BY 1",
    "SELECT kind, closed_at IS NULL, count(*) FROM disagreements GROUP BY 1, 2",
    "SELECT kind, closed_at IS NULL, count(*) FROM incidents GROUP BY 1, 2",
    "SELECT outcome, count(*) FROM polls GROUP BY 1",
    "SELECT step, count(*) FROM audit GROUP BY 1",
)


def main(commit: str, *, derived: bool) -> None:
    clock = FastClock(START)
    clock.install()
    version = schema_version()
    shops = {name: Shop() for name in ("shop", "market", "stores", "pooled")}
    with tempfile.TemporaryDirectory() as name, serving(shops) as url:
        folder = Path(name)
        (folder / "bundles.csv").write_text(BUNDLES)
        (folder / "skew.toml").write_text(config(version, url, derived=derived))
        life = Life(folder, clock, version, shops)
        instants = live(life)
        now = clock.now()
        clock.set(now, stands=True)
        cache = folder / "skew.db"
        body = settled(cache)
        document = {
            "commit": commit,
            "schema": version,
            "now": now,
            "files": {name: (folder / name).read_text() for name in ("skew.toml", "bundles.csv")},
            "answers": questions.of_commands(folder, now),
            "depths": questions.of_the_store(cache, now),
        }
        past = [] if derived else questions.of_the_past(cache, instants)
        click.echo(summary(cache))
    stem = HERE / f"v{version:02}{'' if derived else '-plain'}"
    write(stem.with_suffix(".db.xz"), body)
    write(stem.with_suffix(".json.xz"), encoded(document))
    if past:
        write(stem.with_suffix(".past.xz"), b"\n".join(map(encoded, past)))
    click.echo(f"v{version}: {life.failed} commands refused")


def schema_version() -> int:
    """How many migrations the code at hand has."""
    try:
        from store.database import schema
    except ImportError:
        from store import schema  # type: ignore[attr-defined, no-redef]
    return len(schema.MIGRATIONS)


def settled(cache: Path) -> bytes:
    """The cache in one file, with all that stood in the log beside it."""
    with closing(sqlite3.connect(cache)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return cache.read_bytes()


def summary(cache: Path) -> str:
    """How much there is of what, for whoever makes one."""
    lines = []
    with closing(sqlite3.connect(cache)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall()
        for (table,) in tables:
            (count,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
            lines.append(f"{table} {count}")
        lines += [str(connection.execute(query).fetchall()) for query in SUMMED]
    return "\n".join(lines)


def encoded(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def write(path: Path, body: bytes) -> None:
    path.write_bytes(lzma.compress(body, preset=9 | lzma.PRESET_EXTREME))
    click.echo(f"{path.name} {len(body)} {path.stat().st_size}")


if __name__ == "__main__":
    os.environ["COLUMNS"] = "200"
    main(sys.argv[1], derived="--plain" not in sys.argv)
