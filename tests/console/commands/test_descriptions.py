"""`skew init --from`, `channels` and `check` on ready-made descriptions."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sync.channels.descriptions import places

ODD = """
[description]
title = "Odd \\u001b[31m till\\n[channels.evil]"
notes = ["a note\\nkind = \\"csv\\"", "another"]
sign_in = [{ credentials = [
  { key = "token", env = "TOKEN", what = "a token\\npath = \\"/etc/passwd\\"" },
] }]
[channel]
kind = "http"
url = "stock"
items = "items"
fields = { sku = "sku", available = "qty" }
"""


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and a user's configuration with nothing in it."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("SKEW_CONFIG", raising=False)
    return folder


def own(desk: Path, name: str, text: str) -> Path:
    (desk / "descriptions").mkdir(exist_ok=True)
    path = desk / "descriptions" / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_init_writes_what_runs_once_its_credentials_are_exported(
    desk: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = skew("init", "--from", "vendure", "--url", "https://shop.example")
    assert (ran.code, ran.err) == (0, "")
    assert "export SHOP_USERNAME=" in ran.out
    assert "export SHOP_PASSWORD=" in ran.out
    written = (desk / "skew.toml").read_text(encoding="utf-8")
    assert "SHOP_PASSWORD" in written
    assert "proven on Vendure" in written

    without = skew("check")
    assert without.code == 2
    assert "SHOP_PASSWORD is not set" in without.err
    monkeypatch.setenv("SHOP_USERNAME", "ana")
    monkeypatch.setenv("SHOP_PASSWORD", "key")
    (desk / "warehouse.csv").write_text("sku,available\nMUG,3\nCUP,5\n")
    checked = skew("check")
    assert (checked.code, checked.err) == (0, "")
    assert "shop: described by `vendure`, which comes with Skew" in checked.out
    assert "adapter `vendure`" in checked.out


@pytest.mark.long
def test_init_of_every_description_is_a_right_configuration(skew: Any, desk: Path) -> None:
    names = [name for name, file in places.known(desk).items() if file.shipped]
    assert names
    for name in names:
        # A description of one's own goes before a kind of Skew's.
        copy = desk / name / "descriptions" / f"{name}.toml"
        copy.parent.mkdir(parents=True)
        copy.write_text(skew("channels", name).out, encoding="utf-8")
        ran = skew("init", "--from", name, "--url", "https://shop.example", name)
        assert (ran.code, ran.err) == (0, ""), name
        data = tomllib.loads((desk / name / "skew.toml").read_text(encoding="utf-8"))
        assert data["channels"]["shop"]["use"] == name
        assert data["authority"] == {"quantity": "warehouse"}
        direction = data["channels"]["shop"]["direction"]
        listed = json.loads(skew("channels", "--json").out)["descriptions"]
        (described,) = [found for found in listed if found["use"] == name]
        assert (direction == "push") == bool(described["writes"])
        for way in described["sign_in"][:1]:
            for credential in way["credentials"]:
                assert credential["env"] in ran.out


def test_init_overwrites_nothing(desk: Path, skew: Any) -> None:
    (desk / "skew.toml").write_text("mine")
    ran = skew("init", "--from", "vendure", "--url", "https://shop.example")
    assert ran.code == 1
    assert "exists already" in ran.err
    assert (desk / "skew.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--from", "vendur", "--url", "https://shop.example"), "did you mean `vendure`?"),
        (("--from", "csv", "--url", "https://shop.example"), 'write `kind = "csv"`'),
        (("--from", "../x", "--url", "https://shop.example"), "is not a description"),
        (("--from", "vendure"), "add --url https://shop.example"),
        (("--url", "https://shop.example"), "--url needs --from"),
        (("--from", "vendure", "--url", "shop.example"), "must begin with http://"),
        (("--from", "vendure", "--url", "https://a:b@shop.example"), "a user or password"),
        (("--from", "vendure", "--url", "https://shop.example?key=x"), "shop's address alone"),
        (("--from", "vendure", "--url", ""), "must begin with http://"),
        (("--from", "vendure", "--url", 'https://x"\nkind = "csv"'), "a character that no address"),
    ],
)
def test_a_wrong_use_of_init_writes_nothing(
    desk: Path, skew: Any, args: tuple[str, ...], words: str
) -> None:
    ran = skew("init", *args)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert list(desk.iterdir()) == []


def test_what_a_description_says_is_text_and_never_a_key(desk: Path, skew: Any) -> None:
    own(desk, "odd", ODD)
    ran = skew("init", "--from", "odd", "--url", "https://till.example")
    assert ran.code == 0
    data = tomllib.loads((desk / "skew.toml").read_text(encoding="utf-8"))
    assert set(data["channels"]) == {"warehouse", "shop"}
    assert data["channels"]["shop"] == {
        "use": "odd", "url": "https://till.example", "token": {"env": "SHOP_TOKEN"},
        "direction": "observe", "every": "60s",
    }  # fmt: skip
    for shown in (ran, skew("channels"), skew("channels", "--json")):
        assert shown.code == 0
        assert "\x1b" not in shown.out


def test_the_descriptions_are_listed_with_their_proof_and_the_users_own(
    desk: Path, skew: Any
) -> None:
    mine = own(desk, "vendure", ODD)
    broken = own(desk, "broken", "[channel")
    ran = skew("channels")
    assert ran.code == 0
    lines = {line.split()[0]: line for line in ran.out.splitlines() if line}
    assert "instead of ours" in lines["vendure"]
    assert str(mine) in lines["vendure"] or "descriptions/vendure.toml" in lines["vendure"]
    assert "can't be used" in lines["broken"]

    listed = {
        found["use"]: found for found in json.loads(skew("channels", "--json").out)["descriptions"]
    }
    assert listed["vendure"]["proof"] == "own"
    assert not listed["vendure"]["shipped"]
    assert "Expected" in listed["broken"]["wrong"]
    broken.unlink()
    mine.unlink()
    (found,) = [
        found
        for found in json.loads(skew("channels", "--json").out)["descriptions"]
        if found["use"] == "vendure"
    ]
    assert (found["proof"], found["adapter"], found["kind"]) == ("proven", True, "vendure")


def test_a_description_is_printed_whole_to_start_from(desk: Path, skew: Any) -> None:
    text = (Path(places.__file__).parent / "vendure.toml").read_text(encoding="utf-8")
    ran = skew("channels", "vendure")
    assert (ran.code, ran.out) == (0, text)

    wrong = skew("channels", "vendur")
    assert (wrong.code, wrong.out) == (2, "")
    assert "did you mean `vendure`?" in wrong.err


def test_check_says_that_the_users_own_takes_the_place_of_ours(
    desk: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = own(desk, "vendure", ODD)
    monkeypatch.setenv("SHOP_TOKEN", "t")
    assert skew("init", "--from", "vendure", "--url", "https://shop.example").code == 0
    (desk / "warehouse.csv").write_text("sku,available\nMUG,3\n")
    ran = skew("check")
    assert "instead of the one that comes with Skew" in ran.out
    document = json.loads(skew("check", "--json").out)
    (described,) = document["described"]
    assert described["instead_of_ours"]
    assert described["file"].endswith(mine.name)
    assert (described["channel"], described["use"], described["kind"]) == (
        "shop",
        "vendure",
        "http",
    )
