"""The fourteenth schema: SKUs are compared by other skeletons than before.

A skeleton now leaves out separators and what spreadsheets change, too. The next one who asks for
near matches has them all made again.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils


def run(database: "SqliteUtils") -> None:
    """Forget the skeletons of before."""
    database.execute("DELETE FROM skeletons")
