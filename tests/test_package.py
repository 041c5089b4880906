"""What is installed: the wheel and the sdist, the same bytes from every build."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("console", "sync", "store", "sample_data")
BESIDE = ("pyproject.toml", "README.md", "LICENSE", ".gitignore", "docs/skew.1")
BUILD = "from hatchling import build; build.build_sdist('{0}'); build.build_wheel('{0}')"
LONG_AGO_S = 1_000_000_000


def copy_source(into: Path) -> Path:
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, into / package, ignore=ignored)
    for name in BESIDE:
        (into / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, into / name)
    return into


def build(source: Path, into: Path, umask: int, **environ: str) -> tuple[bytes, bytes]:
    """The sdist and the wheel."""
    into.mkdir()
    subprocess.run(
        [sys.executable, "-c", BUILD.format(into)],
        cwd=source,
        env=os.environ | environ,
        umask=umask,
        check=True,
    )
    (sdist,), (wheel,) = into.glob("*.tar.gz"), into.glob("*.whl")
    return sdist.read_bytes(), wheel.read_bytes()


def files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for package in PACKAGES
        for path in (folder / package).rglob("*")
        if path.is_file()
    }


@pytest.mark.long
def test_every_build_makes_the_same_bytes_with_all_that_belongs_in(tmp_path: Path) -> None:
    here = copy_source(tmp_path / "here")
    elsewhere = copy_source(tmp_path / "much" / "deeper")
    for path in elsewhere.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))

    first = build(here, tmp_path / "first", 0o022)
    second = build(elsewhere, tmp_path / "second", 0o077, TZ="Asia/Tokyo", LC_ALL="C")

    assert first == second

    with tarfile.open(next((tmp_path / "first").glob("*.tar.gz"))) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.glob("skew_console-*")
    assert files(unpacked) == files(here)
    assert not (unpacked / "tests").exists()
    assert build(unpacked, tmp_path / "third", 0o022) == first

    with zipfile.ZipFile(next((tmp_path / "first").glob("*.whl"))) as wheel:
        installed = set(wheel.namelist())
        page = wheel.read(next(name for name in installed if name.endswith("man/man1/skew.1")))
    assert {name for name in installed if ".dist-info/" not in name and ".data/" not in name} == (
        files(here)
    )
    assert page == (ROOT / "docs" / "skew.1").read_bytes()
