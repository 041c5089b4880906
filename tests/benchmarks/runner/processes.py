"""Whole programs, and what they cost: processor time, that of their children too, and memory."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.runner import launcher

ROOT = Path(__file__).parents[3]
SKEW = (sys.executable, "-m", "console")
PATIENCE_S = 3600.0
PAUSE_S = 0.2


@dataclass(frozen=True)
class Spent:
    """What a program cost until it ended."""

    code: int
    cpu_s: float
    """User and system, its children's included."""
    took_s: float
    peak_mb: float
    out: bytes = b""
    errors: bytes = b""


class Program:
    """A program that runs; `end` tells what it cost."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path | None = None,
        environ: Mapping[str, str] | None = None,
        out: int | None = None,
    ) -> None:
        self._home = tempfile.TemporaryDirectory()
        self._result = Path(self._home.name, "result")
        # The folder of this checkout: a program's working folder may be another one.
        kept = os.environ | {"PYTHONPATH": str(ROOT)} | dict(environ or {})
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", launcher.__file__, self._result, *command],
            cwd=folder,
            env=kept,
            stdin=subprocess.DEVNULL if out is None else out,
            stdout=subprocess.PIPE if out is None else out,
            stderr=subprocess.PIPE if out is None else out,
            start_new_session=out is not None,
        )

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def interrupt(self) -> None:
        """Ask it to end, by SIGTERM."""
        with contextlib.suppress(ProcessLookupError, FileNotFoundError, ValueError):
            os.kill(int(self._result.with_suffix(".pid").read_text()), signal.SIGTERM)

    def end(self) -> Spent:
        """Wait until it has ended."""
        out, errors = self.process.communicate(timeout=PATIENCE_S)
        words = self._result.read_text().split()
        self._home.cleanup()
        code, cpu_s, took_s, peak_kb = int(words[0]), *map(float, words[1:])
        return Spent(code, cpu_s, took_s, peak_kb / 1024, out or b"", errors or b"")


def run(
    command: Sequence[str | Path], *, folder: Path | None = None, codes: Sequence[int] = (0,)
) -> Spent:
    """Run a program to its end. Raises RuntimeError where it ends with another code than these."""
    spent = Program(command, folder=folder).end()
    if spent.code not in codes:
        said = (spent.out + spent.errors)[-2_000:].decode(errors="replace")
        raise RuntimeError(f"{' '.join(map(str, command))}: exit code {spent.code}: {said}")
    return spent


@contextlib.contextmanager
def helper(module: str, *words: object) -> Iterator[subprocess.Popen[str]]:
    """A process of these benchmarks beside this one, such as a writer or a server."""
    command = [sys.executable, "-m", module, *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(
    condition: Callable[[], bool], program: Program, *, patience_s: float = PATIENCE_S
) -> None:
    """Ask again and again until it is so. Raises RuntimeError where the program ends before."""
    end = time.monotonic() + patience_s
    while not condition():
        if program.has_ended or time.monotonic() > end:
            raise RuntimeError("the program ended, or took too long")
        time.sleep(PAUSE_S)
