"""The README, held against the program: its commands, its keys, its examples."""

import re
import tomllib
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest

from console import preferences
from console.cli import COMMANDS
from console.keys import ACTIONS
from console.keys.action import Action
from console.reports.tables import where
from console.text.themes import PALETTES
from sync import channels
from sync.config import schema
from sync.config.load import decode
from sync.errors import ConfigErrors

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOML = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
(OWN,) = (text for text in TOML if "[keys]" in text)
EXAMPLES = [text for text in TOML if text != OWN]
KEYS_BETWEEN = ("<!-- The keys:", "<!-- End of the keys. -->")

OTHER_WAY = {"channels.vendure.api_key"}
"""Stands in a comment, because it excludes username and password."""


def test_the_readme_lists_exactly_the_commands_there_are() -> None:
    listed = re.findall(r"^\| `skew (\w+)(?: import)?` \|", README, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


def test_every_command_in_a_shell_example_is_one_that_there_is() -> None:
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    named = set(re.findall(r"\bskew (\w+)", shell))
    assert named
    assert named <= set(COMMANDS)


def test_the_readme_has_the_keys_that_there_are() -> None:
    begin, end = (README.index(mark) for mark in KEYS_BETWEEN)
    written = README[begin:end].split("\n", 1)[1]
    rows = [f"| {_quoted(one)} | {one.title} | {where(one)} |\n" for one in ACTIONS]
    table = "".join(["\n| key | does | on |\n|---|---|---|\n", *rows, "\n"])
    if not written.strip():
        whole = README[:begin] + README[begin:end].split("\n", 1)[0] + "\n" + table + README[end:]
        (ROOT / "README.md").write_text(whole, encoding="utf-8")
        pytest.fail("the keys were not there: written, look at them and run again")
    assert written == table, "delete the table between its marks, and this writes it anew"


def _quoted(action: Action) -> str:
    return " ".join(f"`{key}`" for key in action.keys)


def test_the_users_own_file_in_the_readme_decodes_and_has_every_key() -> None:
    written = tomllib.loads(OWN)
    read = preferences.decode(written, source="README.md")

    assert set(written) == {field.name for field in msgspec.structs.fields(preferences._File)}
    assert read.theme == "contrast"
    assert all(theme in OWN for theme in PALETTES)


@pytest.mark.parametrize("text", EXAMPLES, ids=["example", "reference"])
def test_every_configuration_in_the_readme_decodes(text: str, tmp_path: Path) -> None:
    (tmp_path / "shop-skus.csv").write_text("channel_sku,sku\nK-12,KET-12\n")
    (tmp_path / "bundles.csv").write_text("bundle_sku,component_sku,quantity\nSET,KET-12,2\n")
    try:
        settings = decode(tomllib.loads(text), source="README.md", base=tmp_path, environ=None)
    except ConfigErrors as error:
        pytest.fail(str(error))
    assert settings.warnings == ()


def test_the_reference_has_every_key_and_no_other() -> None:
    shapes: dict[str, type[msgspec.Struct]] = {
        "skew": schema.SkewTable,
        "authority": schema.AuthorityTable,
        "approval": schema.ApprovalTable,
        "push": schema.PushTable,
        "guard": schema.GuardTable,
        "catalogue": schema.CatalogueTable,
        "events": schema.EventsTable,
        "history": schema.HistoryTable,
    }
    known = {f"{name}.{key}" for name, shape in shapes.items() for key in keys_of(shape)}
    known |= {f"channels.{key}" for key in keys_of(schema.ChannelTable)}
    for kind in ("csv", "http", "vendure"):
        known |= {f"channels.{kind}.{key}" for key in keys_of(channels.kind(kind).OPTIONS)}

    reference = tomllib.loads(EXAMPLES[1])
    written = {f"{name}.{key}" for name in shapes for key in keys_in(reference[name])}
    common = {key.partition(".")[0] for key in keys_of(schema.ChannelTable)}
    for table in reference["channels"].values():
        for key in keys_in(table):
            own = "" if key.partition(".")[0] in common else f"{table['kind']}."
            written.add(f"channels.{own}{key}")

    free = {"channels.csv.columns.", "channels.http.fields.", "channels.http.states."}
    free |= {f"channels.http.{key}." for key in ("write.body", "events.fields", "events.kinds")}
    written = {key for key in written if not key.startswith(tuple(free))}
    written = {key for key in written if not key.startswith("channels.locations.")}
    # Of a channel's own guard one key stands for all: [guard] has them.
    known = {key for key in known if not key.startswith("channels.guard.")}
    written = {key for key in written if not key.startswith("channels.guard.")}
    assert written | OTHER_WAY == known | {key for key in written if is_secret(key)}


def is_secret(key: str) -> bool:
    return key.rpartition(".")[2] in ("env", "file", "keyring")


def keys_of(shape: type[msgspec.Struct]) -> set[str]:
    """Every key of a table, with those of the tables in it, dotted."""
    keys = set()
    for field in msgspec.structs.fields(shape):
        keys.add(field.encode_name)
        inner = struct_in(field.type)
        if inner is not None and inner.__name__ != "SecretSource":
            keys |= {f"{field.encode_name}.{key}" for key in keys_of(inner)}
    return keys


def struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """The Struct that a type is, may be, or is a list of."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    if get_origin(kind) is dict:
        return None
    found = (struct_in(part) for part in get_args(kind) if part is not kind)
    return next((each for each in found if each is not None), None)


def keys_in(table: Any) -> set[str]:
    """Every key that is written in a decoded table, dotted."""
    keys = set()
    for name, value in table.items():
        keys.add(name)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                keys |= {f"{name}.{key}" for key in keys_in(part)}
    return keys


def test_every_suggestion_in_the_template_of_init_decodes_when_its_mark_is_taken_away() -> None:
    template = (ROOT / "console" / "skew.toml").read_text(encoding="utf-8")
    taken = re.sub(r"^# (?=\[|[a-z_]+ = )", "", template, flags=re.MULTILINE)
    assert len(taken) < len(template)

    settings = decode(tomllib.loads(taken), source="skew.toml", base=Path(), environ=None)

    assert list(settings.channels) == ["warehouse", "shop", "market"]
    assert settings.authority_state == "shop"
    assert settings.approval.second_person_above == 500
