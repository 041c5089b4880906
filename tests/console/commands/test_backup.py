"""`skew backup`, `skew restore` and `skew db`: a copy of the cache, and the way back."""

import lzma
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.corrections import audit, lifecycle
from store.database import lease, schema
from store.database.connection import Database
from store.database.maintenance import restore
from store.errors import LeaseLost, StoreError
from store.model import CorrectionStatus
from sync.clock import SystemClock
from sync.config.load import load
from tests.store.database import old_caches


def cache_of(configuration: Path) -> Path:
    return load(configuration, None).database


def statuses(cache: Path) -> dict[int, str]:
    with sqlite3.connect(cache) as connection:
        return dict(connection.execute("SELECT id, status FROM corrections"))


def rows(cache: Path) -> list[str]:
    with closing(sqlite3.connect(cache)) as connection:
        return list(connection.iterdump())


def test_a_backup_is_the_cache_and_its_owners_alone(seeded: Path, skew: Any) -> None:
    ran = skew("backup", "copy.db")

    assert (ran.code, ran.out[:22]) == (0, "Backed up to copy.db, ")
    assert Path("copy.db").stat().st_mode & 0o777 == 0o600
    assert not list(Path().glob("*.part"))
    with sqlite3.connect("copy.db") as copy, sqlite3.connect(cache_of(seeded)) as cache:
        for table in ("cells", "items", "corrections", "audit"):
            rows = f"SELECT * FROM {table}"
            assert copy.execute(rows).fetchall() == cache.execute(rows).fetchall()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("copy.db", "copy.db exists already: name another file, or add --force"),
        ("skew.db", "is the cache itself: name another file"),
        ("gone/copy.db", "No such file or directory"),
        (".", ". is a folder: name a file in it"),
        ("/", "/ is a folder: name a file in it"),
    ],
)
def test_a_backup_that_can_t_be_made_says_why(
    seeded: Path, skew: Any, target: str, words: str
) -> None:
    Path("copy.db").write_text("mine")

    ran = skew("backup", target)

    assert ran.code == 1
    assert words in ran.err
    assert Path("copy.db").read_text() == "mine"
    assert skew("diff").code == 1


@pytest.mark.long
def test_force_replaces_a_file_but_never_the_cache(seeded: Path, skew: Any) -> None:
    Path("copy.db").write_text("old")

    assert skew("backup", "--force", "copy.db").code == 0
    assert skew("backup", "--force", "skew.db").code == 1
    assert skew("restore", "copy.db").code == 0


@pytest.mark.long
def test_a_backup_is_made_while_another_writes(seeded: Path, skew: Any) -> None:
    with Database.open(cache_of(seeded)) as database, database.snapshot():
        writer = sqlite3.connect(cache_of(seeded), isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE items SET title = 'half written'")

        assert skew("backup", "copy.db").code == 0

        writer.execute("ROLLBACK")
        writer.close()
    with sqlite3.connect("copy.db") as copy:
        assert "half written" not in {title for (title,) in copy.execute("SELECT title FROM items")}


def test_restoring_brings_back_what_was_and_keeps_what_is(seeded: Path, skew: Any) -> None:
    before = skew("updates", "--json").json
    skew("backup", "copy.db")
    skew("reject", "--all", "--by", "ana")
    rejected = statuses(cache_of(seeded))

    ran = skew("restore", "copy.db")

    assert ran.code == 0
    assert skew("updates", "--json").json == before
    kept = Path(ran.err.split("the cache as it was before: ")[1].strip())
    assert statuses(kept) == rejected
    assert kept.stat().st_mode & 0o777 == 0o600
    assert not list(Path().glob("*.restoring*"))


def test_what_was_approved_is_proposed_again_with_its_reason(seeded: Path, skew: Any) -> None:
    skew("approve", "--all", "--yes", "--by", "ana")
    approved = [
        number for number, status in statuses(cache_of(seeded)).items() if status == "approved"
    ]
    skew("backup", "copy.db")

    told = skew("restore", "--json", "copy.db").json

    assert approved
    assert told["proposed_again"] == approved
    assert {statuses(cache_of(seeded))[number] for number in approved} == {"proposed"}
    with Database.open(cache_of(seeded)) as database:
        last = database.read(audit.rows, approved[0])[-1]
    assert (last.step, last.note) == (
        "handed back", "the cache was restored from a backup: it may have been written since",
    )  # fmt: skip


@pytest.mark.long
def test_what_was_being_written_ends_as_unknown_when_an_engine_starts(
    seeded: Path, skew: Any
) -> None:
    skew("approve", "--all", "--yes", "--by", "ana")
    with sqlite3.connect(cache_of(seeded)) as connection:
        connection.execute("UPDATE corrections SET status = 'applying' WHERE status = 'approved'")
    skew("backup", "copy.db")

    skew("restore", "copy.db")

    with Database.open(cache_of(seeded)) as database:
        ended = database.write(lifecycle.recover, now=SystemClock().now())
    assert ended
    assert str(CorrectionStatus.UNKNOWN) in statuses(cache_of(seeded)).values()


def test_no_engine_holds_what_is_restored_even_if_one_ran_at_the_backup(
    seeded: Path, skew: Any
) -> None:
    now = SystemClock().now()
    with Database.open(cache_of(seeded)) as database:
        database.write(lease.acquire, holder="daemon", token="t1", now=now, span_ms=60_000)
        skew("backup", "copy.db")
        refused = skew("restore", "copy.db")
        database.write(lease.release, token="t1")
        restored = skew("restore", "copy.db")

        assert (refused.code, restored.code) == (1, 0)
        assert "another engine runs for this cache: daemon" in refused.err
        assert database.read(lease.current, now=now) is None
        # One that slept since then is not believed.
        with pytest.raises(LeaseLost):
            database.write(lease.prove, token="t1")


@pytest.mark.long
def test_whoever_has_the_cache_open_sees_what_was_restored(seeded: Path, skew: Any) -> None:
    skew("backup", "copy.db")
    with Database.open(cache_of(seeded)) as database:
        proposed = database.read(lifecycle.select, "k.status = 'proposed'", {})
        skew("reject", "--all", "--by", "ana")
        version = database.data_version()

        skew("restore", "copy.db")

        assert database.data_version() != version
        assert database.read(lifecycle.select, "k.status = 'proposed'", {}) == proposed


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "copy.db: no such file"),
        (b"", "copy.db is not a backup of a cache of Skew"),
        (b"SKU,AVAILABLE\nA,1\n" * 100, "copy.db is not a backup of a cache, or is damaged"),
    ],
)
def test_what_is_no_backup_is_refused_and_the_cache_stays(
    seeded: Path, skew: Any, content: bytes | None, words: str
) -> None:
    if content is not None:
        Path("copy.db").write_bytes(content)
    before = skew("updates", "--json").json

    ran = skew("restore", "copy.db")

    assert ran.code == 1
    assert words in ran.err
    assert skew("updates", "--json").json == before
    assert not list(Path().glob("*.restoring*"))
    assert not list(Path().glob("*.before-restore*"))


def test_a_disk_that_is_full_at_last_leaves_the_cache_and_no_copy_of_it(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    skew("backup", "copy.db")

    def full(_: Path, cache: Path) -> None:
        raise StoreError(f"{cache}: not restored: database or disk is full; it is as it was")

    monkeypatch.setattr(restore, "put_back", full)
    ran = skew("restore", "copy.db")

    assert (ran.code, "disk is full" in ran.err) == (1, True)
    assert [path.name for path in Path().glob("skew.db.*")] == []
    assert skew("db", "vacuum").code == 0  # No engine's lease is left either.


@pytest.mark.long
def test_a_damaged_backup_and_another_programs_database_are_refused(
    seeded: Path, skew: Any
) -> None:
    skew("backup", "copy.db")
    damaged = bytearray(Path("copy.db").read_bytes())
    damaged[4096 * 3 : 4096 * 30] = b"\xa5" * (4096 * 27)
    Path("damaged.db").write_bytes(damaged)
    with sqlite3.connect("other.db") as connection:
        connection.execute("CREATE TABLE engine (id)")
        connection.execute("PRAGMA user_version = 3")

    for name in ("damaged.db", "other.db"):
        ran = skew("restore", name)
        assert ran.code == 1
        assert name in ran.err


ACTING = (
    "CREATE TRIGGER helpful AFTER INSERT ON audit BEGIN UPDATE corrections SET version = 0; END",
    """CREATE VIEW more AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n)
    SELECT * FROM n""",
)


@pytest.mark.long
@pytest.mark.parametrize("made", ["skew.db", "v12.db.xz"])
@pytest.mark.parametrize("acting", ACTING)
def test_a_backup_that_acts_by_itself_is_refused(
    seeded: Path, skew: Any, made: str, acting: str
) -> None:
    assert skew("backup", "copy.db").code == 0
    if made.endswith(".xz"):
        older = Path(old_caches.__file__).parent / made
        Path("copy.db").write_bytes(lzma.decompress(older.read_bytes()))
    with closing(sqlite3.connect("copy.db", isolation_level=None)) as copy:
        copy.execute(acting)
    before = rows(cache_of(seeded))

    ran = skew("restore", "copy.db")

    assert ran.code == 1
    assert f"{acting.split()[1].lower()} {acting.split()[2]}, which Skew does not make" in ran.err
    assert rows(cache_of(seeded)) == before


@pytest.mark.long
def test_a_newer_skews_backup_is_refused(seeded: Path, skew: Any) -> None:
    skew("backup", "copy.db")
    with sqlite3.connect("copy.db") as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")

    ran = skew("restore", "copy.db")

    assert ran.code == 1
    assert "upgrade Skew" in ran.err


def test_a_damaged_cache_is_set_aside(seeded: Path, skew: Any) -> None:
    skew("backup", "copy.db")
    cache = cache_of(seeded)
    for path in cache.parent.glob("skew.db-*"):
        path.unlink()
    cache.write_bytes(b"not a database at all" * 500)

    ran = skew("restore", "copy.db")

    assert ran.code == 0
    aside = Path(ran.err.split("the damaged cache: ")[1].strip())
    assert aside.read_bytes().startswith(b"not a database")
    assert skew("db", "check").code == 0


@pytest.mark.long
def test_a_backup_is_restored_where_there_is_no_cache(seeded: Path, skew: Any) -> None:
    before = skew("updates", "--json").json
    skew("backup", "copy.db")
    shutil.copy("copy.db", "elsewhere.db")
    for path in Path().glob("skew.db*"):
        path.unlink()

    ran = skew("restore", "elsewhere.db")

    assert (ran.code, ran.err) == (0, "")
    assert cache_of(seeded).stat().st_mode & 0o777 == 0o600
    assert skew("updates", "--json").json == before


def test_db_check_tells_what_there_is_and_finds_damage(seeded: Path, skew: Any) -> None:
    whole = skew("db", "check", "--json").json
    assert whole["problems"] == []
    assert whole["listings"] == 9
    assert whole["schema"] == len(schema.MIGRATIONS)
    assert skew("db", "check").out.startswith("✓ ")
    with sqlite3.connect(cache_of(seeded)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("UPDATE audit SET correction_id = 4711")

    ran = skew("db", "check")

    assert ran.code == 1
    assert "row 1 of audit refers to a row of corrections that is not there" in ran.out
    assert "`skew restore FILE` goes back to a backup" in ran.out


@pytest.mark.long
def test_db_vacuum_frees_what_is_free_and_waits_for_no_engine(seeded: Path, skew: Any) -> None:
    with sqlite3.connect(cache_of(seeded)) as connection:
        connection.execute("CREATE TABLE filler AS SELECT zeroblob(1000000) AS blank")
        connection.execute("DROP TABLE filler")

    done = skew("db", "vacuum", "--json").json

    assert done["bytes_before"] - done["bytes_after"] > 900_000
    with Database.open(cache_of(seeded)) as database:
        now = SystemClock().now()
        database.write(lease.acquire, holder="daemon", token="t1", now=now, span_ms=60_000)
        refused = skew("db", "vacuum")
    assert refused.code == 1
    assert "daemon runs on this cache" in refused.err


@pytest.mark.long
def test_a_cache_that_is_not_there_has_no_backup(seeded: Path, skew: Any) -> None:
    for path in Path().glob("skew.db*"):
        path.unlink()

    for command in (("backup", "copy.db"), ("db", "check"), ("db", "vacuum")):
        ran = skew(*command)
        assert ran.code == 1
        assert "there is no cache yet" in ran.err
    assert not Path("skew.db").exists()


@pytest.mark.long
def test_an_older_skews_backup_is_brought_up_to_date_and_stays_itself(
    seeded: Path, skew: Any
) -> None:
    folder = Path(old_caches.__file__).parent
    older = lzma.decompress((folder / "v12.db.xz").read_bytes())
    Path("older.db").write_bytes(older)

    ran = skew("restore", "older.db")

    assert ran.code == 0
    assert Path("older.db").read_bytes() == older
    found = skew("db", "check", "--json").json
    assert (found["schema"], found["problems"]) == (len(schema.MIGRATIONS), [])
    assert [path.name for path in Path().glob("skew.db.*")] == ["skew.db.before-restore-1"]
