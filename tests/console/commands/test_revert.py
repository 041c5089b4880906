"""`skew revert`: a batch that was written is proposed the other way."""

from pathlib import Path
from typing import Any

from store.corrections import decisions, lifecycle
from store.database.connection import Database
from store.model import CorrectionStatus, Record
from store.polling import merge, staging
from store.polling.comparison import Comparison
from sync.clock import SystemClock
from sync.config.load import load
from sync.targets import terms
from tests.console.command_shop import update_of


def verify(path: Path, *ids: int) -> None:
    """Approve these together and have them proven; then one kettle comes back."""
    now = SystemClock().now()
    settings = load(path, None)
    comparison = terms.comparison(settings)
    with Database.open(settings.database) as database:
        database.write(
            decisions.approve, [(number, None) for number in ids], who="ana", now=now,
            hold_ms=0, expires_ms=60_000,
        )  # fmt: skip
        for number in ids:
            database.write(
                lifecycle.finish, number, CorrectionStatus.VERIFIED, now=now + 2_000, result="seen"
            )
        read_shop(database, comparison, now + 3_000, LAMP=14, KETTLE=1)


def read_shop(database: Database, comparison: Comparison, at: int, **shown: int) -> None:
    records = [Record(sku, quantity) for sku, quantity in shown.items()]
    sweep = database.write(staging.begin, "shop", None, now=at)
    database.write(staging.stage, sweep, [*records, Record("=CABLE", 200)], (), None)
    database.write(merge.merge, sweep, comparison, now=at, as_of=at)


def test_a_verified_batch_is_turned_back_by_a_command(seeded: Path, skew: Any) -> None:
    lamp, kettle = (update_of(skew, sku)["id"] for sku in ("LAMP", "KETTLE"))
    verify(seeded, lamp, kettle)

    turned = skew("revert", str(lamp), "--by", "ana", "--json")
    text = skew("revert", str(lamp), "--by", "ana")

    assert turned.code == 0
    (update,) = turned.json["updates"]
    assert (update["from"]["quantity"], update["to"]["quantity"]) == (14, 31)
    assert update["reverts"] == lamp
    assert turned.json["effect"]["units_up"] == 17
    # The kettle has moved since, and is named.
    assert [left["id"] for left in turned.json["left_out"]] == [kettle]
    assert "moved since" in turned.json["left_out"][0]["why"]
    assert text.code == 1
    assert f"#{lamp}: a later update exists: #{update['id']}" in text.out


def test_what_was_never_approved_cant_be_turned_back(seeded: Path, skew: Any) -> None:
    number = update_of(skew, "LAMP")["id"]
    refused = skew("revert", str(number))
    assert (refused.code, refused.out) == (1, "")
    assert f"#{number} not found among the updates that were approved" in refused.err
    assert skew("revert", "LAMP").code == 2
