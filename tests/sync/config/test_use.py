"""`use`: a ready-made description under a channel's own keys, and all that can be wrong with it."""

import os
from pathlib import Path

import pytest

from store.model import Direction
from sync.channels.csv.options import CsvOptions
from sync.channels.http.options import HttpOptions
from sync.config import described
from sync.settings import ChannelSettings
from tests.sync.config_text import SMALLEST, errors_of, read

TILL = """
[description]
title = "Our till"
sign_in = [{ credentials = [
  { key = "token", env = "TOKEN", what = "the till's token" },
] }]

[channel]
kind = "http"
url = "api/stock"
items = "items"
[channel.fields]
sku = "code"
available = "qty"
[channel.write]
url = "api/stock/{sku}"
body = { qty = "$quantity" }
"""
USING = 'use = "till"\nurl = "https://till.example/berlin"\n'
TOKEN = 'token = { env = "MY_TOKEN" }\n'


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration, where no descriptions are."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    return tmp_path / "user" / "skew" / "descriptions"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration's folder, with a description of a till beside it."""
    return put(tmp_path, "till", TILL)


def put(base: Path, name: str, text: str | bytes, where: str = "descriptions") -> Path:
    (base / where).mkdir(parents=True, exist_ok=True)
    content = text.encode() if isinstance(text, str) else text
    (base / where / f"{name}.toml").write_bytes(content)
    return base


def options_of(channel: ChannelSettings) -> HttpOptions:
    assert isinstance(channel.options, HttpOptions)
    return channel.options


def till(keys: str) -> str:
    return f"{SMALLEST}[channels.till]\n{keys}"


def wrong(folder: Path, keys: str) -> dict[str, str]:
    return errors_of(till(keys), base=folder)


def test_a_channel_is_its_description_with_its_own_keys_over_it(folder: Path) -> None:
    keys = USING + TOKEN + 'direction = "push"\nbuffer = 2\nfields.sku = "sku"\n'
    channel = read(till(keys), base=folder).channels["till"]

    assert (channel.kind, channel.direction, channel.buffer) == ("http", Direction.PUSH, 2)
    options = options_of(channel)
    assert options.url == "https://till.example/berlin/api/stock"
    assert options.write is not None
    assert options.write.url == "https://till.example/berlin/api/stock/{sku}"
    assert options.fields == {"sku": "sku", "available": "qty"}
    assert channel.described_by is not None
    assert channel.described_by.title == "Our till"
    assert channel.described_by.path == folder / "descriptions" / "till.toml"
    assert not channel.described_by.hides_ours


def test_a_missing_credential_is_named_with_the_line_to_write(folder: Path) -> None:
    assert wrong(folder, USING) == {
        "channels.till.token": "channels.till.token: is missing: add "
        '`token = { env = "TILL_TOKEN" }` to [channels.till]; it is the till\'s token'
    }


def test_a_missing_address_and_a_missing_credential_are_named_together(folder: Path) -> None:
    errors = wrong(folder, 'use = "till"')
    assert set(errors) == {"channels.till.url", "channels.till.token"}
    assert 'add `url = "https://shop.example"`' in errors["channels.till.url"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ('"till.example"', "must begin with http:// or https://"),
        ('"ftp://till.example"', "must begin with http:// or https://"),
        ("7", "must begin with http:// or https://"),
        ('"https://ana:pw@till.example"', "must not contain a user or password"),
        ('"https://till.example?x=1"', "is the shop's address alone"),
        ('"https://[::1"', "must begin with http:// or https://"),
    ],
)
def test_an_address_that_can_not_be_one_is_refused(folder: Path, url: str, words: str) -> None:
    errors = wrong(folder, f'use = "till"\nurl = {url}\n{TOKEN}')
    assert set(errors) == {"channels.till.url"}
    assert words in errors["channels.till.url"]
    assert "ana" not in errors["channels.till.url"]


@pytest.mark.parametrize("use", ["tll", "Till"])
def test_an_unknown_name_is_met_with_the_nearest_and_the_list(folder: Path, use: str) -> None:
    message = wrong(folder, f'use = "{use}"')["channels.till.use"]
    assert f'"{use}" is not a description; did you mean `till`?' in message
    assert "known: " in message
    assert "vendure" in message
    assert str(folder / "descriptions" / "NAME.toml") in message


@pytest.mark.parametrize("use", ["../till", "descriptions/till", "", "till.toml", "/etc/passwd"])
def test_a_name_leads_to_no_other_folder(folder: Path, use: str) -> None:
    assert "is not a description" in wrong(folder, f'use = "{use}"')["channels.till.use"]


def test_a_kind_is_not_a_description(folder: Path) -> None:
    assert 'write `kind = "csv"`' in wrong(folder, 'use = "csv"')["channels.till.use"]


def test_what_is_no_text_is_no_name(folder: Path) -> None:
    assert "must be text in quotes" in wrong(folder, 'use = ["till"]')["channels.till.use"]


def test_another_kind_than_the_descriptions_is_refused(folder: Path) -> None:
    errors = wrong(folder, USING + TOKEN + 'kind = "csv"')
    assert "take this line away" in errors["channels.till.kind"]
    assert read(till(USING + TOKEN + 'kind = "http"'), base=folder).channels["till"].kind == "http"


def test_an_error_of_the_description_names_its_file_and_one_of_the_channel_does_not(
    tmp_path: Path,
) -> None:
    put(tmp_path, "till", TILL.replace('sku = "code"', 'sku = "code["'))
    errors = wrong(tmp_path, USING + TOKEN + 'every = "soon"')
    assert set(errors) == {"channels.till.fields.sku", "channels.till.every"}
    assert "(in the description " in errors["channels.till.fields.sku"]
    assert "till.toml" in errors["channels.till.fields.sku"]
    assert "till.toml" not in errors["channels.till.every"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind = [", "Invalid value"),
        (b"\xff\xfe", "not UTF-8: byte 0 is wrong"),
        ("a = " + "[" * 5_000, "too deep"),
        ("#" * (described.BYTES_MAX + 1), "too long: a description has at most 256 KB"),
        ("", "channel: is missing: add a table [channel]"),
        ("channel = 1", "channel: is missing"),
        ("[channel]\nkind = 'http'\n[chanel]", "chanel: is not a known key; did you mean"),
        ("[channel]\nkind = 'htp'", 'channel.kind: "htp" is not one of: '),
        ("[channel]\nuse = 'vendure'", "channel.use: a description can't use another"),
        ("description = 3\n[channel]\nkind = 'http'", "description: must be a table"),
        ("[description]\nproff = 'x'\n[channel]\nkind = 'http'", "description.proff: is not a"),
        (
            "[description]\nproof = 'proven'\n[channel]\nkind = 'http'",
            'description.proof: "proven" needs `version`',
        ),
        (
            "[description]\nproof = 'cited'\nversion = '1'\ndate = 2026-11-30\n[channel]\nkind='a'",
            'description.proof: "cited" needs `sources`',
        ),
        (
            "[description]\nsign_in = [{ credentials = [] }]\n[channel]\nkind = 'http'",
            "description.sign_in[0].credentials: is empty",
        ),
    ],
    ids=range(14),
)  # fmt: skip
def test_a_file_that_is_no_description_says_what_is_wrong_with_it(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    put(tmp_path, "till", text)
    message = wrong(tmp_path, USING + TOKEN)["channels.till.use"]
    assert words in message
    assert str(tmp_path / "descriptions" / "till.toml") in message


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "descriptions").mkdir()
    os.mkfifo(tmp_path / "descriptions" / "till.toml")
    (tmp_path / "descriptions" / "folder.toml").mkdir()
    assert "it is not a file" in wrong(tmp_path, USING)["channels.till.use"]
    assert "it is not a file" in wrong(tmp_path, 'use = "folder"')["channels.till.use"]


def test_the_folder_beside_comes_before_the_users_and_both_before_ours(
    folder: Path, own_folder: Path
) -> None:
    user = put(own_folder.parent, "till", TILL.replace("Our till", "The user's"))
    put(user, "vendure", TILL.replace("Our till", "No Vendure"))
    put(user, "kiosk", TILL.replace("Our till", "A kiosk"))
    settings = read(
        till(USING + TOKEN)
        + "[channels.vendure]\n" + USING.replace('"till"', '"vendure"') + TOKEN
        + "[channels.kiosk]\n" + USING.replace('"till"', '"kiosk"') + TOKEN,
        base=folder,
    )  # fmt: skip
    origins = {name: channel.described_by for name, channel in settings.channels.items()}
    found = {name: (o.title, o.hides_ours) for name, o in origins.items() if o is not None}
    assert found == {
        "till": ("Our till", False),
        "vendure": ("No Vendure", True),
        "kiosk": ("A kiosk", False),
    }


def test_an_absolute_address_needs_none_of_the_channel(tmp_path: Path) -> None:
    text = TILL.replace('"api/stock', '"https://till.example/stock')
    put(tmp_path, "till", text)
    channel = read(till('use = "till"\n' + TOKEN), base=tmp_path).channels["till"]
    assert options_of(channel).url == "https://till.example/stock"


def test_a_vendors_own_address_is_that_of_all_its_shops(tmp_path: Path) -> None:
    head = '[description]\naddress = "https://api.example"\n'
    put(tmp_path, "till", TILL.replace("[description]\n", head))
    channel = read(till('use = "till"\n' + TOKEN), base=tmp_path).channels["till"]
    assert options_of(channel).url == "https://api.example/api/stock"
    other = read(till(USING + TOKEN), base=tmp_path).channels["till"]
    assert options_of(other).url == "https://till.example/berlin/api/stock"


BY_SCHEME = """
sign_in = [
  { scheme = "https", credentials = [
    { key = "token", env = "TOKEN", what = "a token" },
  ] },
  { scheme = "http", credentials = [
    { key = "write.body.user", env = "USER", what = "a user" },
    { key = "write.body.key", env = "KEY", what = "a key" },
  ] },
]
"""


@pytest.fixture
def by_scheme(tmp_path: Path) -> Path:
    _, _, rest = TILL.partition("] }]\n")
    return put(tmp_path, "till", f"[description]{BY_SCHEME}{rest}")


def test_the_way_to_sign_in_follows_the_scheme(by_scheme: Path) -> None:
    assert set(wrong(by_scheme, USING)) == {"channels.till.token"}
    errors = wrong(by_scheme, USING.replace("https:", "http:"))
    assert set(errors) == {"channels.till.write.body.user", "channels.till.write.body.key"}
    begun = USING.replace("https:", "http:") + 'write.body = { user = "x", qty = "$quantity" }\n'
    assert set(wrong(by_scheme, begun)) == {"channels.till.write.body.key"}


def test_a_way_to_sign_in_that_the_scheme_does_not_allow_is_a_warning(by_scheme: Path) -> None:
    settings = read(till(USING.replace("https:", "http:") + TOKEN), base=by_scheme)
    assert any("takes this sign-in over https only" in text for text in settings.warnings)
    assert read(till(USING + TOKEN), base=by_scheme).warnings == ()


TWO_WAYS = """
[[description.sign_in]]
credentials = [{ key = "token", env = "TOKEN", what = "a token" }]
[[description.sign_in]]
credentials = [{ key = "write.body.key", env = "KEY", what = "a key" }]
channel = { items = "rows", write = { method = "POST" } }
"""


def test_a_way_to_sign_in_brings_the_keys_that_belong_to_it(tmp_path: Path) -> None:
    _, _, rest = TILL.partition("] }]\n")
    put(tmp_path, "till", f"[description]{TWO_WAYS}{rest}")
    by_token = options_of(read(till(USING + TOKEN), base=tmp_path).channels["till"])
    assert by_token.items == "items"
    own = 'write.body = { key = "k", qty = "$quantity" }\n'
    by_key = options_of(read(till(USING + own), base=tmp_path).channels["till"])
    assert by_key.items == "rows"
    assert by_key.write is not None
    assert (by_key.write.method, by_key.write.url[-5:]) == ("POST", "{sku}")


def test_a_description_may_be_of_a_file(tmp_path: Path) -> None:
    put(tmp_path, "count", '[channel]\nkind = "csv"\ncolumns = { sku = "Item", on_hand = "Qty" }\n')
    channel = read(till('use = "count"\npath = "till.csv"\n'), base=tmp_path).channels["till"]
    assert channel.kind == "csv"
    assert isinstance(channel.options, CsvOptions)
    assert (channel.options.path, channel.options.columns) == (
        "till.csv", {"sku": "Item", "on_hand": "Qty"}
    )  # fmt: skip
