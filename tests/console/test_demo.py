"""The demo as it is: the real command, the real engine and a living shop over real HTTP."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

import pytest

from console.demo import AUTHORITY, OUTLETS, shop
from store.database.connection import Database
from store.model import CorrectionStatus, Disagreement, Freshness, Status
from store.queries import views
from store.queries.values import DisagreementFilter
from sync.clock import SystemClock
from sync.corrections import decide
from sync.engine.thread import EngineThread
from tests.console.demo_by_hand import by_hand
from tests.long_run import first

T = TypeVar("T")

SKEW = (sys.executable, "-m", "console")
NO_TEXTUAL = """
import sys
from console.__main__ import run
from tests.long_run import first
code = run(["demo", "--headless", "--for", "2s"])
assert "textual" not in sys.modules
sys.exit(code)
"""


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder)}


def test_headless_it_prints_the_status_without_textual_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_TEXTUAL],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:5]] == [AUTHORITY, *OUTLETS]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize("number", first(1, [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]))
def test_a_signal_ends_it_cleanly_and_the_status_is_still_printed(
    tmp_path: Path, number: signal.Signals
) -> None:
    running = subprocess.Popen(
        [*SKEW, "demo", "--headless"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _until(lambda: _has_a_proposal(tmp_path))

    running.send_signal(number)
    printed, trouble = running.communicate(timeout=15)

    assert running.returncode == 0, trouble
    assert printed.startswith("CHANNEL")
    assert "proposed" in printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_approving_mends_the_shop_itself_and_ends_verified() -> None:
    before = set(threading.enumerate())
    with shop(SystemClock()) as settings, Database.open(settings.database) as database:
        engine = EngineThread(settings, settings.database, "test")
        engine.start()
        try:
            _until(lambda: _worst(database))
            worst = _worst(database)
            assert worst is not None
            assert worst.correction_id is not None
            (decision,) = decide.approve(
                database,
                settings,
                [(worst.correction_id, worst.correction_version)],
                who="ana",
                now=SystemClock().now(),
            )
            engine.wake()
            verified = _until(lambda: database.read(views.updates, statuses=ENDED))
        finally:
            engine.stop()

    assert decision.ok
    assert [(update.id, update.status) for update in verified] == [
        (worst.correction_id, CorrectionStatus.VERIFIED)
    ]
    assert set(threading.enumerate()) == before


ENDED = (
    CorrectionStatus.VERIFIED,
    CorrectionStatus.FAILED,
    CorrectionStatus.NOT_APPLIED,
    CorrectionStatus.UNKNOWN,
)


def _worst(database: Database) -> Disagreement | None:
    """The shop's costliest proposal: the shop is never in trouble this early in the day."""
    wanted = DisagreementFilter(channels=("shop",), statuses=(Status.OPEN,))
    found = database.read(views.disagreements, wanted, now=SystemClock().now())
    return next((found_one for found_one in found if found_one.correction_id is not None), None)


def _has_a_proposal(folder: Path) -> bool:
    """Whether the engine has something to show: from then on a signal ends it, not the start."""
    for path in folder.glob("skew-demo-*/demo.db"):
        with closing(sqlite3.connect(path)) as cache, suppress(sqlite3.OperationalError):
            return bool(cache.execute("SELECT 1 FROM corrections").fetchone())
    return False


def _until(look: Callable[[], T], *, patience_s: float = 15.0) -> T:
    """Look again and again until there is something to see."""
    end = time.monotonic() + patience_s
    while not (seen := look()):
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.05)
    return seen


@pytest.mark.long
async def test_the_first_seconds_show_everything_that_the_demo_promises() -> None:
    async with by_hand() as shown:
        await shown.until(0)
        await shown.until(4, without="outlet")
        oversold = shown.differs("market", "LMP-DOM-WHT")
        sold = shown.differs("shop", "THR-TAR-RED")
        elsewhere = shown.differs("market", "THR-TAR-RED")
        await shown.until(10, without="outlet")
        then = shown.health()
        astray = shown.differs("shop", "LMP-ARC-BLK")
        await shown.until(36, without="outlet")
        await shown.until(40)
        after = shown.health()
        printed = shown.differs("shop", "THR-TAR-RED")

    assert oversold is not None
    assert (oversold.available, oversold.target) == (4, 0)
    assert oversold.correction_status is CorrectionStatus.PROPOSED
    assert sold is None, "the shop has sold, and told so"
    assert elsewhere is not None, "the warehouse has not heard of it yet, the others must fall"
    assert (elsewhere.available, elsewhere.target) == (2, 1)
    assert then == {
        "warehouse": Freshness.FRESH,
        "shop": Freshness.FRESH,
        "market": Freshness.QUARANTINED,
        "outlet": Freshness.STALE,
    }
    assert astray is not None
    assert (astray.available, astray.target) == (10, 1)
    assert set(after.values()) == {Freshness.FRESH}
    assert printed is None
