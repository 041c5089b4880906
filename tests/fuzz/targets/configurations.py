"""Files that an operator writes, or gets: `skew.toml`, `console.toml`, views, looks."""

import tempfile
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from console import preferences
from console.tui.session import memory, saved_views
from store.database.connection import Database
from sync.config import receipts
from sync.config.load import load
from sync.errors import ConfigErrors
from tests.fuzz.commands import fit_for_people, skew
from tests.fuzz.oracle import FuzzTarget

ROOT = Path(__file__).parents[3]
WORDS = (
    "[channels.",
    "kind = ",
    "[authority]",
    "quantity",
    "[[authority.rules]]",
    "every",
    "env",
    "file",
    "keyring",
    "direction",
    "push",
    "two-way",
    "settle",
    "raise",
    "reduce",
    "guard",
    "approval",
    "share",
    "buffer",
    "cap",
    "aliases",
    "locations",
    "units",
    "states",
    "ready",
    "base",
    "events",
    "'''",
    '"""',
    "\\u0000",
    "\\ud800",
    "1979-05-27",
    "0x",
    "inf",
    "nan",
    "catalogue",
    "notify",
    "serve",
    "webhooks",
)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="skew-fuzz-"))
    (folder / "warehouse.csv").write_text("sku,available\nLAMP,14\n")
    (folder / "bundles.csv").write_bytes((ROOT / "sample_data/exceptions/bundles.csv").read_bytes())
    return folder


def configuration(content: bytes) -> None:
    """It is read, and checked offline by the command."""
    path = _folder() / "skew.toml"
    path.write_bytes(content)
    try:
        load(path, {})
    except ConfigErrors as errors:
        for error in errors.errors:
            str(error).encode()
        right = False
    else:
        right = True
    code, printed = skew(_folder(), "check", "--config", str(path))
    assert right or code == 2, printed


def _configurations() -> Iterable[bytes]:
    for path in sorted(ROOT.glob("sample_data/**/*.toml")):
        yield path.read_bytes()
    for kind in ("shopify", "odoo", "amazon", "sql", "csv", "square"):
        yield (
            f'[authority]\nquantity = "warehouse"\n'
            f'[channels.warehouse]\nkind = "csv"\npath = "warehouse.csv"\n'
            f'[channels.shop]\nkind = "{kind}"\nurl = "https://shop.example"\n'
            f'token = {{ env = "X" }}\n'
        ).encode()


def console(content: bytes) -> None:
    path = _folder() / "console.toml"
    path.write_bytes(content)
    with suppress(ConfigErrors):
        preferences.load(path)


def _consoles() -> Iterable[bytes]:
    yield b'theme = "dark"\nbell = true\noperator = "ana"\n[keys]\napprove = "a"\nhelp = ["f1"]\n'
    yield b"ascii = true\n[keys]\nbelieve = 'ctrl+b'\n"


def views(content: bytes) -> None:
    path = _folder() / "views.toml"
    path.write_bytes(content)
    with suppress(ConfigErrors):
        found = saved_views.read(path, ("warehouse", "shop"))
        path.write_text(saved_views.written(found))
        assert saved_views.read(path, ("warehouse", "shop")) == found


def _views() -> Iterable[bytes]:
    yield b'[mine]\npage = "disagreements"\nfilter = "channel:shop risk>100"\nsort = "money"\n'
    yield b'[mine]\npage = "updates"\nfilter = "x"\ncolumns = ["sku"]\n'


def looks(content: bytes) -> None:
    """What the console remembers of its last run."""
    folder = _folder() / "state"
    folder.mkdir(exist_ok=True)
    configured = folder / "skew.toml"
    for name in ("console", memory.key_of(configured)):
        (folder / f"{name}.json").write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "folder", lambda: folder)
        found = memory.recall(configured)
    fit_for_people(found.trouble)


def _looks() -> Iterable[bytes]:
    yield b'{"page": "updates", "pages": {"updates": {"filter": "a", "columns": ["sku"]}}}'
    yield b'{"theme": "dark", "operator": "ana"}'


def receipt(content: bytes) -> None:
    """What a command left for the next one: `skew status` answers whatever is in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(_folder() / "cache"))
        path = _folder() / "receipt.toml"
        place = Path(receipts._place(path))
        place.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            '[skew]\ndatabase = "receipt.db"\n[authority]\nquantity = "w"\n'
            '[channels.w]\nkind = "csv"\npath = "warehouse.csv"\n'
        )
        if not (_folder() / "receipt.db").exists():
            Database.open(_folder() / "receipt.db").close()
        place.write_bytes(content)
        skew(_folder(), "status", "--config", str(path))


def _receipts() -> Iterable[bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(_folder() / "cache"))
        receipt(b"{}")
        yield Path(receipts._place(_folder() / "receipt.toml")).read_bytes()


TARGETS = {
    "configuration: skew.toml": FuzzTarget(_configurations, configuration, WORDS),
    "configuration: console.toml": FuzzTarget(_consoles, console, ("[keys]", "ctrl+", "shift+")),
    "configuration: views": FuzzTarget(
        _views, views, ("filter", "sort", "columns", "page", "group")
    ),
    "configuration: looks": FuzzTarget(_looks, looks),
    "configuration: receipt": FuzzTarget(_receipts, receipt),
}
