"""A screen's text held against the file that says how it should look.

A golden is written again by deleting it and running the test, and looked at before it is kept.
"""

import difflib
from pathlib import Path

import pytest

GOLDENS = Path(__file__).parent / "goldens"
SIZES = ((160, 45), (100, 30), (80, 24))


def hold_to_golden(name: str, size: tuple[int, int], painted: str) -> None:
    """Fail where the screen does not look as its golden, or where there is none yet."""
    golden = GOLDENS / f"{name}-{size[0]}x{size[1]}.txt"
    if not golden.exists():
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(painted + "\n", encoding="utf-8")
        pytest.fail(f"{golden.name} was not there: written, look at it and run again")
    kept = golden.read_text(encoding="utf-8")
    if painted + "\n" != kept:
        difference = difflib.unified_diff(
            kept.splitlines(), painted.splitlines(), golden.name, "painted"
        )
        pytest.fail("\n".join(difference))
