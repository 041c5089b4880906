"""What was written to channels of late, for the push limits."""

import sqlite3

import msgspec

from store.cells.cell_ids import item_of
from store.model import Millis


class Pushed(msgspec.Struct, frozen=True):
    """What was written to channels within an hour, for the push limits."""

    skus: int = 0
    units: int = 0
    to_zero: int = 0
    money_minor: int = 0

    def is_at_least(self, other: "Pushed") -> bool:
        """Whether no figure is less than the other's."""
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return all(mine >= its for mine, its in pairs)


def pushed_since(connection: sqlite3.Connection, since: Millis) -> Pushed:
    """What was sent to channels after an instant, whatever became of it."""
    units = "abs(to_quantity - from_quantity) * max(listings, 1)"
    row = connection.execute(
        f"""SELECT count(DISTINCT {item_of("listing_id")}), coalesce(sum({units}), 0),
          coalesce(sum(to_quantity = 0 AND from_quantity IS NOT 0), 0),
          coalesce(sum({units} * price_minor), 0)
        FROM corrections WHERE applying_at > ?""",
        (since,),
    ).fetchone()
    return Pushed(*row)
