"""The user's own file: what it may say, and that all that is wrong with it is told at once."""

from pathlib import Path
from typing import Any

import pytest

from console.keys import ACTIONS, parse
from console.preferences import Preferences, decode, load, path
from console.text.looks.themes import PALETTES
from console.tui.drawing.terminal import bound
from sync.errors import ConfigErrors


def keys_of(preferences: Preferences) -> dict[str, tuple[str, ...]]:
    return {action.name: action.keys for action in preferences.actions}


def refused(data: dict[str, object]) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        decode(data, source="console.toml")
    return str(caught.value).splitlines()


def test_without_a_file_everything_is_as_it_comes(tmp_path: Path, home: Path) -> None:
    assert load() == Preferences()
    assert path() == home / "skew" / "console.toml"


def test_a_file_sets_theme_glyphs_bell_name_and_keys(home: Path) -> None:
    (home / "skew").mkdir()
    (home / "skew" / "console.toml").write_text(
        'theme = "contrast"\nascii = true\nbell = true\noperator = "Ana Lima"\n'
        '[keys]\napprove = "ctrl+a"\nundo = ["u", "f5"]\nmark_all = []\n'
    )

    read = load()

    assert (read.theme, read.ascii, read.bell, read.operator) == (
        "contrast",
        True,
        True,
        "Ana Lima",
    )
    changed = keys_of(read)
    assert changed["approve"] == ("ctrl+a",)
    assert changed["undo"] == ("u", "f5")
    assert changed["mark_all"] == ()
    assert changed["reject"] == ("r",)


def test_the_environment_may_name_the_file_which_must_then_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKEW_CONSOLE", str(tmp_path / "mine.toml"))
    with pytest.raises(ConfigErrors, match=r"mine\.toml: no such file"):
        load()

    (tmp_path / "mine.toml").write_text("bell = true\n")
    assert load().bell


def test_everything_that_is_wrong_is_told_at_once_with_file_and_key() -> None:
    lines = refused(
        {
            "theme": "pink",
            "ascii": "yes",
            "operator": "a\x1b[2J",
            "colour": "red",
            "keys": {"aprove": "x", "sort": "hyper+s", "filter": 7},
        }
    )

    assert all(line.startswith("console.toml: ") for line in lines)
    for key in ("ascii", "colour", "keys.aprove", "keys.sort", "keys.filter"):
        assert any(line.startswith(f"console.toml: {key}: ") for line in lines), key


def test_an_unknown_action_is_an_error_that_lists_the_known_ones() -> None:
    (text,) = refused({"keys": {"aprove": "x"}})

    assert "keys.aprove: is not an action; known: " in text
    assert all(action.name in text for action in ACTIONS)


def test_an_unknown_theme_lists_the_known_ones() -> None:
    (text,) = refused({"theme": "pink"})

    assert all(name in text for name in PALETTES)


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ({"sort": "a"}, "keys.sort: a is bound to approve too"),
        ({"quit": []}, "keys.quit: needs a key"),
        ({"help": []}, "keys.help: needs a key"),
        ({"sort": "j"}, "keys.sort: j moves in the lists"),
        ({"sort": "ctrl+m"}, "keys.sort: a terminal sends the same for ctrl+m and enter"),
        ({"sort": "ctrl+c"}, "keys.sort: ctrl+c interrupts"),
        ({"sort": "shift+s"}, "keys.sort: “shift+s”: write what it types, such as S"),
        ({"sort": "hyper"}, "keys.sort: “hyper” is not a key"),
        ({"sort": ""}, "keys.sort: “” is not a key"),
        ({"sort": "日"}, "keys.sort: “日” is not a key"),
        ({"sort": ["a", 7]}, "keys.sort: must be a key in quotes"),
    ],
)
def test_a_key_that_can_not_be_is_told_with_the_remedy(
    chosen: dict[str, object], text: str
) -> None:
    assert any(text in line for line in refused({"keys": chosen}))


def test_two_actions_may_change_their_keys_for_each_others() -> None:
    changed = keys_of(decode({"keys": {"approve": "r", "reject": "a"}}, source="x"))

    assert changed["approve"] == ("r",)
    assert changed["reject"] == ("a",)


def test_a_key_of_the_action_that_was_once_called_believe_accepts() -> None:
    changed = keys_of(decode({"keys": {"believe": ["v", "f6"]}}, source="x"))

    assert changed["accept"] == ("v", "f6")
    assert "believe" not in changed


def test_the_former_and_the_present_name_of_an_action_together_are_refused_with_both() -> None:
    (text,) = refused({"keys": {"accept": "v", "believe": "w"}})

    assert "keys.believe: is the former name of keys.accept" in text


def test_a_conflict_of_a_key_under_its_former_name_names_what_is_written() -> None:
    (text,) = refused({"keys": {"believe": "d"}})

    assert "keys.believe: d is bound to discard too" in text


def test_keys_are_written_as_the_screen_binds_them() -> None:
    assert bound(parse.read([",", "shift+f3", "+", "alt+x"])) == "comma,shift+f3,plus,alt+x"


def test_a_file_that_is_not_toml_or_not_utf8_is_told_with_the_place(home: Path) -> None:
    (home / "skew").mkdir()
    file = home / "skew" / "console.toml"
    for content in (b"theme = ", b"\xff\xfe", b"[keys\n"):
        file.write_bytes(content)
        with pytest.raises(ConfigErrors, match=r"console\.toml: "):
            load()


def test_skew_keys_lists_the_users_own_and_names_the_file(home: Path, skew: Any) -> None:
    (home / "skew").mkdir()
    file = home / "skew" / "console.toml"
    ran = skew("keys")
    assert (ran.code, ran.err) == (0, "")
    assert f"{file}, which does not exist yet" in ran.out

    file.write_text('[keys]\napprove = "f5"\n')
    document = skew("keys", "--json").json
    assert (document["file"], document["there"]) == (str(file), True)
    assert [action["name"] for action in document["actions"]] == [action.name for action in ACTIONS]
    assert document["actions"][0]["keys"] == ["f5"]
    assert "f5 " in skew("keys").out

    file.write_text('[keys]\napprove = "quit"\n')
    assert skew("keys").code == 2


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("SKEW_CONSOLE", raising=False)
    (tmp_path / "config").mkdir(exist_ok=True)
    return tmp_path / "config"
