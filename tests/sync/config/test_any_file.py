"""Whatever stands in the file: settings, or errors that name a key. Never another exception."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import channels
from sync.config import schema
from sync.config.load import decode
from sync.errors import ConfigErrors
from tests.long_run import examples

WORDS = ["csv", "http", "simulated", "vendure", "push", "observe", "two-way", "warehouse", "shop",
         "5s", "0s", "50%", "*", "rules", "manual", "reduce", "active", "a.csv", "$quantity",
         "http://127.0.0.1:9/x", "", "\x00", "items[", "{", "ftp://x", "a/b"]  # fmt: skip
SECRET = "hunter2-hunter2"


def keys() -> Iterator[str]:
    shapes: list[type[Any]] = [
        getattr(schema, name) for name in dir(schema) if name.endswith("Table")
    ]
    shapes += [channels.kind(kind).OPTIONS for kind in channels.KINDS]
    for shape in shapes:
        yield from (field.encode_name for field in msgspec.structs.fields(shape))


KEYS = sorted({*keys(), "env", "file", "keyring", "raise", "flows", "aliases", "events", "units"})
VALUES = st.recursive(
    st.one_of(
        st.sampled_from(WORDS),
        st.integers(-(2**63), 2**63),
        st.floats(),
        st.booleans(),
        st.text(max_size=8),
        st.just(datetime(2026, 11, 23, tzinfo=UTC)),
        st.just(date(2026, 11, 23)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=5)), inner, max_size=4),
    ),
    max_leaves=12,
)
CHANNEL = st.one_of(
    VALUES,
    st.builds(
        lambda kind, rest: {"kind": kind, "url": "http://127.0.0.1:9/x", "path": "a.csv", **rest},
        st.sampled_from(["csv", "http", "simulated", "vendure"]),
        st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6),
    ),
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "authority": st.one_of(VALUES, st.just({"quantity": "warehouse"})),
        "channels": st.one_of(
            VALUES,
            st.dictionaries(st.sampled_from(["warehouse", "shop", "a b", ""]), CHANNEL, max_size=3),
        ),
        **dict.fromkeys(
            ("skew", "approval", "push", "guard", "history", "events", "catalogue", "wrong"), VALUES
        ),
    },
)


@given(FILES)
@settings(max_examples=examples(400))
def test_any_file_decodes_or_is_refused_by_key(data: dict[str, Any]) -> None:
    with contextlib.suppress(ConfigErrors):
        decode(data, source="skew.toml", base=Path(), environ={})


@given(st.sampled_from(["csv", "http", "simulated", "vendure"]), st.sampled_from(KEYS))
def test_no_error_ever_quotes_what_stands_where_a_secret_belongs(kind: str, key: str) -> None:
    wrong: Any
    for wrong in (SECRET, {"env": SECRET, "file": SECRET}, {"value": SECRET}, [SECRET], {key: 5}):
        data = {
            "channels": {
                "shop": {"kind": kind, **dict.fromkeys(("token", "api_key", "password"), wrong)}
            }
        }
        with pytest.raises(ConfigErrors) as caught:  # There is no authority, at the least.
            decode(data, source="skew.toml", base=Path(), environ={})
        assert SECRET not in str(caught.value)
