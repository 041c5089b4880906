"""Commands in this process, where a bug is raised and not reported."""

import contextlib
import io
import os
from pathlib import Path
from typing import NoReturn

import pytest

from console.__main__ import run
from console.text import failure
from tests.fuzz.oracle import whole_text

CODES = (0, 1, 2)


def skew(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a command in a folder: its exit code and all that it printed, which is fit for people."""

    def raised(error: BaseException) -> NoReturn:
        # What it is told of is a bug: an exception that no message was made of.
        raise error

    out, before = io.StringIO(), Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(failure, "write_report", raised)
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                code = run([*arguments])
        finally:
            os.chdir(before)
    printed = out.getvalue()
    assert code in CODES, f"{code}: {printed}"
    fit_for_people(printed)
    return code, printed


def fit_for_people(printed: str) -> None:
    """Fail where a text has what no terminal should get, or what is for programmers."""
    whole_text(printed)
    assert "Traceback (most recent call last)" not in printed
    strange = {part for part in printed if not part.isprintable()} - {"\n"}
    assert not strange, f"{strange} in {printed!r}"
