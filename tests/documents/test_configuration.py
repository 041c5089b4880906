"""The configuration in the documents, held against the program: every key, every example."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest

from sync import channels, checklist
from sync.channels import event_decoding
from sync.channels.api import expressions
from sync.channels.api.auth.table import AuthTable
from sync.channels.api.functions import OWN
from sync.channels.csv import layout
from sync.channels.http import placeholders
from sync.channels.http.listing import records
from sync.channels.http.listing.table import ListTable
from sync.channels.sql import options as sql
from sync.config import schema
from sync.config.load import decode
from sync.errors import ConfigErrors
from sync.settings import Settings
from tests.documents.texts import README, ROOT, document, fenced, first_column, rows, section

CONFIGURATION = document("configuration.md")
DESCRIBING = document("describe-an-api.md")
DATABASES = document("databases.md")
FILES = document("files.md")
REFERENCE, VENDURE = fenced(CONFIGURATION, "toml")
EXAMPLES = [*fenced(README, "toml"), REFERENCE, VENDURE, *fenced(DATABASES, "toml")]

OTHER_WAY = {
    *("channels.vendure.api_key", "channels.csv.token", "channels.csv.endpoint"),
    *("channels.shopify.url", "channels.shopify.client_id", "channels.shopify.client_secret"),
    "channels.erpnext.company",
}
"""Stand in comments, because they exclude what is written, or are of another server or kind."""


def decoded(text: str, folder: Path) -> Settings:
    """Decode an example, with the files that it names beside it."""
    (folder / "shop-skus.csv").write_text("channel_sku,sku\nK-12,KET-12\n")
    (folder / "bundles.csv").write_text("bundle_sku,component_sku,quantity\nSET,KET-12,2\n")
    try:
        return decode(tomllib.loads(text), source="docs", base=folder, environ=None)
    except ConfigErrors as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("text", EXAMPLES, ids=["readme", "reference", "vendure", "databases"])
def test_every_configuration_decodes_without_a_warning(text: str, tmp_path: Path) -> None:
    assert decoded(text, tmp_path).warnings == ()


@pytest.mark.parametrize("text", EXAMPLES, ids=["readme", "reference", "vendure", "databases"])
def test_every_configuration_is_red_nowhere(text: str, tmp_path: Path) -> None:
    answers = checklist.answers(checklist.case(decoded(text, tmp_path), None))
    assert [answer.wrong for answer in answers] == [()] * 6


def test_the_fields_of_each_kind_are_those_that_there_are() -> None:
    in_csv = section(FILES, "## Columns")
    reading, writing, events = (
        section(DESCRIBING, f"## {name}") for name in ("Reading", "Writing", "Events")
    )
    assert [name for name in layout.FIELDS if f"`{name}`" not in in_csv] == []
    assert [name for name in records.FIELDS if f"`{name}`" not in reading] == []
    assert [name for name in event_decoding.FIELDS if f"`{name}`" not in events] == []
    assert set(re.findall(r'"(\$[a-z]+)"', writing)) == set(placeholders.IN_BODY)


def test_a_database_s_columns_and_placeholders_are_those_that_there_are() -> None:
    reading, writing = (section(DATABASES, f"## {name}") for name in ("Reading", "Writing"))
    assert [name for name in sql.FIELDS if f"`{name}`" not in reading] == []
    named = {name.removeprefix(":") for name in first_column(writing)}
    assert named == set(sql.PLACEHOLDERS)
    meanings = {row[0].strip("`:"): row[1] for row in rows(writing)[2:]}
    assert meanings == dict(sql.PLACEHOLDERS)


def test_every_function_of_an_expression_has_an_example_that_finds_what_it_says() -> None:
    own = [
        [cell.strip("` ") for cell in row] for row in rows(section(DESCRIBING, "## Expressions"))
    ]
    examples = {row[0]: row[1:] for row in own if row[0] in OWN}
    assert set(examples) == set(OWN)
    for expression, finds in examples.values():
        expected, _, given = finds.partition(" of ")
        parts = [json.loads(part.strip("`")) for part in given.split(" and ")]
        names = [str(steps[0]) for steps in expressions.roots(expression)]
        found = expressions.search(expression)(dict(zip(names, parts, strict=True)))
        assert (expression, str(found)) == (expression, expected.strip("` "))


def test_every_kind_of_channel_is_named() -> None:
    assert [kind for kind in channels.KINDS if f"`{kind}`" not in CONFIGURATION] == []


@pytest.mark.parametrize("comment", ["api_key = { env", "token = { env", 'direction = "push"'])
def test_a_suggestion_of_the_first_shop_decodes_when_its_mark_is_taken_away(comment: str) -> None:
    text = (ROOT / "sample_data" / "first_shop" / "skew.toml").read_text(encoding="utf-8")
    taken = text.replace(f"# {comment}", comment)
    settings = decode(tomllib.loads(taken), source="skew.toml", base=Path(), environ=None)
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
        "serve": schema.ServeTable,
        "web": schema.WebTable,
    }
    known = {f"{name}.{key}" for name, shape in shapes.items() for key in keys_of(shape)}
    known |= {f"notify.{key}" for key in keys_of(schema.NotifyTable)}
    known |= {f"channels.{key}" for key in keys_of(schema.ChannelTable)}
    for kind in sorted(set(channels.KINDS) - {"simulated"}):
        known |= {f"channels.{kind}.{key}" for key in keys_of(channels.kind(kind).OPTIONS)}

    reference = tomllib.loads(REFERENCE)
    written = {f"{name}.{key}" for name in shapes for key in keys_in(reference[name])}
    written |= {f"notify.{key}" for place in reference["notify"] for key in keys_in(place)}
    common = {key.partition(".")[0] for key in keys_of(schema.ChannelTable)}
    for table in reference["channels"].values():
        for key in keys_in(table):
            own = "" if key.partition(".")[0] in common else f"{table['kind']}."
            written.add(f"channels.{own}{key}")

    free = {"channels.csv.columns.", "channels.http.fields.", "channels.http.states."}
    free |= {f"channels.sql.{key}." for key in ("columns", "states", "words")}
    free |= {"channels.http.words.", "channels.csv.words.", "channels.http.headers."}
    free |= {
        f"channels.http.{key}."
        for key in ("body", "ids", "write.body", "events.fields", "events.kinds")
    }
    written = {key for key in written if not key.startswith(tuple(free))}
    written = {key for key in written if not key.startswith("channels.locations.")}
    # The keys of a list stand for those of events, which are a list too.
    of_events = {f"channels.http.events.{key}" for key in keys_of(ListTable)}
    assert "Its list takes what any list takes" in DESCRIBING
    known, written = known - of_events, written - of_events
    # Signing in has a page of its own, with an example of each way.
    assert "describe-an-api.md has all keys" in REFERENCE
    known = {key for key in known if not key.startswith("channels.http.auth.")}
    written = {key for key in written if not key.startswith("channels.http.auth.")}
    # Of a channel's own guard one key stands for all: [guard] has them.
    known = {key for key in known if not key.startswith("channels.guard.")}
    written = {key for key in written if not key.startswith("channels.guard.")}
    assert written | OTHER_WAY == known | {key for key in written if is_secret(key)}


def test_the_ways_to_sign_in_have_every_key_and_no_other(tmp_path: Path) -> None:
    (ways,) = fenced(section(DESCRIBING, "## Signing in"), "toml")
    tables = tomllib.loads(ways)["channels"]
    free = ("query.", "oauth.body.", "login.body.", "login.headers.")
    written = {
        key
        for table in tables.values()
        for key in keys_in(table["auth"])
        if not is_secret(key) and not key.startswith(free)
    }

    # Where a token is sent has the same keys for both that give one.
    assert written | {"oauth.param"} == keys_of(AuthTable)
    for name, table in tables.items():
        channel = {"kind": "http", "url": "https://shop.example", "items": "@", **table}
        channel["fields"] = {"sku": "sku", "available": "qty"}
        data = {"authority": {"quantity": name}, "channels": {name: channel}}
        assert decode(data, source="docs", base=tmp_path, environ=None).warnings == ()


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
    return next((shape for shape in found if shape is not None), None)


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
