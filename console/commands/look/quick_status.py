"""`skew status` in the time that a monitor which calls it every few seconds can spare.

It goes by the receipt of the configuration (`sync/config/receipts.py`), and only reads. Wherever
anything is not as the receipt says, the command itself does it (`console/commands/look/status.py`),
with all the errors and notes that there may be.
"""

import os
from collections.abc import Sequence


def answer(args: Sequence[str]) -> int | None:
    """Print the health of everything and answer the exit code; None: ask the command itself."""
    asked = _asked(args)
    if asked is None:
        return None
    from sync.config import receipts

    config, as_json = asked
    receipt = receipts.find(config)
    if receipt is None:
        return None
    from store.database.opening import read_once
    from store.errors import StoreError
    from store.queries import status_counts
    from store.queries.standing import standing as look_up_standing
    from sync.clock import SystemClock

    now = SystemClock().now()
    try:
        counts = read_once(
            receipt.database,
            lambda connection: (
                status_counts.status(connection, now=now)
                if look_up_standing(connection) == receipt.standing
                else None
            ),
        )
    except StoreError:
        return None
    if counts is None:
        return None
    from console.commands.look.health import report

    return report(counts, as_json=as_json)


def _asked(args: Sequence[str]) -> tuple[str, bool] | None:
    """The configuration, and whether JSON is wanted; None where anything else is said, too."""
    left, config, as_json = list(args), None, False
    while left:
        flag = left.pop(0)
        if flag == "--json":
            as_json = True
        elif flag == "--config" and left and not left[0].startswith("-"):
            config = left.pop(0)
        elif flag.startswith("--config="):
            config = flag.removeprefix("--config=")
        else:
            return None
    if config == "":
        return None
    return config or os.environ.get("SKEW_CONFIG") or "skew.toml", as_json
