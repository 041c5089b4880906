"""`skew ignore`: rules by which disagreements are ignored, with what each would ignore."""

import csv
from pathlib import Path
from typing import Any

import pytest

from store.model import Record
from tests.console.command_shop import fill
from tests.console.commands.test_acknowledge import id_of


def add(skew: Any, *args: str) -> Any:
    return skew("ignore", "add", *args, "--reason", "the till rounds", "--by", "ana")


def test_what_is_ignored_is_counted_and_listed_apart(seeded: Path, skew: Any) -> None:
    before = skew("diff", "--json").json
    lamp = id_of(skew, "LAMP")

    made = add(skew, "--like", lamp)

    assert made.code == 0
    assert made.out.splitlines()[0] == "LAMP on shop, quantity, up to 17 units"
    assert "ignores 1 disagreement now; 1 pending update will end" in made.out
    assert "Rule 1 ignores 1 disagreement now." in made.out
    after = skew("diff", "--json").json
    assert (len(after["disagreements"]), after["ignored"]) == (len(before["disagreements"]) - 1, 1)
    (ignored,) = skew("diff", "--ignored", "--json").json["disagreements"]
    assert ignored["ignored"] == {
        "rule": 1, "by": "ana", "why": "the till rounds", "until": None,
    }  # fmt: skip
    assert (ignored["reason_code"], ignored["update"]) == ("ignored", None)
    assert "1 ignored by a rule: `skew diff --ignored` lists them" in skew("diff").out
    (row,) = csv.DictReader(skew("diff", "--ignored", "--csv").out.splitlines())
    assert [row[name] for name in ("sku", "ignored_by_rule", "ignored_by", "ignored_why")] == [
        "LAMP", "1", "ana", "the till rounds",
    ]  # fmt: skip
    assert skew("diff", "--sku", "K*", "--json").json["ignored"] == 0
    assert skew("diff", "--sku", "[L]*", "--json").json["ignored"] == 1
    assert skew("status", "--json").json["ignored"] == 1
    assert "1 more ignored by a rule" in skew("status").out
    assert "ignored by rule 1 of ana: the till rounds" in skew("why", "LAMP").out
    assert "#" not in skew("updates", "--sku", "LAMP").out


def test_show_sets_nothing(seeded: Path, skew: Any) -> None:
    shown = skew("ignore", "add", "--sku", "*", "--channel", "shop", "--show", "--json").json

    assert (shown["rule"], shown["would_ignore"]["count"]) == (None, 2)
    assert [example["sku"] for example in shown["would_ignore"]["examples"]] == ["LAMP", "KETTLE"]
    assert skew("ignore", "--json").json == {"rules": []}
    assert skew("ignore").out == "No rules: nothing is ignored.\n"


def test_what_is_given_takes_the_place_of_the_example(seeded: Path, skew: Any) -> None:
    args = ("--like", id_of(skew, "LAMP"), "--sku", "*", "--up-to", "2", "--until", "30d")
    rule = add(skew, *args, "--json").json["rule"]

    figures = {name: rule[name] for name in ("skus", "channel", "kind", "units_max", "ignores")}
    assert figures == {
        "skus": "*", "channel": "shop", "kind": "quantity", "units_max": 2, "ignores": 1,
    }  # fmt: skip
    assert rule["until"] > rule["at"]


def test_an_ended_rule_stays_in_the_history(seeded: Path, skew: Any) -> None:
    add(skew, "--sku", "LAMP")

    ended = skew("ignore", "end", "1", "--by", "ben", "--reason", "mended")
    again = skew("ignore", "end", "1")

    assert (ended.code, ended.out) == (0, "Rule 1 ended: 1 disagreement no longer ignored.\n")
    assert (again.code, "rule 1 was ended by ben already" in again.err) == (1, True)
    assert skew("ignore", "--json").json["rules"] == []
    (kept,) = skew("ignore", "--all", "--json").json["rules"]
    assert (kept["by"], kept["ended_by"], kept["ended_why"]) == ("ana", "ben", "mended")
    assert "ended by ben" in skew("ignore", "--all").out


def test_what_grows_is_listed_again_at_once(seeded: Path, skew: Any) -> None:
    add(skew, "--like", id_of(skew, "KETTLE"))
    grown = [Record("LAMP", 31), Record("KETTLE", 3), Record("=CABLE", 200)]
    fill(seeded, {"shop": grown})

    assert skew("status", "--json").json["ignored"] == 0
    assert id_of(skew, "KETTLE")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "that would ignore everything: name SKUs"),
        (("--sku", "**"), "that would ignore everything"),
        (("--sku", "A[!"), "the pattern has a [ without ]"),
        (("--sku", "*a*a*a*a*a*a*"), "at most 5 stars"),
        (("--sku", " "), "write a SKU, or a pattern"),
        (("--channel", "shp"), "'shp' is not a channel"),
        (("--up-to", "-1"), "write a whole number of units"),
        (("--sku", "A", "--until", "soon"), "write how long, such as 30d, or a time"),
        (("--sku", "A", "--until", "2020-01-01"), "that is not in the future"),
        (("--like", "x"), "'x' is not the ID of a disagreement"),
    ],
)
def test_a_rule_that_is_not_clear_is_refused(
    seeded: Path, skew: Any, args: tuple[str, ...], words: str
) -> None:
    refused = add(skew, *args)
    assert (refused.code, words in refused.err) == (2, True), refused.err
    assert skew("ignore", "--json").json == {"rules": []}


def test_an_example_that_is_not_open_is_named(seeded: Path, skew: Any) -> None:
    refused = add(skew, "--like", "999")
    assert (refused.code, "disagreement 999 is not open" in refused.err) == (1, True)
