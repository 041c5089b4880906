"""How fast Skew is: each row of the table beside its bare counterpart, in turns, in one run.

Run: python -m tests.benchmarks [--skus N…] [--only NAME…] [--json]   (docs/speed.md)
"""

import gc
import sys

from console.__main__ import COLLECT_AFTER
from tests.benchmarks.runner import command
from tests.benchmarks.table import BENCHES

if __name__ == "__main__":
    gc.set_threshold(COLLECT_AFTER)  # As `skew` begins, too.
    sys.exit(command.run(sys.argv[1:], BENCHES))
