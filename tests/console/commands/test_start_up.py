"""What a command does not import: how soon it answers, said so that no slow machine fails it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.console.command_shop import drop_files

ROOT = Path(__file__).parents[3]

_PROGRAM = """
import json, sys
before = set(sys.modules)
from console.__main__ import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted(set(sys.modules) - before)]), file=sys.stderr)
"""

THE_SCREEN_AND_THE_SCHEDULE = {"textual", "rich", "apscheduler"}
THE_NETWORK = {"httpx", "httpcore", "anyio", "tenacity", "h11"}
SELDOM = {
    "structlog", "sqlite_utils", "dateutil", "tzdata", "zoneinfo", "email", "html", "difflib",
    "importlib.metadata", "jmespath", "keyring", "zipfile", "tempfile", "fsspec", "sqlalchemy",
}  # fmt: skip


def imported(*args: str, code: int) -> set[str]:
    """Run a command in a process of its own; answer what it has imported."""
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *args],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    ended, names = json.loads(ran.stderr.splitlines()[-1])
    assert ended == code, ran.stderr
    return set(names)


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_imports_two_modules_of_ours_and_nothing_else(flag: str) -> None:
    ours = {"console", "console.__main__", "console.text", "console.text.overview"}
    found = imported(flag, code=0) - set(sys.builtin_module_names)
    assert found <= ours | {"console.text.streams"}


def test_status_checks_no_configuration_that_was_right(seeded: Path, skew: Any) -> None:
    skew("status", "--config", str(seeded))
    found = imported("status", "--config", str(seeded), code=1)

    assert not found & (THE_SCREEN_AND_THE_SCHEDULE | THE_NETWORK | SELDOM)
    assert not found & {"click", "asyncio", "concurrent.futures", "logging", "tomllib"}
    assert not found & {"sync.channels", "sync.settings", "sync.config.build", "sync.engine"}
    assert not found & {"store.database.schema", "store.polling", "store.queries.views"}
    assert not found & {
        "pathlib",
        "json",
        "threading",
        "copy",
        "ipaddress",
        "console.text.remedies",
    }


def test_a_cache_of_the_newest_schema_is_opened_without_what_migrates_one(
    seeded: Path, skew: Any
) -> None:
    skew("diff", "--config", str(seeded))
    found = imported("diff", "--config", str(seeded), code=1)

    assert not [name for name in found if name.startswith("store.database.migrations.")]
    assert not found & {"secrets", "hmac", "socket", "sqlite_utils", "tempfile"}


def test_a_poll_of_files_imports_neither_the_network_nor_what_it_seldom_needs(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "x")
    drop_files(seeded)
    skew("poll", "warehouse", "market", "--config", str(seeded))
    found = imported("poll", "warehouse", "--config", str(seeded), code=0)

    assert not found & (THE_SCREEN_AND_THE_SCHEDULE | THE_NETWORK | SELDOM)
    assert not found & {"sync.corrections.apply", "sync.corrections.decide", "sync.simulation"}
    assert not found & {"console.reports.json_documents", "console.keys.action"}


def test_what_asked_to_be_called_at_the_end_is_called(tmp_path: Path) -> None:
    program = (
        "import atexit, sys; from console.__main__ import main; sys.argv = ['skew', '--help'];"
        f"atexit.register(lambda: open({str(tmp_path / 'ended')!r}, 'w').close()); main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("Usage: skew")
    assert (tmp_path / "ended").exists()


def test_a_thread_that_works_on_is_waited_for(tmp_path: Path) -> None:
    program = (
        "import sys, threading, time; from console.__main__ import _end;"
        "work = lambda: (time.sleep(0.3), open(sys.argv[1], 'w').close());"
        "threading.Thread(target=work).start(); _end(3)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "ended")],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert ran.returncode == 3
    assert (tmp_path / "ended").exists()
