"""docs/channels.md, held against what the kinds say that they can do."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from console.cli import cli
from console.reports import capabilities
from sync import channels
from tests.benchmarks import channels as sweeps
from tests.documents.texts import DOCUMENTS, README, ROOT, between, document, rows

CHANNELS = document("channels.md")
MARKS = ("<!-- The kinds:", "<!-- End of the kinds. -->")
SWEEPS = ("<!-- The sweeps:", "<!-- End of the sweeps. -->")
KINDS = [channels.kind(kind).ABILITIES for kind in channels.KINDS]
PAGES = {path.stem for path in (ROOT / "docs" / "channels").glob("*.md")}


def test_the_table_is_that_of_the_program() -> None:
    held_to(CHANNELS, ROOT / "docs" / "channels.md", capabilities.markdown(KINDS, PAGES))


def test_the_readme_has_it_in_short_for_the_systems_of_vendors() -> None:
    vendors = [kind for kind in KINDS if kind.kind not in channels.GENERAL]
    table = capabilities.markdown(vendors, PAGES, folder="docs/channels", of=capabilities.IN_SHORT)
    held_to(README, ROOT / "README.md", table)


def held_to(text: str, path: Path, table: str) -> None:
    """Hold what stands between the marks to a table; where nothing does, write it."""
    begin, end = (text.index(mark) for mark in MARKS)
    mark, _, written = text[begin:end].partition("\n")
    if not written.strip():
        path.write_text(f"{text[:begin]}{mark}\n\n{table}\n{text[end:]}", encoding="utf-8")
        pytest.fail("the table was not there: written, look at it and run again")
    assert written == f"\n{table}\n", "delete the table between its marks: it is written anew"


def test_every_column_is_explained() -> None:
    prose = CHANNELS[CHANNELS.index(MARKS[1]) :]
    assert [title for title, _ in capabilities.COLUMNS if f"**{title}**" not in prose] == ["writes"]


def test_every_page_of_a_kind_is_of_one_that_there_is() -> None:
    assert PAGES - set(channels.KINDS) == set()
    assert [name for name in PAGES if f"docs/channels/{name}.md" not in DOCUMENTS] == []


@pytest.mark.long
@pytest.mark.parametrize("kind", sorted(channels.KINDS))
def test_a_sweep_takes_the_requests_that_the_table_says(kind: str) -> None:
    table = {row[0].strip("`"): row for row in rows(between(CHANNELS, *SWEEPS))[2:]}
    assert set(table) == set(channels.KINDS), "python -m tests.benchmarks.channels --write"
    assert table[kind][1] == f"{sweeps.cost_of(kind).requests:,}"


def test_the_readme_leads_to_the_table() -> None:
    assert "(docs/channels.md)" in README


def test_the_json_has_the_same() -> None:
    answered = CliRunner().invoke(cli, ["channels", "--json"])
    listed = {entry["kind"]: entry for entry in json.loads(answered.stdout)["channels"]}
    assert set(listed) >= set(channels.KINDS)
    for kind in KINDS:
        entry = listed[kind.kind]
        assert entry["proof"] == capabilities.proof(kind)
        assert entry["result"] == capabilities.result(kind)
        assert entry["limit"] == kind.rate_limit
        assert entry["absolute"] is bool(kind.writes)
        assert entry["since"] is kind.since
        assert entry["reads"] == list(kind.reads)


def test_what_was_never_run_says_so() -> None:
    printed = CliRunner().invoke(cli, ["channels"]).stdout
    for kind in KINDS:
        assert capabilities.proof(kind) in printed
        unproven = not kind.proven and not kind.described and kind.kind != "simulated"
        assert (capabilities.proof(kind) == capabilities.NOT_RUN) is unproven
