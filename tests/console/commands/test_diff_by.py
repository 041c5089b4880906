"""`skew diff --by`: what has one cause, one channel or one SKU stands together, the worst first."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from console.reports import disagreements, json_documents
from console.reports.table import Paper
from console.text.disagreement_groups import Explained, grouped, in_order
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
    document = [
        (
            group.value,
            len(group.members),
            group.oversell_units,
            group.undersell_units,
            group.money_at_risk,
        )
        for group in grouped(FOUND, "cause")
    ]
    assert document == [("lag", 2, 18, 0, 342.0), ("unexplained", 1, 0, 5, None)]
    assert [group.value for group in grouped(FOUND, "channel")] == ["market", "shop"]
    assert [group.value for group in grouped(FOUND, "sku")] == ["LAMP", "=CABLE "]
    assert [group.id for group, _ in in_order(grouped(FOUND, "cause"))] == [1, 3, 2]


def test_each_group_stands_below_its_heading() -> None:
    lines = disagreements.by_group(grouped(FOUND, "cause"), PIPE, now=NOW)
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
    lines = disagreements.by_group(grouped(FOUND, "sku"), narrow, now=NOW)
    assert [line for line in lines if "disagreement" in line] == [
        "LAMP  2 disagreements: ▲ 17 too many, ▼…",
        "=CABLE␠  1 disagreement: ▲ 1 too many, …",
        "3 disagreements, 3 open: ▲ 18 units too…",
    ]


def test_as_json_the_groups_stand_before_the_disagreements_in_their_order() -> None:
    document = json.loads(json_documents.write(json_documents.diff_by(grouped(FOUND, "cause"))))
    assert list(document) == ["groups", "disagreements", "uncounted"]
    assert document["groups"][0] == {
        "by": "cause",
        "value": "lag",
        "count": 2,
        "oversell_units": 18,
        "undersell_units": 0,
        "money_at_risk": 342.0,
    }
    assert [disagreement["id"] for disagreement in document["disagreements"]] == [1, 3, 2]


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
    assert list(json.loads(diff("--json"))) == ["disagreements", "uncounted"]


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
    empty: dict[str, list[str]] = {"groups": [], "disagreements": [], "uncounted": []}
    assert json.loads(capsys.readouterr().out) == empty
