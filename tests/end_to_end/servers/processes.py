"""A server in a process of its own: started, waited for, and ended with all that it started."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

START_S_MAX = 300
STOP_S_MAX = 15


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def ran(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
    """Run a step of setting a server up to its end; its words are shown where it fails."""
    done = subprocess.run(  # noqa: PLW1510  # What it said is worth more than its code.
        command,
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=START_S_MAX,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-4000:]}{done.stderr[-4000:]}"


@contextmanager
def running(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], ready: str | int
) -> Iterator[None]:
    """Start a server and wait until `ready` answers: a URL, or a port of this computer."""
    log = folder / "server.log"
    with (
        log.open("w") as words,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            end = time.monotonic() + START_S_MAX
            while not _answers(ready):
                assert process.poll() is None, f"it ended: {log.read_text()[-4000:]}"
                assert time.monotonic() < end, f"it did not start: {log.read_text()[-4000:]}"
                time.sleep(0.2)
            yield
        finally:
            _end(process)


def _answers(ready: str | int) -> bool:
    try:
        if isinstance(ready, int):
            with socket.create_connection(("127.0.0.1", ready), timeout=1):
                return True
        with urllib.request.urlopen(ready, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to stop, then make it: it and whatever it started are one group."""
    for act in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            break
        os.killpg(process.pid, act)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            continue
