"""Ask a cache with the code of an earlier version, which comes first on Python's path.

Run in the folder of the cache and its configuration, with the instant at which the clock stands,
and the commands on stdin. It prints the answers of those that answer.
"""

import json
import os
import sys
from pathlib import Path

from .fast_clock import FastClock
from .life import run_command

if __name__ == "__main__":
    os.environ["COLUMNS"] = "200"
    now = int(sys.argv[1])
    clock = FastClock(now)
    clock.install()
    clock.set(now, stands=True)
    answers = []
    for arguments in json.load(sys.stdin):
        code, out, err = run_command(Path.cwd(), *arguments, "--json")
        answers.append(
            {"arguments": arguments, "code": code, "out": json.loads(out) if out.strip() else err}
        )
    sys.stdout.write(json.dumps(answers))
