"""Kinds of channel that other packages bring along, by the entry point group `skew.channels`."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from console.__main__ import run
from sync import channels
from sync.channels import plugins
from sync.channels.plugins import BrokenPlugin
from tests.long_run import first

MODULE = """
import msgspec
from sync.channels.abilities import Abilities

class Options(msgspec.Struct, frozen=True):
    url: str

OPTIONS = Options
ABILITIES = Abilities(kind="parcel", reads=("available",))

def abilities(options):
    return ABILITIES

def open_channel(name, options, transport, clock, base):
    raise AssertionError("no channel is opened here")
"""

CONFIGURATION = """
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "{kind}"
{keys}
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install packages, as pip leaves them: a module, and the metadata beside it."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def installed(
        package: str = "skew-parcel", kind: str = "parcel", module: str | None = MODULE
    ) -> None:
        name = package.replace("-", "_")
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        head = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        (info / "METADATA").write_text(head)
        (info / "entry_points.txt").write_text(f"[skew.channels]\n{kind} = {name}_channel\n")
        if module is not None:
            (site / f"{name}_channel.py").write_text(module)
        plugins.found.cache_clear()

    plugins.found.cache_clear()
    yield installed
    plugins.found.cache_clear()
    for name in [name for name in sys.modules if name.endswith("_channel")]:
        if name.startswith("skew_"):
            del sys.modules[name]


class Ran(NamedTuple):
    exit_code: int
    output: str
    """Standard output; what stands on the other one follows it where it failed."""

    @property
    def words(self) -> str:
        return " ".join(self.output.split())


Skew = Callable[..., Ran]


@pytest.fixture
def skew(capsys: pytest.CaptureFixture[str]) -> Skew:
    def ran(*words: str) -> Ran:
        code = run(list(words))
        printed = capsys.readouterr()
        return Ran(code, printed.out + (printed.err if code else ""))

    return ran


@pytest.fixture
def checked(skew: Skew, tmp_path: Path) -> Skew:
    """Check a configuration with one channel of a kind."""

    def checking(kind: str, keys: str = 'url = "http://127.0.0.1:9"') -> Ran:
        path = tmp_path / "skew.toml"
        path.write_text(CONFIGURATION.format(kind=kind, keys=keys))
        return skew("check", "--config", str(path))

    return checking


def test_a_kind_of_another_package_is_one_like_ours(install: Install) -> None:
    install()

    assert channels.names() == (*channels.KINDS, "parcel")
    assert channels.kind("parcel").ABILITIES.kind == "parcel"
    assert channels.package_of("parcel") == "skew-parcel 1.0"
    assert channels.package_of("csv") == ""


def test_its_keys_are_checked_as_ours_are(install: Install, checked: Skew) -> None:
    install()

    result = checked("parcel", 'urk = "x"')

    assert result.exit_code == 2
    assert "channels.warehouse.urk" in result.output
    assert "did you mean `url`?" in result.output


def test_skew_channels_shows_it_with_its_package(install: Install, skew: Skew) -> None:
    install()

    shown = json.loads(skew("channels", "--json").output)

    assert [found["package"] for found in shown["channels"] if found["kind"] == "parcel"] == [
        "skew-parcel 1.0"
    ]
    assert shown["broken"] == []
    assert "the package skew-parcel 1.0" in skew("channels").output


BROKEN = [
    (None, "skew_parcel_channel can't be imported: ModuleNotFoundError"),
    ("import nowhere_to_be_found", "nowhere_to_be_found"),
    ("raise RuntimeError('no key')", "can't be imported: RuntimeError: no key"),
    ("def broken(:", "can't be imported: SyntaxError"),
    ("", "lacks OPTIONS"),
    (MODULE.replace("OPTIONS = Options", "OPTIONS = dict"), "lacks OPTIONS"),
    (MODULE.replace("ABILITIES = ", "CAN = "), "lacks ABILITIES"),
    (MODULE.replace('kind="parcel"', 'kind="pigeon"'), 'has ABILITIES of the kind "pigeon"'),
    (MODULE.replace("def abilities", "def can"), "lacks the function abilities"),
    (MODULE.replace("def open_channel", "def open"), "lacks the function open_channel"),
]


@pytest.mark.parametrize(("module", "why"), BROKEN)
def test_a_broken_one_is_an_error_that_names_its_package(
    install: Install, module: str | None, why: str, checked: Skew
) -> None:
    install(module=module)

    result = checked("parcel")

    assert result.exit_code == 2
    words = result.words
    assert 'channels.warehouse.kind: the kind "parcel" of skew-parcel 1.0 can\'t be used' in words
    assert why in words
    with pytest.raises(BrokenPlugin) as caught:
        channels.kind("parcel")
    assert why in str(caught.value)


@pytest.mark.parametrize("case", first(3, BROKEN))
def test_skew_channels_shows_what_is_broken_and_lists_the_others(
    install: Install, case: tuple[str | None, str], skew: Skew
) -> None:
    module, why = case
    install(module=module)
    install("skew-pigeon", "pigeon", MODULE.replace("parcel", "pigeon"))

    shown, listed = skew("channels", "--json"), skew("channels")

    assert (shown.exit_code, listed.exit_code) == (0, 0)
    document = json.loads(shown.output)
    kinds = [found["kind"] for found in document["channels"]]
    assert kinds == [*channels.KINDS, "pigeon"]
    (broken,) = document["broken"]
    assert (broken["kind"], broken["package"]) == ("parcel", "skew-parcel 1.0")
    assert why in broken["wrong"]
    assert why in listed.words
    assert "can't be used" in listed.output


def test_a_name_of_ours_is_not_taken_over(install: Install, checked: Skew, skew: Skew) -> None:
    install(kind="csv")

    result = checked("csv", 'path = "stock.csv"')

    assert result.exit_code == 2
    words = result.words
    assert '"csv" is a kind of Skew\'s own, and skew-parcel 1.0 has one of that name' in words
    assert "uninstall skew-parcel" in words
    document = json.loads(skew("channels", "--json").output)
    assert [found["kind"] for found in document["broken"]] == ["csv"]
    assert [found["kind"] for found in document["channels"]] == list(channels.KINDS)


def test_two_packages_that_claim_one_name_are_both_named(
    install: Install, checked: Skew, skew: Skew
) -> None:
    install()
    install("skew-parcel-too")

    result = checked("parcel")

    assert result.exit_code == 2
    assert "skew-parcel 1.0 and skew-parcel-too 1.0" in result.words
    document = json.loads(skew("channels", "--json").output)
    assert [found["kind"] for found in document["broken"]] == ["parcel"]


@pytest.mark.parametrize("kind", ["Parcel", "par cel", "parcel.v2"])
def test_a_name_that_no_kind_can_have_is_said(install: Install, kind: str) -> None:
    install(kind=kind)

    with pytest.raises(BrokenPlugin, match="small letters, digits and dashes"):
        channels.kind(kind)


def test_what_no_package_knows_is_not_a_kind(install: Install, checked: Skew) -> None:
    install()

    result = checked("parcl")

    assert result.exit_code == 2
    assert "did you mean `parcel`?" in result.words
    with pytest.raises(KeyError):
        channels.kind("parcl")
