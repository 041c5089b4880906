"""`skew status` in the time that a monitor which calls it every few seconds can spare.

It goes by the receipt of the configuration (`sync/config/receipts.py`), and only reads. Wherever
anything is not as the receipt says, the command itself does it (`console/commands/look/status.py`),
with all the errors and notes that there may be.
"""

from collections.abc import Sequence

from console.commands.plain_options import plain_options


def answer(args: Sequence[str]) -> int | None:
    """Print the health of everything and answer the exit code; None: ask the command itself."""
    asked = plain_options(args, flags=("--json",))
    if asked is None:
        return None
    from sync.config import receipts

    receipt = receipts.find(asked.configs[-1])
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

    return report(counts, as_json="--json" in asked.flags)
