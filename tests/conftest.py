"""What every test stands on: a run that costs no more than what it checks."""

import contextlib
import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from store.database import connection
from store.database.connection import Database
from tests import long_run

# How long an example takes says more of what else the machine does than of us: a deadline fails a
# run by chance. The suite counts statements and steps instead, and the benchmarks take the times.
for _profile, _examples in (("plain", 12), ("long", 100)):
    hypothesis.settings.register_profile(
        _profile,
        deadline=None,
        max_examples=_examples,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )

# Some images switch this off for the sake of their size. Without it pytest puts its own assertions
# into every test, and into hypothesis, anew in every worker of every run: it takes ten seconds.
sys.dont_write_bytecode = False


_KEPT = pytest.StashKey["tempfile.TemporaryDirectory[str]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run every test, with all its examples")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--long"):
        os.environ[long_run.VARIABLE] = "1"
    hypothesis.settings.load_profile("long" if long_run.is_long() else "plain")
    # What commands keep for the next one of its kind is not put beside the user's own.
    config.stash[_KEPT] = tempfile.TemporaryDirectory(prefix="skew-cache-")
    os.environ["XDG_CACHE_HOME"] = config.stash[_KEPT].name


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_KEPT].cleanup()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is of the long run, unless it is named, and begin with what waits longest."""
    if not long_run.is_long() and not any("::" in argument for argument in config.args):
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("long")]
    # Those that wait for programs come first, so that no core ends the run alone.
    items.sort(key=lambda item: "end_to_end" not in item.path.parts)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a packed file by its argument: its bytes hold the time at which they were packed.

    Every worker names the tests by itself, and a run whose workers differ ends at once.
    """
    is_binary = isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable())
    return argname if is_binary else None


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a fifth of a run is waiting for programs and for time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection(session: pytest.Session) -> None:
    """Collect no garbage while tests are collected: nearly all that is made then stays."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what was imported and collected out of every further garbage collection.

    It stays until the end, and going through it again and again took an eighth of the run. What
    the tests leave behind is collected more seldom: there is memory enough.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _started_programs_keep_their_bytecode() -> Iterator[None]:
    """Let the programs that tests start compile a module once in a run, and not once in each.

    Images set this variable for the sake of their size; some hundred programs are started here.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A new cache as the migrations make it."""
    path = tmp_path_factory.mktemp("migrated") / "skew.db"
    Database.open(path).close()
    return path.read_bytes()


@pytest.fixture(autouse=True)
def _new_caches_are_copies(migrated: bytes) -> Iterator[None]:
    """Give each new cache the content that the migrations made once: they take 45 ms every time.

    Tests of the migrations themselves, and every process that a test starts, run them.
    """

    def copy(path: Path) -> None:
        if path.exists():
            return
        part = path.with_name(f"{path.name}.{os.urandom(4).hex()}")
        create(part)
        part.write_bytes(migrated)
        # A link appears whole or not at all, and never in place of a cache that is there.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(part)
        part.unlink()

    create = connection._create_private
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "_create_private", copy)
        yield
