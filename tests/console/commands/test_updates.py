"""`skew updates`: its JSON."""

from pathlib import Path
from typing import Any


def test_updates_have_stable_keys(seeded: Path, skew: Any) -> None:
    found = skew("updates", "--json").json["updates"]
    assert list(found[0]) == [
        "id", "sku", "channel", "location", "status", "from", "to", "version", "proposed_at",
        "decided_by", "note", "result", "reverts",
    ]  # fmt: skip
    lamp = next(found_one for found_one in found if found_one["sku"] == "LAMP")
    assert (lamp["from"]["quantity"], lamp["to"]["quantity"]) == (31, 14)
    assert lamp["status"] == "proposed"
