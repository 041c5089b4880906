"""Links lead somewhere, and what is named is there."""

import re

import pytest

from tests.documents.texts import DOCUMENTS, ROOT, anchors

PACKAGES = ("console", "sync", "store", "tests", "docs", "sample_data", ".ci")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_to_a_file_and_a_heading(name: str) -> None:
    folder = (ROOT / name).parent
    for target in re.findall(r"\]\(([^)\s]+)\)", DOCUMENTS[name]):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (folder / path).resolve() if path else ROOT / name
        assert file.exists(), f"{name}: {target}"
        if anchor:
            found = DOCUMENTS[str(file.relative_to(ROOT))]
            assert anchor in anchors(found), f"{name}: {target}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_path_and_module_that_is_named_is_there(name: str) -> None:
    files = {path.name for package in PACKAGES for path in (ROOT / package).rglob("*")}
    for named in re.findall(r"`([^`\s]+)`", DOCUMENTS[name]):
        package = re.split(r"[/.]", named.lstrip("."), maxsplit=1)[0]
        if re.fullmatch(r"[a-z_0-9]+\.py", named):
            assert named in files, f"{name}: {named}"
        elif named.partition("/")[0] in PACKAGES and "/" in named:
            assert (ROOT / named.partition("::")[0]).exists(), f"{name}: {named}"
        elif package in PACKAGES and re.fullmatch(r"[a-z_]+(\.[a-z_0-9]+)+", named):
            assert named == "console.toml" or _is_module(named), f"{name}: {named}"


def _is_module(named: str) -> bool:
    path = ROOT.joinpath(*named.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def test_every_document_is_linked_from_the_readme() -> None:
    readme, table = DOCUMENTS["README.md"], DOCUMENTS["docs/channels.md"]
    for name in DOCUMENTS.keys() - {"README.md"}:
        # A kind's own page is one step further, in the table of the kinds.
        of_kind = name.startswith("docs/channels/")
        link = name.removeprefix("docs/") if of_kind else name
        assert f"]({link})" in (table if of_kind else readme), name


def test_every_picture_in_docs_is_shown() -> None:
    shown = {
        target.rpartition("/")[2]
        for text in DOCUMENTS.values()
        for target in re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    }
    pictures = {path.name for sort in ("*.svg", "*.png") for path in (ROOT / "docs").glob(sort)}
    assert shown == pictures
