"""`skew simulate`: the user's own configuration on a simulated shop."""

import json
from pathlib import Path

import pytest

from console.__main__ import run

TOML = """[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
every = "5s"
[channels.shop]
kind = "simulated"
url = "http://127.0.0.1:9"
token = { env = "NOWHERE" }
direction = "push"
every = "5s"
aliases = "names.csv"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "names.csv").write_text("own,sku\nA-1,B-1\n")
    (tmp_path / "skew.toml").write_text(TOML)
    (tmp_path / "buffer.toml").write_text(TOML.replace('"push"', '"push"\nbuffer = 3'))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_one_seed_is_the_same_run_each_time_and_needs_no_secret_and_no_cache(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["simulate", "--seed", "3", "--steps", "20", "--json"]

    assert run(asked) == 0
    first = capsys.readouterr()
    assert run([*asked, "--against", "buffer.toml"]) == 0
    second = json.loads(capsys.readouterr().out)

    found = json.loads(first.out)
    against = second.pop("against")
    assert found == second
    assert found["seeds"] == [3]
    assert found["broken"] == []
    assert found["with"].keys() >= {"oversold_units", "undersold_unit_hours", "wrong_writes"}
    # A channel that keeps three pieces back has less on sale: what is right there is another.
    assert against["with"] != found["with"]
    assert "aliases: not simulated" in first.err
    assert not (folder / "skew.db").exists()
