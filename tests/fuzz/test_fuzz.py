"""What once broke something does not again; and the machine that finds it can find."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from tests.fuzz import blind, oracle
from tests.fuzz.finding import FOUND, Findings, slug
from tests.fuzz.oracle import FuzzTarget, bounded
from tests.fuzz.targets import TARGETS
from tests.long_run import is_long

INPUTS = [(name, path) for name in TARGETS for path in sorted(FOUND.glob(f"{slug(name)}/*.bin"))]
SEEDS = 6 if is_long() else 1


@pytest.mark.parametrize(("name", "path"), INPUTS, ids=lambda value: getattr(value, "stem", value))
def test_what_once_broke_something_does_not_again(name: str, path: Path) -> None:
    with bounded():
        TARGETS[name].attempt(path.read_bytes())


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long) if name.startswith("answers: ") else name
        for name in TARGETS
    ],
)
def test_each_target_takes_its_seeds(name: str) -> None:
    for content in islice(TARGETS[name].seeds(), SEEDS):
        TARGETS[name].attempt(content)


def test_each_input_that_is_kept_is_of_a_target() -> None:
    kept = {path.parent.name for path in FOUND.glob("*/*.bin")}

    assert kept <= {slug(name) for name in TARGETS}


def _raises(content: bytes) -> None:
    if b"!" in content:
        raise KeyError(content)


def _goes_on(content: bytes) -> None:
    while b"!" in content:
        pass


def _grows(content: bytes) -> None:
    if b"!" in content:
        bytes(oracle.largest()).upper()


@pytest.mark.parametrize(
    ("attempt", "wrong"), [(_raises, "KeyError"), (_goes_on, "TooSlow"), (_grows, "TooLarge")]
)
def test_what_breaks_hangs_or_grows_is_found_and_its_input_kept(
    attempt: Callable[[bytes], None], wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if wrong == "TooSlow":
        monkeypatch.setattr(oracle, "CPU_S_MAX", 0.2)
    monkeypatch.setattr(oracle, "GROWTH_BYTES_MAX", 1_000_000)
    findings = Findings("a target", FuzzTarget(lambda: [b"a"], attempt, ["!"]), tmp_path)

    for content in (b"fine", b"bad!", b"bad again!"):
        findings.attempt(content)

    assert [place.partition(" at ")[0] for place in findings.faults] == [wrong]
    assert [path.read_bytes() for path in tmp_path.glob("*/*.bin")] == [b"bad!"]
    assert findings.tried == 3


def test_inputs_made_at_random_lead_to_what_a_word_does(tmp_path: Path) -> None:
    findings = Findings("a target", FuzzTarget(lambda: [b"a"], _raises, ["!"]), tmp_path)

    blind.run(findings, 0.5, seed=1)

    assert findings.faults
