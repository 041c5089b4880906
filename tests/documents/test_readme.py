"""The README: short, and true."""

import re
import tomllib
from pathlib import Path

from console.keys import ACTIONS
from sync.channels.descriptions import places
from tests.documents.texts import README, ROOT, fenced, section

LINES_MAX = 230


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= LINES_MAX


def test_the_two_commands_stand_on_the_first_screen() -> None:
    first = "\n".join(README.splitlines()[:25])
    assert "`pip install . && skew demo`" in first
    assert "`pip install -e '.[test]' && pytest`" in first


def test_its_configuration_is_that_of_the_first_shop() -> None:
    (written,) = fenced(README, "toml")
    text = (ROOT / "sample_data" / "first_shop" / "skew.toml").read_text(encoding="utf-8")
    assert tomllib.loads(written) == tomllib.loads(text)


def test_the_keys_that_it_names_are_keys() -> None:
    table = section(README, "## The console").partition("| |\n")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    named = {key for line in rows for key in re.findall(r"`(.)`|`([a-z]+)`", line)}
    pressed = {key for action in ACTIONS for key in action.keys}
    assert named
    assert {single or word for single, word in named} <= pressed


def test_the_shops_that_it_names_are_described() -> None:
    described = {path.stem for path in Path(places.__file__).parent.glob("*.toml")}
    (named,) = re.findall(r"\[described already\]\(\S+\): ([^|]+) …", README)
    (begun,) = re.findall(r"`skew init --from (\S+) --url", README)
    assert {shop.strip().lower() for shop in named.split(",")} | {begun} <= described
