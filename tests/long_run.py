"""What belongs to the long run: `pytest --long`, as `.ci/run` does it, runs all of it.

The plain run holds every promise once and ends within three minutes on two cores. The long run
holds it at every size, on every page, with every key and with many more random lives.
"""

import os
from collections.abc import Iterable
from typing import Any

import pytest

VARIABLE = "SKEW_LONG_RUN"
"""Set by `--long`, so that what is decided while modules are imported knows it too."""

SHORT_PART = 20


def is_long() -> bool:
    """Whether this is the long run."""
    return bool(os.environ.get(VARIABLE))


def examples(count: int) -> int:
    """How many random examples to try: all of them in the long run, a part in the plain one."""
    return count if is_long() else max(2, count // SHORT_PART)


def first(kept: int, cases: Iterable[Any]) -> list[Any]:
    """The cases of a test with one parameter; those after the first `kept` are of the long run."""
    return [
        case if number < kept else pytest.param(case, marks=pytest.mark.long)
        for number, case in enumerate(cases)
    ]
