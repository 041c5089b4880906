"""Every registered kind of channel, ready for the contract suite: real, on this machine."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sync import channels
from sync.channels.csv.channel import QUIET_MS
from sync.simulation.server import WorldServer
from tests.contract.backends import Market, Simulated
from tests.contract.doors import DOORS, USUAL
from tests.contract.harness import (
    SECRET,
    Harness,
    QuickClock,
    over_http,
    stocked,
)
from tests.contract.sql_backend import sqlite_file
from tests.fakes.adobe_commerce import AdobeShop
from tests.fakes.amazon import Amazon
from tests.fakes.bigcommerce import BigCommerceStore
from tests.fakes.ebay import EbaySeller
from tests.fakes.erpnext import ErpNextSiteFake
from tests.fakes.medusa import MedusaShop
from tests.fakes.odoo import OdooShop
from tests.fakes.shopify import Shopify
from tests.fakes.square import SquareSeller
from tests.fakes.tryton import TrytonServer
from tests.fakes.vendure import Vendure
from tests.fakes.woocommerce import WooCommerceShop
from tests.simulation.small_world import small_world


@dataclass
class DroppedFile:
    """The `csv` kind's harness: the warehouse drops its file anew after every change."""

    base: Path
    kind: str = "csv"
    many = 1_200
    stock: dict[str, str] = field(default_factory=dict)

    def table(self) -> dict[str, Any]:
        return {"path": "stock.csv", "delimiter": "\t"}

    def put(self, sku: str, quantity: int) -> None:
        self.corrupt(sku, str(quantity))

    def shown(self, sku: str) -> int:
        return int(self.stock[sku])

    def corrupt(self, sku: str, raw: str) -> None:
        self.stock[sku] = raw.strip('"')
        rows = ["sku\tavailable"]
        rows += ['"{}"\t{}'.format(s.replace('"', '""'), n) for s, n in self.stock.items()]
        self._drop("".join(f"{row}\n" for row in rows))

    def garble(self) -> None:
        self._drop("<html>Sign in</html>\n")

    def vanish(self) -> None:
        (self.base / "stock.csv").unlink()

    def _drop(self, content: str) -> None:
        path = self.base / "stock.csv"
        path.write_text(content)
        then = time.time() - QUIET_MS / 1000 - 1
        os.utime(path, (then, then))


@contextmanager
def _file(base: Path) -> Iterator[Harness]:
    harness = DroppedFile(base)
    harness.put("FIRST", 1)
    yield harness


@contextmanager
def _simulated(base: Path) -> Iterator[Harness]:
    world = small_world()
    for item in list(world.channel("shop").items()):
        world.channel("shop").drop(item.sku)
    with (
        WorldServer(world, tokens={"shop": SECRET}, clock=QuickClock()) as server,
        over_http(Simulated(server, world), base) as harness,
    ):
        yield harness


def _behind(door: str, base: Path) -> AbstractContextManager[Harness]:
    return over_http(Market(door=DOORS[door]()), base)


HARNESSES: dict[str, Callable[[Path], AbstractContextManager[Harness]]] = {
    "amazon": lambda base: over_http(Amazon(), base),
    "bigcommerce": lambda base: over_http(BigCommerceStore(), base),
    "adobe-commerce": lambda base: over_http(AdobeShop(), base),
    "csv": _file,
    "ebay": lambda base: over_http(EbaySeller(), base),
    "erpnext": lambda base: over_http(ErpNextSiteFake(), base),
    "http": lambda base: over_http(Market(), base),
    "medusa": lambda base: over_http(MedusaShop(), base),
    "odoo": lambda base: over_http(OdooShop(), base),
    "odoo, json-rpc": lambda base: over_http(OdooShop(is_rpc=True), base),
    "odoo, each warehouse": lambda base: over_http(OdooShop(keys={}), base),
    "shopify": lambda base: over_http(Shopify(), base),
    "simulated": _simulated,
    "sql": sqlite_file,
    "square": lambda base: over_http(SquareSeller(), base),
    "tryton": lambda base: over_http(TrytonServer(), base),
    "vendure": lambda base: over_http(Vendure(), base),
    "woocommerce": lambda base: over_http(WooCommerceShop(), base),
    **{f"http, {door}": partial(_behind, door) for door in DOORS},
}


NETWORKED = sorted(set(channels.KINDS) - {"csv", "sql"})


WRITING = sorted(
    kind for kind in set(channels.KINDS) - {"csv"} if channels.kind(kind).ABILITIES.writes
)
"""Those whose writes show at once. A file of updates is read by something else, some time later."""
WRITING_OVER_HTTP = sorted(set(WRITING) & set(NETWORKED))


TELLING = sorted(kind for kind in channels.KINDS if channels.kind(kind).ABILITIES.events)


EXAMPLES = ("http", "vendure", "shopify", "woocommerce")
"""By these kinds the plain run tries what all share: the transport, and how its faults are met."""


def by_example(kinds: list[str]) -> list[Any]:
    """These kinds, and in the long run all the others, and those with other doors."""
    shown = [
        kind if kind in EXAMPLES else pytest.param(kind, marks=pytest.mark.long) for kind in kinds
    ]
    return [*shown, *behind_doors([])]


def behind_doors(kinds: list[str]) -> list[Any]:
    """These kinds, and in the long run those with other doors, APIs or keys."""
    doors = [f"http, {door}" for door in USUAL]
    doors += ["odoo, json-rpc", "odoo, each warehouse"]
    return [*kinds, *(pytest.param(name, marks=pytest.mark.long) for name in doors)]


@contextmanager
def running(kind: str, base: Path) -> Iterator[Harness]:
    """Run one kind's channel with three listings; a kind without a harness fails here."""
    with HARNESSES[kind](base) as found:
        yield stocked(found)
