"""The first shop of the README: its files, copied, and the commands, as they are written there."""

import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from tests.console.command_shop import Ran
from tests.documents.texts import README, ROOT, fenced, section

FILES = ROOT / "sample_data" / "first_shop"


@contextmanager
def shop_running(folder: Path) -> Iterator[str]:
    """Run the copied shop on a port that is free; where it is."""
    process = subprocess.Popen(
        [sys.executable, "shop.py", "0"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None, line
        yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The files as somebody copies them, and their shop running."""
    folder = tmp_path / "my-shop"
    shutil.copytree(FILES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "skew.toml"
    with shop_running(folder) as url:
        text = path.read_text(encoding="utf-8")
        assert "http://127.0.0.1:8765/stock" in text
        path.write_text(text.replace("http://127.0.0.1:8765", url), encoding="utf-8")
        yield folder


@pytest.fixture
def skew(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command of `skew` on the copied configuration."""

    def _skew(name: str, *args: str) -> Ran:
        code = run([name, "--config", str(folder / "skew.toml"), *args])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return _skew


def statuses(ran: Ran) -> dict[str, tuple[str, str, int | None]]:
    return {
        row["sku"]: (row["kind"], row["status"], row["delta"]) for row in ran.json["disagreements"]
    }


def test_check_poll_and_diff_show_what_the_readme_says(skew: Any) -> None:
    assert skew("check").code == 0
    assert skew("check", "--online").code == 0
    polled = skew("poll", "--json")
    assert polled.code == 0
    assert [poll["listings"] for poll in polled.json["polls"]] == [5, 4]

    found = skew("diff", "--json")

    assert found.code == 1
    assert found.err == ""
    assert statuses(found) == {
        "LAMP-01": ("quantity", "open", -17),
        "KETTLE-02": ("quantity", "open", -2),
        "MUG-04": ("quantity", "settling", 6),
        "TRAY-05": ("missing", "open", None),
    }
    assert skew("updates", "--json").json["updates"] == []


def test_with_push_an_update_is_proposed_approved_written_and_read_back(
    folder: Path, skew: Any
) -> None:
    path = folder / "skew.toml"
    pushed = path.read_text(encoding="utf-8").replace('# direction = "push"', 'direction = "push"')
    path.write_text(f'{pushed}\n[approval]\nhold = "0s"\n', encoding="utf-8")
    skew("poll")
    proposed = {row["sku"]: row for row in skew("updates", "--json").json["updates"]}
    assert set(proposed) == {"LAMP-01", "KETTLE-02"}

    assert skew("approve", str(proposed["LAMP-01"]["id"]), "--by", "ana").code == 0
    applied = skew("apply", "--json")

    assert applied.code == 0
    assert [row["status"] for row in applied.json["updates"]] == ["verified"]
    assert "LAMP-01" not in statuses(skew("diff", "--json"))


def test_the_commands_of_the_readme_begin_with_a_copy_of_the_files() -> None:
    first = fenced(section(README, "## Five minutes with your own shop"), "sh")[0]
    lines = [line.partition("#")[0].strip() for line in first.splitlines()]
    assert lines[0] == "cp -r sample_data/first_shop ~/my-shop && cd ~/my-shop"
    assert lines[1] == "python3 shop.py &"
    assert lines[2:] == ["skew check", "skew poll", "skew diff", "skew watch"]


def asked(url: str, sent: object = None) -> tuple[int, Any]:
    """Ask the shop, or tell it something; its status and what it says."""
    data = None if sent is None else json.dumps(sent).encode()
    request = urllib.request.Request(url, data, method="GET" if sent is None else "PUT")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_shop_answers_page_by_page_and_refuses_a_write_that_came_too_late(
    tmp_path: Path,
) -> None:
    for file in ("shop.py", "shop.json"):
        shutil.copy(FILES / file, tmp_path)
    with shop_running(tmp_path) as url:
        _, first = asked(f"{url}/stock")
        _, second = asked(url + first["next"])
        assert [len(first["items"]), len(second["items"]), second["next"]] == [3, 1, None]

        lamp = f"{url}/stock/LAMP-01"
        assert asked(lamp, {"stock": 14, "was": 30}) == (409, {"message": "it has 31, not 30"})
        assert asked(lamp)[1]["stock"] == 31
        assert asked(lamp, {"stock": 14, "was": 31})[0] == 200
        assert asked(lamp)[1]["stock"] == 14
        assert asked(f"{url}/stock/LAMP-99")[0] == 404
