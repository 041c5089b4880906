"""A real EverShop, and a way to ask it that is not ours.

Needs node, PostgreSQL, and EverShop built in the folder that SKEW_EVERSHOP_HOME names: copy
`tests/end_to_end/evershop` there, `npm install`, and run its `prepare.sh`.
"""

import http.cookiejar
import itertools
import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import databases
from tests.end_to_end.servers import postgres
from tests.end_to_end.servers.postgres import ShopDatabase
from tests.end_to_end.servers.processes import free_port, ran, running

RECIPE = Path(__file__).parents[1] / "evershop"
USER = "keeper@shop.example"
PASSWORD = "keeper-s3cret"


def missing() -> str | None:
    """Say why no shop can be started here, None if one can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (_home() / "node_modules" / "@evershop" / "evershop").is_dir():
        return f"no @evershop/evershop in {_home()}: npm install there, or set SKEW_EVERSHOP_HOME"
    if not (_home() / ".built").exists():
        return f"EverShop is not built in {_home()}: run prepare.sh there"
    return postgres.missing()


_addresses = itertools.count(1)


def another_address() -> dict[str, str]:
    """The header by which the shop takes a client for another one."""
    number = next(_addresses)
    return {"X-Forwarded-For": f"10.0.{number // 250}.{1 + number % 250}"}


@dataclass
class EverShop:
    """A running shop, asked as its admin panel asks it, with the standard library only."""

    url: str
    database: ShopDatabase
    folder: Path
    environ: dict[str, str]
    """What its commands need."""
    products: dict[str, str] = field(default_factory=dict)
    """Ids by SKU."""
    _opener: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
    )

    def ask(self, method: str, path: str, body: object) -> Any:
        """Send a request. Fails unless the shop agrees."""
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **another_address()}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=60) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()!r}") from error

    def stock(self) -> dict[str, int]:
        """What the shop's database has, by SKU: it allows no more than 120 requests a minute."""
        rows = self.database.rows(
            "SELECT sku, qty FROM product"
            " JOIN product_inventory ON product_inventory_product_id = product_id"
        )
        return {str(sku): int(quantity) for sku, quantity in rows}

    def put(self, sku: str, quantity: int) -> None:
        """Somebody in the shop sets stock by hand."""
        self.ask("PATCH", f"/api/products/{self.products[sku]}", {"qty": quantity})

    def disable(self, sku: str) -> None:
        """Somebody takes a product off sale."""
        self.ask("PATCH", f"/api/products/{self.products[sku]}", {"status": 0})

    def enable(self, sku: str) -> None:
        self.ask("PATCH", f"/api/products/{self.products[sku]}", {"status": 1})

    def buy(self, sku: str, units: int) -> str:
        """A customer orders, to be paid on delivery; answers the order's number."""
        # Nothing is to be shipped: so the shop needs no ways and zones of shipping.
        self.ask("PATCH", f"/api/products/{self.products[sku]}", {"no_shipping_required": 1})
        self.ask("POST", "/api/settings", {"codPaymentStatus": 1})
        customer = {"customer_full_name": "Una Daly", "customer_email": "una@shop.example"}
        goods = {"items": [{"sku": sku, "qty": units}]}
        cart = self.ask("POST", "/api/carts", {**customer, **goods})["data"]["cartId"]
        address = {
            "full_name": "Una Daly", "telephone": "1", "address_1": "1 Quay", "city": "Cork",
            "country": "US", "province": "US-CA", "postcode": "90001",
        }  # fmt: skip
        for kind in ("billing", "shipping"):
            place = {"address": address, "type": kind}
            self.ask("POST", f"/api/carts/{cart}/addresses", place)
        self.ask("POST", f"/api/carts/{cart}/paymentMethods", {"method_code": "cod"})
        order = self.ask("POST", "/api/orders", {"cart_id": cart})
        return str(order["data"]["order_number"])

    def make_variants(self, skus: Sequence[str]) -> None:
        """Somebody makes some products the variants of one: a fit each."""
        fits = [{"option_text": sku} for sku in skus]
        self.ask("POST", "/api/attributes", {
            "attribute_code": "fit", "attribute_name": "Fit", "type": "select", "is_required": 0,
            "display_on_frontend": 1, "is_filterable": 0, "groups": [1], "options": fits,
        })  # fmt: skip
        rows = self.database.rows("SELECT attribute_option_id, option_text FROM attribute_option")
        options = {sku: number for number, sku in rows}
        group = {"attribute_codes": ["fit"], "attribute_group_id": 1}
        made = self.ask("POST", "/api/variantGroups", group)
        for sku in skus:
            product = self.products[sku]
            fit = {"attribute_code": "fit", "value": str(options[sku])}
            self.ask("PATCH", f"/api/products/{product}", {"group_id": 1, "attributes": [fit]})
            items = f"/api/variantGroups/{made['data']['uuid']}/items"
            self.ask("POST", items, {"product_id": product})

    def end_sessions(self) -> None:
        """Let every session end, as it does a day after its last use."""
        self.database.run("DELETE FROM session")

    def change_password(self, new: str) -> None:
        """Somebody changes the user's password; sessions that are open stay open."""
        # Its own command for it, user:changePassword, is broken in 2.2.1: take another user's.
        other = f"{new}@shop.example"
        person = ("--email", other, "--password", new, "--name", "Other")
        ran([*_EVERSHOP, "user:create", *person], self.folder, self.environ)
        self.database.run(
            "UPDATE admin_user SET password ="
            f" (SELECT password FROM admin_user WHERE email = '{other}') WHERE email = '{USER}'"
        )

    def sign_in(self) -> None:
        """Sign in as the user, in the panel's way."""
        self.ask("POST", "/admin/user/login", {"email": USER, "password": PASSWORD})


_EVERSHOP = ("node", "node_modules/.bin/evershop")


@contextmanager
def running_evershop(folder: Path, stock: Mapping[str, int]) -> Iterator[EverShop]:
    """Start PostgreSQL and a shop in `folder`, and put `stock` into it, by SKU."""
    port = free_port()
    shop = folder / "shop"
    shop.mkdir()
    shutil.copytree(RECIPE, shop, dirs_exist_ok=True)
    for name in ("node_modules", ".evershop"):
        (shop / name).symlink_to(_home() / name)
    for name in ("config", "media", "public", "themes", "extensions", "translations"):
        (shop / name).mkdir()
    (shop / "config" / "default.json").write_text("{}")
    with postgres.shop_database("evershop") as database:
        environ = {
            "DB_HOST": database.server.host,
            "DB_PORT": str(database.server.port),
            "DB_NAME": database.name,
            "DB_USER": "skew",
            "DB_PASSWORD": databases.PASSWORD,
            "DB_SSLMODE": "disable",
            "PORT": str(port),
            "NODE_ENV": "production",
            # It takes few requests and fewer sign-ins of one address: as behind a proxy, each
            # client here has one of its own.
            "TRUST_PROXY_HOPS": "1",
            # It would listen on every interface.
            "NODE_OPTIONS": f"--require {shop / 'bind-loopback.cjs'}",
            **{name: f"loopback-only-loopback-only-{name}" for name in _SIGNED_WITH},
        }
        url = f"http://127.0.0.1:{port}"
        with running([*_EVERSHOP, "start"], shop, environ, ready=f"{url}/api/nothing"):
            person = ("--email", USER, "--password", PASSWORD, "--name", "Keeper")
            ran([*_EVERSHOP, "user:create", *person], shop, environ)
            found = EverShop(url, database, shop, environ)
            found.sign_in()
            for sku, quantity in stock.items():
                _add(found, sku, quantity)
            yield found


_SIGNED_WITH = ("JWT_ADMIN_SECRET", "JWT_ADMIN_REFRESH_SECRET", "JWT_CUSTOMER_SECRET",
                "JWT_CUSTOMER_REFRESH_SECRET", "COOKIE_SECRET")  # fmt: skip


def _add(shop: EverShop, sku: str, quantity: int) -> None:
    made = shop.ask("POST", "/api/products", {
        "name": sku, "sku": sku, "url_key": sku.lower(), "price": 5, "weight": 1, "qty": quantity,
        "status": 1, "visibility": 1, "manage_stock": 1, "stock_availability": 1, "group_id": 1,
        "package_id": 1, "description": [], "meta_title": sku, "meta_description": sku,
    })  # fmt: skip
    shop.products[sku] = made["data"]["uuid"]


def _home() -> Path:
    return Path(os.environ.get("SKEW_EVERSHOP_HOME", RECIPE)).absolute()
