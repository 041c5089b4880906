"""How fast Skew is: each row of the table beside its bare counterpart, in turns, in one run.

Run: python -m tests.benchmarks [--skus N…] [--only NAME…] [--json]   (docs/speed.md)
"""

import sys

from tests.benchmarks.runner import command
from tests.benchmarks.table import BENCHES

if __name__ == "__main__":
    sys.exit(command.run(sys.argv[1:], BENCHES))
