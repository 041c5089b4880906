"""`skew acknowledge`: a disagreement may stand, with a reason, until it changes."""

from pathlib import Path
from typing import Any

from store.database.connection import Database
from store.model import Record
from tests.console.command_shop import STOCK, seed


def id_of(skew: Any, sku: str) -> str:
    (found,) = skew("diff", "--json", "--sku", sku, "--channel", "shop").json["disagreements"]
    return str(found["id"])


def acknowledge(skew: Any, *args: str) -> Any:
    return skew("acknowledge", *args, "--reason", "counted by hand", "--by", "ana")


def test_what_is_acknowledged_is_listed_last_with_who_why_and_when(seeded: Path, skew: Any) -> None:
    lamp = id_of(skew, "LAMP")

    made = acknowledge(skew, lamp)

    assert (made.code, made.out) == (0, "1 disagreement acknowledged until it changes.\n")
    last = skew("diff", "--json").json["disagreements"][-1]
    assert (last["sku"], last["status"]) == ("LAMP", "open")
    assert last["acknowledged"]["by"] == "ana"
    assert last["acknowledged"]["why"] == "counted by hand"
    assert last["acknowledged"]["at"].endswith("Z")
    table = skew("diff").out
    assert "acknowledged by ana" in table
    assert "open, 1 acknowledged" in table


def test_it_stays_in_every_count(seeded: Path, skew: Any) -> None:
    before = skew("status", "--json").json["disagreements"]
    acknowledge(skew, id_of(skew, "LAMP"))

    after = skew("status", "--json")
    assert after.json["disagreements"] == before
    assert after.json["acknowledged"] == 1
    assert after.code == 1
    assert "1 acknowledged" in skew("status").out
    assert skew("diff").code == 1


def test_it_can_be_taken_back_once(seeded: Path, skew: Any) -> None:
    lamp = id_of(skew, "LAMP")
    acknowledge(skew, lamp)

    assert skew("acknowledge", lamp, "--undo").code == 0
    again = skew("acknowledge", lamp, "--undo")

    assert again.code == 1
    assert "it is not acknowledged" in again.out
    assert all(
        disagreement["acknowledged"] is None
        for disagreement in skew("diff", "--json").json["disagreements"]
    )


def test_each_that_was_not_done_is_named_and_the_rest_is_done(seeded: Path, skew: Any) -> None:
    lamp = id_of(skew, "LAMP")

    made = acknowledge(skew, lamp, "999", "--json")

    assert made.code == 1
    assert made.json["decisions"] == [
        {"id": int(lamp), "ok": True, "why": ""},
        {"id": 999, "ok": False, "why": "resolved: shown and target agree now"},
    ]
    assert "ana has acknowledged it already: counted by hand" in acknowledge(skew, lamp).out


def test_a_reason_is_needed_and_an_id_must_be_one(seeded: Path, skew: Any) -> None:
    for args, told in (
        (("17",), "Give a --reason"),
        (("17", "--undo", "--reason", "x"), "not both"),
        (("LAMP", "--reason", "x"), "`skew diff` lists them"),
    ):
        refused = skew("acknowledge", *args)
        assert refused.code == 2
        assert told in refused.err


def test_an_estimate_is_marked_and_never_shown_as_known_money(
    tmp_path: Path, monkeypatch: Any, skew: Any
) -> None:
    unpriced = [Record("LAMP", 31, price_minor=1900), Record("KETTLE", 9), Record("=CABLE", 200)]
    seed(tmp_path, STOCK | {"shop": unpriced})
    monkeypatch.chdir(tmp_path)

    (kettle,) = skew("diff", "--json", "--sku", "KETTLE").json["disagreements"]

    assert kettle["money_at_risk"] is None
    assert kettle["money_assumed"] == 171.0
    assert "~171" in skew("diff", "--sku", "KETTLE").out


def test_the_live_update_of_a_disagreement_is_named(seeded: Path, skew: Any) -> None:
    found = skew("diff", "--json", "--channel", "shop").json["disagreements"]
    ids = {update["id"] for update in skew("updates", "--json").json["updates"]}
    assert ids
    assert {found_one["update"] for found_one in found} - {None} == ids


def test_a_hostile_reason_is_shown_as_plain_text(seeded: Path, skew: Any) -> None:
    lamp = id_of(skew, "LAMP")
    skew("acknowledge", lamp, "--reason", "\x1b]0;owned\x07=1+1", "--by", "ana")

    assert "\x1b" not in skew("diff").out
    with Database.open(seeded.parent / "skew.db") as database:
        why = database.read(
            lambda c: c.execute("SELECT max(acknowledged_why) FROM open_disagreements").fetchone()[
                0
            ]
        )
    assert why.endswith("=1+1")
