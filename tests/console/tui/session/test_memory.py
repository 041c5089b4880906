"""What the console remembers between runs, and that nothing rests on it."""

import os
from pathlib import Path

import pytest

from console.text.operators import is_shared_login, name_error, operator_name
from console.tui.session.memory import (
    PageMemory,
    Personal,
    Remembered,
    SessionMemory,
    folder,
    key_of,
    recall,
)

LEFT = Remembered(
    page="updates",
    pages={"disagreements": PageMemory(filter="channel:shop", sort="age")},
)


def test_what_is_kept_is_remembered_for_that_configuration_alone(tmp_path: Path) -> None:
    recall(tmp_path / "a" / "skew.toml").keep(LEFT)

    assert recall(tmp_path / "a" / "skew.toml").remembered == LEFT
    assert recall(tmp_path / "b" / "skew.toml").remembered == Remembered()
    assert recall(tmp_path / "a" / "skew.toml", fresh=True).remembered == Remembered()


def test_theme_and_name_hold_whichever_configuration_is_open(tmp_path: Path) -> None:
    recall(tmp_path / "a.toml").keep_personal(Personal(theme="light", operator="ana"))

    assert recall(tmp_path / "b.toml").personal == Personal(theme="light", operator="ana")


def test_only_its_owner_can_read_the_file_and_no_half_of_one_is_left(tmp_path: Path) -> None:
    recall(tmp_path / "skew.toml").keep(LEFT)

    (file,) = folder().iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.suffix == ".json"


def test_what_has_not_changed_is_not_written(tmp_path: Path) -> None:
    memory = recall(tmp_path / "skew.toml")
    memory.keep(LEFT)
    (file,) = folder().iterdir()
    before = file.stat().st_mtime_ns, file.stat().st_ino

    memory.keep(Remembered(page="updates", pages=dict(LEFT.pages)))

    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b'{"page": 7}', b"\xff", b"x" * 70_000])
def test_a_broken_file_is_reported_and_ignored(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "skew.toml"
    recall(path).keep(LEFT)
    (file,) = folder().iterdir()
    file.write_bytes(garbage)

    memory = recall(path)

    assert memory.remembered == Remembered()
    assert "broken and ignored" in memory.trouble
    memory.keep(LEFT)
    assert recall(path).remembered == LEFT


def test_a_folder_that_can_not_be_written_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")

    memory = recall(tmp_path / "skew.toml")
    memory.keep(LEFT)

    assert memory.trouble
    assert memory.remembered == LEFT


def test_the_demo_keeps_nothing() -> None:
    memory = recall(None)
    memory.keep(LEFT)
    memory.keep_personal(Personal(theme="light"))

    assert not folder().exists()


def test_a_theme_chosen_by_key_holds_until_the_users_own_file_says_another() -> None:
    personal = Personal(theme="contrast", instead_of="light")

    assert personal.theme_beside("light") == "contrast"
    assert personal.theme_beside("dark") == "dark"
    assert Personal().theme_beside("dark") == "dark"
    assert Personal(theme="light").theme_beside(None) == "light"


def test_two_configurations_that_are_called_alike_have_names_of_their_own(tmp_path: Path) -> None:
    first, other = key_of(tmp_path / "x" / "skew.toml"), key_of(tmp_path / "y" / "x" / "skew.toml")

    assert first != other
    assert os.sep not in key_of(Path("/../../etc/../skew.toml"))


def test_a_memory_without_a_folder_is_of_this_run_only() -> None:
    memory = SessionMemory(None, "")
    memory.keep(LEFT)

    assert memory.remembered == LEFT


def test_a_name_is_what_was_said_else_preferred_else_remembered_else_the_login() -> None:
    assert operator_name("ana", "bea", "cid", "dan") == "ana"
    assert operator_name(None, "bea", "cid", "dan") == "bea"
    assert operator_name(None, None, "cid", "dan") == "cid"
    assert operator_name(None, None, None, "dan") == "dan"


@pytest.mark.parametrize("login", ["root", "pi", "Admin", "unknown", ""])
def test_a_login_that_several_people_use_says_nothing_so_one_is_asked(login: str) -> None:
    assert is_shared_login(login)
    assert operator_name(None, None, None, login) == ""


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[2J", "a\u202eb", "x" * 41, "日" * 21])
def test_a_name_that_can_not_stand_in_the_audit_is_refused(name: str) -> None:
    assert name_error(name)


@pytest.mark.parametrize("name", ["ana", "Ana Lima", "Zoë", "日本"])
def test_a_plain_name_is_taken(name: str) -> None:
    assert not name_error(name)
