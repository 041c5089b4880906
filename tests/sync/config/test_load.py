"""skew.toml: what decodes, and how everything that is wrong with it is reported at once."""

from pathlib import Path

import pytest

from store.model import Direction, State
from sync import channels
from sync.config.load import load
from sync.errors import ConfigErrors
from tests.sync.config_text import SHOP, SMALLEST, errors_of, read


def test_the_smallest_configuration_has_the_defaults_of_the_design() -> None:
    settings = read(SMALLEST)

    channel = settings.channels["warehouse"]
    assert (settings.authority_quantity, settings.authority_state) == ("warehouse", "warehouse")
    assert channel.direction is Direction.OBSERVE
    assert (channel.every_ms, channel.stale_after_ms) == (60_000, 180_000)
    assert (channel.buffer, channel.share_ppm, channel.cap) == (0, 1_000_000, None)
    assert (channel.lag_ms, channel.timeout_ms, channel.read_back_within_ms) == (0, 30_000, 10_000)
    assert channel.report_missing
    assert channel.guard.max_zeroed_ppm == 100_000
    assert (settings.approval.mode, settings.approval.hold_ms) == ("manual", 5_000)
    assert settings.approval.expires_ms == 900_000
    assert settings.history_keep_ms == 90 * 86_400_000
    assert settings.warnings == ()


def test_how_long_a_write_may_take_to_show_is_the_kinds_own() -> None:
    table = """
[channels.store]
kind = "bigcommerce"
url = "https://api.bigcommerce.com/stores/abc123"
access_token = { env = "TOKEN" }
"""
    own = channels.kind("bigcommerce").ABILITIES.applies_within_ms
    settings = read(SMALLEST + table, {"TOKEN": "t"})
    assert settings.channels["store"].read_back_within_ms == own == 60_000
    assert settings.channels["warehouse"].read_back_within_ms == 10_000
    written = read(SMALLEST + table + 'read_back_within = "5s"', {"TOKEN": "t"})
    assert written.channels["store"].read_back_within_ms == 5_000


def test_every_key_reaches_the_settings() -> None:
    settings = read(
        SMALLEST.replace('quantity = "warehouse"', 'quantity = "warehouse"\nstate = "shop"')
        + SHOP
        + """
direction = "push"
every = "30s"
stale_after = "2m"
max_source_age = "1h"
lag = "4s"
timeout = "10s"
rate = 2.5
read_back_within = "20s"
missing = "ignore"
buffer = 2
share = "50%"
cap = 100
when_out = "sold-out"
units = 1
settle = { reduce = "30s", raise = "5m" }
guard = { max_changed = "90%" }
[[channels.shop.rules]]
skus = "DS-*"
sold = false
state = "hold"
[[authority.rules]]
skus = "DS-*"
quantity = "shop"
[approval]
mode = "rules"
hold = "0s"
expires = "1h"
second_person_above = 500
[[approval.rules]]
channel = "shop"
only = "reduce"
max_units = 5
[push]
max_skus = 10
max_units_per_hour = 1000
max_money = 2500.5
[guard]
max_zeroed = "20%"
[history]
keep = "7d"
[skew]
database = "cache/skew.db"
"""
    )

    shop = settings.channels["shop"]
    assert list(settings.channels) == ["warehouse", "shop"]
    assert settings.database == Path("cache/skew.db")
    assert (settings.authority_state, settings.authority_rules[0].quantity) == ("shop", "shop")
    assert shop.direction is Direction.PUSH
    assert (shop.every_ms, shop.stale_after_ms, shop.max_source_age_ms) == (
        30_000,
        120_000,
        3_600_000,
    )
    assert (shop.lag_ms, shop.timeout_ms, shop.rate_per_s) == (4_000, 10_000, 2.5)
    assert (shop.read_back_within_ms, shop.report_missing) == (20_000, False)
    assert (shop.buffer, shop.share_ppm, shop.cap) == (2, 500_000, 100)
    assert (shop.settle_reduce_ms, shop.settle_raise_ms) == (30_000, 300_000)
    assert (shop.rules[0].sold, shop.rules[0].state) == (False, State.HOLD)
    assert (settings.approval.second_person_above, settings.approval.hold_ms) == (500, 0)
    assert settings.approval.rules[0].max_units == 5
    assert (settings.push.max_skus, settings.push.max_units_per_hour) == (10, 1000)
    assert (settings.push.max_to_zero, settings.push.max_money) == (None, 2500.5)
    assert settings.history_keep_ms == 604_800_000


def test_a_channels_own_guard_lies_over_the_common_one() -> None:
    settings = read(
        SMALLEST + SHOP + 'guard = { max_changed = "90%" }\n[guard]\nmax_zeroed = "20%"\n'
    )
    shop, warehouse = settings.channels["shop"].guard, settings.channels["warehouse"].guard
    assert (shop.max_zeroed_ppm, shop.max_changed_ppm) == (200_000, 900_000)
    assert (warehouse.max_zeroed_ppm, warehouse.max_changed_ppm) == (200_000, 400_000)


def test_all_that_is_wrong_is_reported_at_once() -> None:
    errors = errors_of(
        """
[skew]
databse = "x.db"
[aproval]
mode = "manual"
[authority]
quantity = "warehose"
[channels.warehouse]
kind = "csv"
path = 5
every = 30
share = "150%"
buffer = -1
[channels.shop]
kind = "simulated"
url = "http://127.0.0.1:9/shop"
token = { env = "NOT_SET" }
evry = "5s"
[channels.market]
kind = "vendre"
[approval]
mode = "auto"
[[approval.rules]]
channel = "shp"
""",
        environ={},
    )

    assert errors == {
        "skew.databse": "skew.databse: is not a known key; did you mean `database`?",
        "aproval": "aproval: is not a known key; did you mean `approval`?",
        "authority.quantity": (
            'authority.quantity: "warehose" is not a channel; did you mean `warehouse`?'
        ),
        "channels.warehouse.path": (
            "channels.warehouse.path: must be text in quotes, not a whole number"
        ),
        "channels.warehouse.every": (
            "channels.warehouse.every: 30 is not a duration: write a number and a unit in quotes, "
            'such as "500ms", "30s", "5m", "2h" or "7d"'
        ),
        "channels.warehouse.share": (
            'channels.warehouse.share: "150%" is not a percentage: write "0%" to "100%" in '
            'quotes, such as "50%"'
        ),
        "channels.warehouse.buffer": "channels.warehouse.buffer: must be at least 0, not -1",
        "channels.shop.token": (
            "channels.shop.token: the environment variable NOT_SET is not set; "
            "export it before starting Skew"
        ),
        "channels.shop.evry": "channels.shop.evry: is not a known key; did you mean `every`?",
        "channels.market.kind": (
            'channels.market.kind: "vendre" is not a kind; did you mean `vendure`? '
            f"known: {', '.join(channels.KINDS)}"
        ),
        "approval.mode": 'approval.mode: must be "manual" or "rules", not "auto"',
        "approval.rules[0].channel": (
            'approval.rules[0].channel: "shp" is not a channel; did you mean `shop`?'
        ),
    }


@pytest.mark.parametrize(
    ("lines", "key", "says"),
    [
        ("", "authority.quantity", "is missing: add `quantity"),
        (
            '[authority]\nquantity = "shop"\nstate = "w"',
            "authority.state",
            '"w" is not a channel; known: shop',
        ),
        ('authority = "shop"', "authority", "write [authority]"),
        (
            '[authority]\nquantity = "shop"\n[[authority.rules]]\nskus = "A*"',
            "authority.rules[0]",
            "changes nothing",
        ),
        (
            '[authority]\nquantity = "shop"\n'
            + 2 * '[[authority.rules]]\nskus = "A*"\nstate = "shop"\n',
            "authority.rules[1].state",
            "authority.rules[0] already names a channel",
        ),
    ],
)
def test_each_attribute_has_one_authority_and_it_is_a_channel(
    lines: str, key: str, says: str
) -> None:
    assert says in errors_of(lines + "\n" + SHOP)[key]


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ('when_out = "gone"', "when_out", 'must be "sold-out"'),
        ('direction = "both"', "direction", 'must be "observe" or "push" or "two-way"'),
        ('every = "0s"', "every", "at least 100ms"),
        ("rate = 0", "rate", "more than 0"),
        ('settle = { rise = "5m" }', "settle.rise", "did you mean `raise`?"),
        ('rules = [{ skus = "A*" }]', "rules[0]", "changes nothing"),
        ("rules = [{ buffer = 1 }]", "rules[0].skus", "is missing"),
        ('rules = [{ skus = "A*", state = "gone" }]', "rules[0].state", '"active" or "preorder"'),
        ('guard = "none"', "guard", "must be a table"),
        ("buffer = true", "buffer", "must be a whole number, not true or false"),
    ],
)
def test_a_channels_wrong_key_is_named_with_the_remedy(line: str, key: str, says: str) -> None:
    assert says in errors_of(SMALLEST + SHOP + line)[f"channels.shop.{key}"]


def test_a_word_for_no_state_of_ours_is_refused_with_those_there_are() -> None:
    market = """
[channels.market]
kind = "http"
url = "http://127.0.0.1:9000/stock"
items = "items"
fields = { sku = "sku", available = "available", state = "state" }
states = { live = "alive", gone = "archived" }
"""
    errors = errors_of(SMALLEST + market)
    assert list(errors) == ["channels.market.states.live"]
    assert 'must be "active" or "preorder"' in errors["channels.market.states.live"]


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://shop.example.com/admin-api", True),
        ("http://192.168.1.20:3000/admin-api", True),
        ("https://shop.example.com/admin-api", False),
        ("http://localhost:3000/admin-api", False),
        ("http://127.0.0.1:3000/admin-api", False),
        ("http://[::1]:3000/admin-api", False),
    ],
)
def test_a_credential_over_plain_http_to_another_machine_is_warned_of(
    url: str, *, warned: bool
) -> None:
    table = f'[channels.shop]\nkind = "vendure"\nurl = "{url}"\napi_key = {{ env = "KEY" }}\n'
    assert any("unencrypted" in warning for warning in read(SMALLEST + table).warnings) is warned


def test_push_needs_a_way_to_write() -> None:
    errors = errors_of(SMALLEST + 'direction = "push"\n')
    assert "needs a way to write" in errors["channels.warehouse.direction"]


@pytest.mark.parametrize("name", ["-shop", "my shop", "shöp", "a" * 65])
def test_a_channels_name_is_plain(name: str) -> None:
    errors = errors_of(SMALLEST + f'[channels."{name}"]\nkind = "csv"\npath = "x"\n')
    assert any("letters, digits, - and _" in message for message in errors.values())


def test_without_channels_there_is_nothing_to_compare() -> None:
    assert "add a table [channels.NAME]" in errors_of("[authority]\nquantity = 'w'")["channels"]


def test_a_literal_secret_is_refused_and_never_echoed() -> None:
    errors = errors_of(SMALLEST + SHOP.replace('{ env = "SHOP_KEY" }', '"hunter2"'))
    assert "{ env =" in errors["channels.shop.token"]
    assert "hunter2" not in str(errors)


def test_a_secret_is_looked_up_only_where_asked_for() -> None:
    text = SMALLEST + SHOP
    assert read(text).channels["shop"].name == "shop"
    assert read(text, {"SHOP_KEY": "s3cret"}).channels["shop"].name == "shop"
    assert "SHOP_KEY is not set" in errors_of(text, {})["channels.shop.token"]
    assert "s3cret" not in repr(read(text, {"SHOP_KEY": "s3cret"}))


def test_what_is_hardly_meant_is_warned_of() -> None:
    settings = read(
        SMALLEST
        + SHOP.replace("[channels.shop]", '[channels.shop]\nevery = "1m"\nstale_after = "5s"')
        + '[approval]\nmode = "rules"\n'
    )
    assert len(settings.warnings) == 2
    assert "channels.shop.stale_after" in settings.warnings[0]
    assert "approves nothing" in settings.warnings[1]


def test_the_default_cache_is_one_of_its_own_for_each_configuration(tmp_path: Path) -> None:
    def database_of(name: str) -> Path:
        path = tmp_path / name / "skew.toml"
        path.parent.mkdir()
        path.write_text(SMALLEST)
        return load(path).database

    first, other = database_of("one"), database_of("other")
    assert first != other
    assert first.name.startswith("one-")
    assert first.is_absolute()


@pytest.mark.parametrize("written", ["loop", "loop/skew.db", "warehouse.csv/skew.db", "x" * 999])
def test_a_place_to_which_nothing_leads_is_no_place_for_the_cache(
    tmp_path: Path, written: str
) -> None:
    (tmp_path / "loop").symlink_to("again")
    (tmp_path / "again").symlink_to("loop")
    (tmp_path / "warehouse.csv").write_text("sku,available\n")
    path = tmp_path / "skew.toml"
    path.write_text(
        f"""[skew]
        database = "{written}"
        [authority]
        quantity = "warehouse"
        [channels.warehouse]
        kind = "csv"
        path = "warehouse.csv"
        """
    )

    with pytest.raises(ConfigErrors, match=r"skew\.database: .* can't be a file"):
        load(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[a]\nx = = 3\n", "line 2, column 5: Invalid value"),
        (b"[a]\nx = 1\nx = 2\n", "line 3"),
        (b"[a\n", "line 1"),
        (b"x = '\xff'\n", "not UTF-8: byte 5"),
        (b"a = " + b"[" * 9_000 + b"]" * 9_000, "too deep"),
        (b"a = " + b"{a=" * 9_000 + b"1" + b"}" * 9_000, "too deep"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_its_place(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "skew.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigErrors) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: {says}")


def test_a_file_that_is_not_there_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="`skew init` writes one"):
        load(tmp_path / "skew.toml")
    with pytest.raises(ConfigErrors, match="can't be read"):
        load(tmp_path)
