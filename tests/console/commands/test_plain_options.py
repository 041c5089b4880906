"""A command line of plain options, read without click; whatever else it has is left to click."""

from pathlib import Path
from typing import Any

import pytest

from console.commands.plain_options import PlainOptions, plain_options
from console.commands.run import live, quick_watch

FLAGS, VALUES = ("--json",), ("--by",)


@pytest.mark.parametrize(
    ("args", "read"),
    [
        ((), PlainOptions(["skew.toml"], set(), {})),
        (("--json", "--json"), PlainOptions(["skew.toml"], {"--json"}, {})),
        (("--config", "a", "--config=b=c"), PlainOptions(["a", "b=c"], set(), {})),
        (("--by", "ana", "--by=ben"), PlainOptions(["skew.toml"], set(), {"--by": "ben"})),
    ],
)
def test_plain_options_are_read(args: tuple[str, ...], read: PlainOptions) -> None:
    assert plain_options(args, flags=FLAGS, values=VALUES) == read


@pytest.mark.parametrize(
    "args",
    [
        ("x",), ("-h",), ("--",), ("--jso",), ("--json=1",), ("--config",), ("--config=",),
        ("--config", "--json"), ("--by",), ("--other", "1"), ("--json", "x"),
    ],
)  # fmt: skip
def test_whatever_else_is_said_is_left_to_click(args: tuple[str, ...]) -> None:
    assert plain_options(args, flags=FLAGS, values=VALUES) is None


def test_the_environment_names_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKEW_CONFIG", "other.toml")
    read = plain_options(())
    assert read is not None
    assert list(read.configs) == ["other.toml"]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, dict[str, Any]]]:
    """What the console is opened with, on a terminal."""
    found: list[tuple[Path, dict[str, Any]]] = []

    def open_console(config: Path, **options: Any) -> int:
        found.append((config, options))
        return 0

    monkeypatch.setattr(quick_watch, "lacking_terminal", lambda: None)
    monkeypatch.setattr(live, "open_console", open_console)
    return found


def test_the_console_is_opened_as_click_would(
    opened: list[tuple[Path, dict[str, Any]]], skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ("--config", "eu.toml", "--by", "ana", "--read-only", "--fresh")
    assert quick_watch.answer(args) == 0
    (quickly,) = opened
    assert skew("watch", *args).code == 0

    config, options = opened[1]
    assert (config, {name: options[name] for name in quickly[1]}) == quickly
    assert not any(options[name] for name in options.keys() - quickly[1].keys())


@pytest.mark.parametrize(
    "args",
    [
        ("--at", "2h"), ("--view", "x"), ("--config", "a", "--config", "b"), ("--by", ""),
        ("--by", "rule"), ("--by", "a\x1b"), ("--by", "\udcff"), ("--ascii",), ("--theme", "x"),
    ],
)  # fmt: skip
def test_what_click_must_judge_opens_nothing(
    args: tuple[str, ...], opened: list[tuple[Path, dict[str, Any]]]
) -> None:
    assert quick_watch.answer(args) is None
    assert opened == []


def test_without_a_terminal_click_says_so() -> None:
    assert quick_watch.answer(()) is None
