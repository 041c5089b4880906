"""An open cache's threads share what memory there is."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

LARGE = 8
ALLOCATE = f"""
import ctypes, sys, threading
from pathlib import Path
from store.database.connection import Database
with Database.open(Path(sys.argv[1])) as database:
    database.write(lambda connection: connection.execute("SELECT 1").fetchone())
    together = threading.Barrier(3)
    def take():
        kept = [bytearray(5_000) for _ in range(200)]
        together.wait()
    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    first = bytearray(4 << 20)
    del first
    large = [bytearray(1 << 20) for _ in range({LARGE})]
    ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="of other libraries there is one heap"
)
def test_threads_have_no_heaps_of_their_own_and_return_large_blocks(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", ALLOCATE, tmp_path / "skew.db"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stderr.count("Arena ") == 1
    (returned,) = re.findall(r"max mmap regions = +(\d+)", run.stderr)
    assert int(returned) >= LARGE
