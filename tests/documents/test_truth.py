"""What the documents say of the rules of truth, held against the program's own tables."""

import re
import tomllib

import pytest

from store.event_kinds import EFFECTS
from store.model import CorrectionStatus, Kind, Status
from sync import checklist
from sync.causes.kinds import KINDS
from sync.config.load import load
from tests.documents.texts import ROOT, document, first_column, rows, section

TRUTH = document("how-truth-is-decided.md")
ARCHITECTURE = document("architecture.md")
RULES = 14
PACKAGES = ("console", "sync", "store")


def test_the_causes_are_those_that_there_are() -> None:
    assert set(first_column(section(TRUTH, "## Causes"))) == set(KINDS)


def test_the_kinds_of_disagreement_are_those_that_there_are() -> None:
    assert set(first_column(section(TRUTH, "## Kinds of disagreement"))) == set(Kind)


def test_the_verdicts_are_those_that_there_are() -> None:
    assert first_column(section(TRUTH, "## When a difference counts")) == list(Status)


def test_the_effects_of_events_are_those_of_the_program() -> None:
    signs = {0: "", 1: "+", -1: "−"}
    documented = {}
    for name, *figures in rows(section(TRUTH, "## Stock events"))[2:]:
        word = name.partition("`")[2].partition("`")[0]
        documented[word] = ["+" if figure == "±" else figure for figure in figures]
    assert documented == {
        kind: [signs[number] for number in effect] for kind, effect in EFFECTS.items()
    }


def test_every_end_of_an_update_is_named() -> None:
    assert [status for status in CorrectionStatus if str(status) not in TRUTH] == []


def test_the_six_questions_stand_as_they_are_asked() -> None:
    text = document("six-questions.md")
    settings = load(ROOT / "sample_data" / "first_shop" / "skew.toml", None)
    answers = checklist.answers(checklist.case(settings, None))
    assert re.findall(r"^\d\. (.*)$", text, re.MULTILINE) == [answer.question for answer in answers]


def test_the_rules_are_numbered_and_each_that_is_cited_is_there() -> None:
    numbers = re.findall(r"^### Rule (\d+): ", ARCHITECTURE, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, RULES + 1)]
    for package in (*PACKAGES, "tests"):
        for file in (ROOT / package).rglob("*.py"):
            for cited in re.findall(r"\brules? (\d+)\b", file.read_text(encoding="utf-8")):
                assert cited in numbers, file


@pytest.mark.parametrize("package", [*PACKAGES, "console.tui"])
def test_the_rooms_stand_in_the_order_that_the_contract_holds(package: str) -> None:
    folder = ROOT.joinpath(*package.split("."))
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (
        contract["layers"]
        for contract in contracts["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == [package]
    )
    rooms = [layer for layer in reversed(layers) if (folder / layer).is_dir() and layer != "tui"]
    name = "`{}`" if package == "console.tui" else f"`{package}/{{}}/`"
    house = section(ARCHITECTURE, "## The house").partition("### The walls")[0]
    places = [house.find(name.format(room)) for room in rooms]

    assert -1 not in places, [room for room in rooms if name.format(room) not in house]
    assert places == sorted(places)
