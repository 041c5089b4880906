"""Tries one input, and keeps it where something came out that must not."""

import hashlib
import re
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.oracle import FuzzTarget, bounded

FOUND = Path(__file__).parent / "found"
OURS = re.compile(r"/(sync|store|console|tests)/")


def slug(name: str) -> str:
    """A target's name as that of a folder."""
    return re.sub(r"[^a-z0-9]+", "-", name)


@dataclass
class Findings:
    """What one target let through, each fault once."""

    name: str
    target: FuzzTarget
    folder: Path = FOUND
    """Where inputs are kept, in a folder for each target."""
    tried: int = 0
    faults: dict[str, str] = field(default_factory=dict)
    """By where they arose: what was raised, and the file with the input."""

    def attempt(self, content: bytes) -> None:
        """Try an input."""
        self.tried += 1
        try:
            with bounded():
                self.target.attempt(content)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever came out of it is what is looked for.
            self._keep(content, error)

    def _keep(self, content: bytes, error: BaseException) -> None:
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if OURS.search(frame.filename)
        ]
        place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
        key = f"{type(error).__name__} at {place}"
        if key in self.faults:
            return
        path = self.folder / slug(self.name) / f"{hashlib.sha256(content).hexdigest()[:12]}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.faults[key] = f"{str(error)[:300]!r}, input {path}"
        lines = "".join(traceback.format_exception(error)[-12:])
        print(f"\n{self.name}: {key}: {self.faults[key]}\n{lines}", flush=True)
