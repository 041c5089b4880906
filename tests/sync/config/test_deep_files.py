"""Files whose tables or lists lie deep in each other: refused in a moment, never a crash."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console import preferences
from sync.config import toml
from sync.config.load import load
from sync.errors import ConfigErrors

START = (
    '[authority]\nquantity = "shop"\n[channels.shop]\nkind = "http"\nurl = "http://127.0.0.1:9/"\n'
)


@pytest.mark.parametrize(
    "deep",
    [
        f"body.{'a.' * 20_000}a = 1",
        f"body.{'a . ' * 20_000}a = 1",
        f"[channels.shop.body.{'a.' * 20_000}a]",
        f"body = {'[' * 20_000}",
        f"body = {'[' * 300}{']' * 300}",
        f"body = {'{ a = ' * 300}1{' }' * 300}",
        f"""body.{'"a".' * 300}a = 1""",
        f"auth.login.body.{'a.' * 150}a = 1",
    ],
    ids=["dotted", "spaced", "heading", "open lists", "lists", "tables", "quoted", "login"],
)
def test_a_deep_file_is_refused(tmp_path: Path, deep: str) -> None:
    path = tmp_path / "skew.toml"
    path.write_text(START + deep + "\n", encoding="utf-8")
    began = time.monotonic()
    with pytest.raises(ConfigErrors, match="too deep"):
        load(path, None)
    assert time.monotonic() - began < 20


def test_what_is_merely_long_is_read(tmp_path: Path) -> None:
    path = tmp_path / "skew.toml"
    path.write_text(f"a = '{'x' * 200_000}'\nb = {'[[[[1]]]]'}\n{'c' * 50_000} = 1\n")
    assert len(toml.read(path)) == 3


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="has no such device")
@pytest.mark.parametrize("read", [load, preferences.load])
def test_a_file_without_an_end_is_refused(read: Callable[[Path], object]) -> None:
    with pytest.raises(ConfigErrors, match="too long: has more than 16,777,216 bytes"):
        read(Path("/dev/zero"))


def test_a_deep_file_of_the_consoles_is_refused_as_soon(tmp_path: Path) -> None:
    path = tmp_path / "console.toml"
    path.write_text("a" + ".a" * 20_000 + " = 1\n")
    with pytest.raises(ConfigErrors, match="too deep"):
        preferences.load(path)
