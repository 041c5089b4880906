"""Try every decoder with hostile input: `python -m tests.fuzz [--minutes N] [--target T]…`.

With Atheris (`pip install -e '.[fuzz]'`) and ten seconds or more for each target, inputs are led to
code that none has reached yet, each target in a process of its own. Otherwise they are made at
random, in this one. Each input that breaks something is kept in `found/`: mend what it shows, and
the plain suite holds it.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz import blind
from tests.fuzz.finding import FOUND, Findings, slug

GUIDED_FROM_S = 10.0


def guided(name: str, seconds: float, corpora: Path, found: Path) -> tuple[int, dict[str, str]]:
    """How many inputs were tried, and what they found."""
    corpus = corpora / slug(name)
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", name, str(seconds), str(corpus), str(found)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    lines = ran.stdout.rstrip().splitlines()
    try:
        result = json.loads(lines[-1])
    except (IndexError, ValueError):
        kept = [str(path) for path in corpus.parent.glob(f"{corpus.name}/crash-*")]
        return 0, {
            "the process itself": f"ended with {ran.returncode}, {kept}: {ran.stderr[-2_000:]}"
        }
    if result["faults"]:
        print("\n".join(lines[:-1]))
    return result["tried"], result["faults"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=1.0, help="in all, shared by the targets")
    parser.add_argument("--target", action="append", default=[], help="what its name begins with")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs made at random")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what led further")
    parser.add_argument("--found", type=Path, default=FOUND, help="keeps what broke something")
    parser.add_argument("--list", action="store_true", help="print the targets")
    given = parser.parse_args()
    seconds = given.minutes * 60
    names: list[str] = []
    from tests.fuzz.targets import TARGETS

    names = [name for name in TARGETS if not given.target or name.startswith(tuple(given.target))]
    if given.list:
        print("\n".join(names))
        return 0
    share = seconds / max(1, len(names))
    is_guided = share >= GUIDED_FROM_S and importlib.util.find_spec("atheris") is not None
    tried, faults = 0, 0
    with tempfile.TemporaryDirectory(prefix="skew-fuzz-") as folder:
        for name in names:
            if is_guided:
                count, found = guided(name, share, given.corpus or Path(folder), given.found)
            else:
                findings = Findings(name, TARGETS[name], given.found)
                blind.run(findings, share, given.seed)
                count, found = findings.tried, findings.faults
            print(f"{name}: {count:,} inputs, {len(found)} faults", flush=True)
            for place, what in found.items():
                print(f"  {place}: {what}")
            tried, faults = tried + count, faults + len(found)
    how = "led by Atheris" if is_guided else "made at random"
    print(f"{tried:,} inputs {how}, {len(names)} targets, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
