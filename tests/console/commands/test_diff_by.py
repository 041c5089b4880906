"""`skew diff --by`: what has one cause, one channel or one SKU stands together, the worst first."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from console.reports import disagreements
from console.reports.table import Paper
from console.text.disagreement_groups import DisagreementGrouping, Explained, GroupBy, GroupSum
from store.model import Cause, Record
from tests.console.command_shop import seed
from tests.console.reports.test_tables import NOW, PIPE, disagreement

LAG = Cause("lag", 0.9, "shows the target of 13:58")
UNKNOWN = Cause("unexplained", 0.0, "no known cause fits")

FOUND: list[Explained] = [
    (disagreement(id=1, sku="LAMP", channel="market"), LAG),
    (
        disagreement(
            id=2, sku="LAMP", channel="shop", available=9, target=14, delta=5, price_minor=None
        ),
        UNKNOWN,
    ),
    (disagreement(id=3, sku="=CABLE ", channel="shop", available=3, target=2, delta=-1), LAG),
]


def grouped(by: GroupBy) -> tuple[DisagreementGrouping, list[Explained]]:
    """The groups of what was found, and all of it in their order."""
    grouping = DisagreementGrouping(by)
    places = [grouping.add(*explained) for explained in FOUND]
    return grouping, [FOUND[place] for place in sorted(range(len(FOUND)), key=places.__getitem__)]


def by_group(by: GroupBy, paper: Paper) -> list[str]:
    grouping, in_order = grouped(by)
    table = disagreements.DisagreementTable(paper, now=NOW, grouping=grouping)
    # A group may begin on one page and end on the next.
    return [line for row in in_order for line in table.lines([row])] + table.total()


@pytest.fixture
def diff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Run `skew diff` on a shop that shows B's number for A, and the other way round."""
    seed(
        tmp_path,
        {
            "warehouse": [Record("LAMP", 14), Record("KETTLE", 3), Record("AB-7", 4)],
            "shop": [Record("LAMP", 3), Record("KETTLE", 14), Record("ab-007", 4)],
            "market": [Record("LAMP", 20), Record("KETTLE", 3), Record("AB-7", 4)],
        },
    )
    monkeypatch.chdir(tmp_path)

    def _diff(*args: str) -> str:
        assert run(["diff", *args]) == 1
        return capsys.readouterr().out

    return _diff


def test_a_group_sums_up_its_members_and_the_one_with_the_worst_is_first() -> None:
    grouping, in_order = grouped("cause")
    assert grouping.sums() == [
        GroupSum("cause", "lag", 2, 18, 0, 342.0),
        GroupSum("cause", "unexplained", 1, 0, 5, None),
    ]
    assert [found.id for found, _ in in_order] == [1, 3, 2]
    assert [group.value for group in grouped("channel")[0].sums()] == ["market", "shop"]
    assert [group.value for group in grouped("sku")[0].sums()] == ["LAMP", "=CABLE "]


def test_each_group_stands_below_its_heading() -> None:
    grouping, in_order = grouped("cause")
    table = disagreements.DisagreementTable(PIPE, now=NOW, grouping=grouping)
    lines = [*table.lines(in_order), *table.total()]
    assert lines == [
        (
            "SKU      CHANNEL  KIND      SHOWS  TARGET    Δ   RISK   AGE  "
            "WHY                             UPDATE         ID"
        ),
        "",
        "lag  2 disagreements: ▲ 18 too many, ▼ 0 too few, 342 at risk",
        (
            "LAMP     market   quantity     31      14  −17    323  0:42  "
            "lag: shows the target of 13:58  #881 proposed   1"
        ),
        (
            "=CABLE␠  shop     quantity      3       2   −1  19.00  0:42  "
            "lag: shows the target of 13:58  #881 proposed   3"
        ),
        "",
        "unexplained  1 disagreement: ▲ 0 too many, ▼ 5 too few",
        (
            "LAMP     shop     quantity      9      14   +5      –  0:42  "
            "unexplained                     #881 proposed   2"
        ),
        "",
        "3 disagreements, 3 open: ▲ 18 units too many, ▼ 5 too few",
    ]


def test_a_heading_is_cut_at_the_edge_and_shows_the_blanks_of_a_sku() -> None:
    narrow = Paper(width=40, colour=False)
    lines = by_group("sku", narrow)
    assert [line for line in lines if "disagreement" in line] == [
        "LAMP  2 disagreements: ▲ 17 too many, ▼…",
        "=CABLE␠  1 disagreement: ▲ 1 too many, …",
        "3 disagreements, 3 open: ▲ 18 units too…",
    ]


def test_as_json_the_groups_stand_before_the_disagreements_in_their_order(diff: Any) -> None:
    document = json.loads(diff("--by", "channel", "--json"))
    assert list(document) == ["groups", "disagreements", "uncounted", "ignored"]
    assert [list(group) for group in document["groups"]] == [
        ["by", "value", "count", "oversell_units", "undersell_units", "money_at_risk"]
    ] * len(document["groups"])
    in_order = [disagreement["channel"] for disagreement in document["disagreements"]]
    assert in_order == [
        group["value"] for group in document["groups"] for _ in range(group["count"])
    ]


def test_diff_by_cause_tells_why_for_each_group(diff: Any) -> None:
    document = json.loads(diff("--by", "cause", "--json"))
    assert {group["value"]: group["count"] for group in document["groups"]} == {
        "mapping": 2,
        "near match": 2,
        "unexplained": 1,
    }
    causes = [disagreement["cause"]["kind"] for disagreement in document["disagreements"]]
    assert [cause for n, cause in enumerate(causes) if causes.index(cause) == n] == [
        group["value"] for group in document["groups"]
    ]
    (near,) = [
        disagreement
        for disagreement in document["disagreements"]
        if disagreement["kind"] == "unlisted"
    ]
    evidence = near["cause"]["evidence"]
    assert "shop lists 'ab-007', the authority has 'AB-7', which shop does not have" in evidence
    shown = diff("--by", "cause")
    assert "\nmapping  2 disagreements" in shown


def test_without_by_the_document_has_no_groups(diff: Any) -> None:
    assert list(json.loads(diff("--json"))) == ["disagreements", "uncounted", "ignored"]


def test_a_csv_is_sorted_by_group(diff: Any) -> None:
    rows = list(csv.DictReader(diff("--by", "sku", "--csv").splitlines()))
    skus = [row["sku"] for row in rows]
    assert len(skus) == 5
    assert sorted(skus, key=skus.index) == skus


def test_where_nothing_differs_there_are_no_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seed(tmp_path, {name: [Record("LAMP", 14)] for name in ("warehouse", "shop", "market")})
    monkeypatch.chdir(tmp_path)
    assert run(["diff", "--by", "cause"]) == 0
    assert capsys.readouterr().out == "No disagreements.\n"
    assert run(["diff", "--by", "cause", "--json"]) == 0
    empty: dict[str, list[str] | int] = {
        "groups": [],
        "disagreements": [],
        "uncounted": [],
        "ignored": 0,
    }
    assert json.loads(capsys.readouterr().out) == empty
