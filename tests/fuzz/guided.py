"""One target in a process of its own, led by Atheris to code that no input has reached yet.

`python -m tests.fuzz.guided TARGET SECONDS CORPUS FOUND`. Its last line is JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

import atheris

MEMORY_MB = 3_000
HANG_S = 60
"""Of an input that even the signal does not end, such as one in a loop in C."""


def main(name: str, seconds: float, corpus: Path, found: Path) -> None:
    with atheris.instrument_imports(
        include=["sync", "store", "console"], enable_loader_override=False
    ):
        from tests.fuzz.finding import Findings
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    findings = Findings(name, target, found)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(content)
    ends = time.monotonic() + seconds

    def attempt(content: bytes) -> None:
        findings.attempt(content)
        if time.monotonic() >= ends:
            sys.stdout.write(
                "\n" + json.dumps({"tried": findings.tried, "faults": findings.faults}) + "\n"
            )
            sys.stdout.flush()
            os._exit(0)

    options = [
        f"-max_total_time={seconds + HANG_S:.0f}",
        f"-timeout={HANG_S}",
        f"-rss_limit_mb={MEMORY_MB}",
        "-max_len=32768",
        "-verbosity=0",
        f"-artifact_prefix={corpus}/crash-",
    ]
    if target.words:
        dictionary = corpus.with_name(corpus.name + ".dict")
        escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in target.words)
        dictionary.write_text("".join(f'"{word}"\n' for word in escaped))
        options.append(f"-dict={dictionary}")
    atheris.Setup([sys.argv[0], *options, str(corpus)], attempt)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
