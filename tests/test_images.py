"""The Dockerfiles and compose.yaml, linted: an image is not built where there is no Docker."""

import re
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import compose_spec
import pytest

from sync.config.load import load

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile"
SHOP = ROOT / "tests" / "end_to_end" / "vendure"
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")


def copied(dockerfile: Path) -> list[str]:
    """What it takes from the folder that it is built in."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile.read_text(), re.MULTILINE)
    return [name for line in lines for name in line.split()]


@pytest.mark.parametrize("dockerfile", [DOCKERFILE, SHOP / "Dockerfile"], ids=["skew", "shop"])
def test_hadolint_finds_nothing(dockerfile: Path) -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    ran = subprocess.run(
        [hadolint, "--no-color", dockerfile], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    kept = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    names = copied(DOCKERFILE)
    assert sorted(names) == sorted(kept)
    assert all((ROOT / name).exists() for name in names)
    assert all((SHOP / name).exists() for name in copied(SHOP / "Dockerfile"))


def test_it_copies_all_that_the_wheel_is_made_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    targets = project["tool"]["hatch"]["build"]["targets"]
    wanted = {*targets["sdist"]["only-include"], "pyproject.toml", "README.md", "LICENSE"}
    assert wanted <= set(copied(DOCKERFILE))


def test_both_run_as_a_user_by_its_number_that_is_not_root() -> None:
    for dockerfile in (DOCKERFILE, SHOP / "Dockerfile"):
        (user,) = re.findall(r"^USER (.*)$", dockerfile.read_text(), re.MULTILINE)
        assert int(user) > 0


def test_compose_is_what_the_specification_says() -> None:
    found = compose_spec.PyCompose.from_yaml(COMPOSE)
    found.validate()
    built = re.findall(r"^    build: (.+)$", COMPOSE, re.MULTILINE)
    assert all((ROOT / folder / "Dockerfile").exists() for folder in built)
    assert len(built) == len(found.service_names())
    for port in re.findall(r'ports: \["([^"]+)"\]', COMPOSE):
        assert port.startswith("127.0.0.1:")


def test_the_configuration_beside_it_is_right(tmp_path: Path) -> None:
    (mounted,) = re.findall(r"- \./([^\s:]+skew\.toml):", COMPOSE)
    written = (ROOT / mounted).read_text(encoding="utf-8")
    (tmp_path / "skew.toml").write_text(written, encoding="utf-8")
    settings = load(tmp_path / "skew.toml", {"SHOP_USER": "keeper", "SHOP_PASSWORD": "s3cret"})
    assert settings.serve is not None
    assert f':{settings.serve.port}:{settings.serve.port}"' in COMPOSE
