"""A sample package with a kind of channel: installed by pip, tested by its author, used by Skew."""

import json
import os
import shutil
import site
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contract.harness import SECRET, SECRET_NAME, Front
from tests.contract.sample_plugin.parcel_fake import ParcelFake
from tests.loopback import serving

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
SAMPLE = Path(__file__).parent / "sample_plugin"
CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
final_newline = false
[channels.depot]
kind = "parcel"
url = "{url}"
token = {{ env = "{secret}" }}
direction = "push"
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own, which has what this one has, with the sample installed in it."""
    folder = tmp_path_factory.mktemp("plugin")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    found = folder / "venv" / "bin" / "python"
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    ours = "".join(f"import site; site.addsitedir({path!r})\n" for path in site.getsitepackages())
    (packages / "ours.pth").write_text(ours)
    sample = folder / "sample"
    shutil.copytree(SAMPLE, sample)
    # Nothing is fetched: what it needs is there.
    alone = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", found, "install", "--quiet"]
    subprocess.run([*pip, *alone, sample], check=True)
    return found


@pytest.fixture
def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return {**kept, "PYTHONPATH": str(ROOT), SECRET_NAME: SECRET}


def ran(
    command: list[str | Path], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_its_author_runs_the_suite_that_ours_pass(
    python: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    # A copy beside nothing of ours, as its author has it: the kind itself is the installed one.
    for name in ("pyproject.toml", "parcel_fake.py", "test_skew_parcel.py"):
        shutil.copy(SAMPLE / name, tmp_path)

    result = ran([python, "-m", "pytest", "-q", "-p", "no:cacheprovider"], tmp_path, environment)

    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout
    assert "skipped" not in result.stdout


def test_a_suite_that_a_kind_does_not_pass_says_what_differs(
    python: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    for name in ("pyproject.toml", "test_skew_parcel.py"):
        shutil.copy(SAMPLE / name, tmp_path)
    fake = (SAMPLE / "parcel_fake.py").read_text()
    wrong = fake.replace('asked.json["available"]', 'asked.json["available"] + 1')
    (tmp_path / "parcel_fake.py").write_text(wrong)

    result = ran([python, "-m", "pytest", "-q", "-p", "no:cacheprovider"], tmp_path, environment)

    assert result.returncode == 1
    # The assertions of the suite are rewritten as those of the author's own tests are.
    assert "assert (4, 10, 12) == (3, 9, 12)" in result.stdout


def test_skew_lists_it_and_polls_it(
    python: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    fake = ParcelFake()
    fake.put("A-1", 5)
    fake.put("B-2", 9)
    (tmp_path / "warehouse.csv").write_text("sku,available\nA-1,5\nB-2,4\n")

    def skew(*words: str) -> Any:
        result = ran([python, "-m", "console", *words, "--json"], tmp_path, environment)
        assert result.returncode in {0, 1}, result.stderr
        return json.loads(result.stdout)

    (kind,) = (found for found in skew("channels")["channels"] if found["kind"] == "parcel")
    assert kind["package"] == "skew-parcel 1.0"
    with serving(Front(fake)) as server:
        text = CONFIGURATION.format(url=server.url, secret=SECRET_NAME)
        (tmp_path / "skew.toml").write_text(text)
        online = skew("check", "--online")
        skew("poll")
        skew("poll")
        (differs,) = skew("diff")["disagreements"]

    (signed_in,) = (found for found in online["online"] if found["channel"] == "depot")
    assert (signed_in["ok"], signed_in["seen"]) == (True, "a depot with stock")
    assert (differs["sku"], differs["channel"], differs["delta"]) == ("B-2", "depot", -5)
