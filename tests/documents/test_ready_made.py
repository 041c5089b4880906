"""docs/ready-made.md, held against the descriptions that come with Skew."""

import tomllib
from pathlib import Path

from console.reports import descriptions
from sync.channels.descriptions import places
from sync.channels.http.options import HttpOptions
from sync.config import ready_made
from sync.config.load import decode
from sync.config.ready_made import ReadyMade
from tests.documents.texts import between, document, fenced, rows

TEXT = document("ready-made.md")
USED, OWN = fenced(TEXT, "toml")


def ours(empty: Path) -> list[ReadyMade]:
    return [found for found in ready_made.listed(empty) if found.file.shipped]


def test_the_list_is_of_the_descriptions_that_there_are(tmp_path: Path) -> None:
    listed = between(TEXT, "<!-- The descriptions:", "<!-- End of the descriptions. -->")
    documented = [[cell.strip("`") for cell in row] for row in rows(listed)[2:]]
    for made in ours(tmp_path):
        assert made.description is not None, made.wrong
        told = descriptions.proof(made.description.origin())
        title = made.description.title
        assert [made.file.name, title, descriptions.writes(made), told] in documented
    assert len(documented) == len(ours(tmp_path))


def test_every_description_can_be_used_as_it_is(tmp_path: Path) -> None:
    found = ours(tmp_path)
    assert [made.file.name for made in found] == sorted(
        path.stem for path in (Path(places.__file__).parent).glob("*.toml")
    )
    assert {made.file.name: made.wrong for made in found if made.wrong} == {}


def test_every_description_names_what_it_rests_on(tmp_path: Path) -> None:
    for made in ours(tmp_path):
        assert made.description is not None
        head = made.description.head
        assert head.proof in ("proven", "cited"), made.file.name
        assert head.title, made.file.name
        assert head.sources, made.file.name


def test_the_examples_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "descriptions").mkdir()
    (tmp_path / "descriptions" / "till.toml").write_text(OWN, encoding="utf-8")
    text = f"""
        [authority]
        quantity = "till"
        [channels.till]
        use = "till"
        url = "http://127.0.0.1:9/"
        token = {{ env = "TILL_TOKEN" }}
        {USED}
    """

    settings = decode(tomllib.loads(text), source="docs", base=tmp_path, environ=None)

    assert settings.channels["shop"].kind == "http"
    options = settings.channels["till"].options
    assert isinstance(options, HttpOptions)
    assert options.url == "http://127.0.0.1:9/api/stock"
    assert settings.warnings == ()
