"""A real Medusa shop with two stock locations, and a way to ask it that is not ours.

Needs node, PostgreSQL, and the packages of `tests/end_to_end/medusa/package.json`, installed in the
folder that SKEW_MEDUSA_HOME names.
"""

import base64
import json
import os
import shutil
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.end_to_end.servers import postgres
from tests.end_to_end.servers.processes import free_port, ran, running

RECIPE = Path(__file__).parents[1] / "medusa"
USER = "keeper@shop.example"
PASSWORD = "keeper-s3cret"
LOCATIONS = ("Quay", "Hill")


def missing() -> str | None:
    """Say why no shop can be started here, None if one can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (_home() / "node_modules" / "@medusajs" / "medusa").is_dir():
        return f"no @medusajs/medusa in {_home()}: npm install there, or set SKEW_MEDUSA_HOME"
    return postgres.missing()


@dataclass
class Medusa:
    """A running shop, asked through its Admin API with the standard library only."""

    url: str
    authorization: str = ""
    key: str = ""
    """The secret API key."""
    locations: dict[str, str] = field(default_factory=dict)
    """Ids by name."""
    items: dict[str, str] = field(default_factory=dict)
    """Ids of inventory items by SKU."""

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Send a request. Fails unless the shop agrees."""
        headers = {"Content-Type": "application/json"}
        if self.authorization:
            headers["Authorization"] = self.authorization
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)

    def levels(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Stocked and reserved, by SKU and the location's name."""
        names = {identity: name for name, identity in self.locations.items()}
        answer = self.ask("GET", "/admin/inventory-items?limit=1000&fields=sku,*location_levels")
        return {
            item["sku"]: {
                names[level["location_id"]]: (level["stocked_quantity"], level["reserved_quantity"])
                for level in item["location_levels"]
            }
            for item in answer["inventory_items"]
        }

    def put(self, sku: str, location: str, stocked: int) -> None:
        """Somebody in the shop sets stock by hand."""
        path = f"/admin/inventory-items/{self.items[sku]}/location-levels"
        self.ask("POST", f"{path}/{self.locations[location]}", {"stocked_quantity": stocked})

    def reserve(self, sku: str, location: str, units: int) -> None:
        """Hold units for an order, as Medusa does when one is placed."""
        self.ask("POST", "/admin/reservations", {
            "inventory_item_id": self.items[sku],
            "location_id": self.locations[location], "quantity": units,
        })  # fmt: skip

    def sell_kit(self, sku: str, parts: Mapping[str, int]) -> None:
        """Sell a variant that takes so many pieces of each of these SKUs."""
        (profile,) = self.ask("GET", "/admin/shipping-profiles")["shipping_profiles"]
        takes = [
            {"inventory_item_id": self.items[part], "required_quantity": needed}
            for part, needed in parts.items()
        ]
        self.ask("POST", "/admin/products", {
            "title": sku, "status": "published", "shipping_profile_id": profile["id"],
            "options": [{"title": "size", "values": ["one"]}],
            "variants": [
                {"title": sku, "sku": sku, "manage_inventory": True, "options": {"size": "one"},
                 "inventory_items": takes, "prices": [{"amount": 5, "currency_code": "eur"}]},
            ],
        })  # fmt: skip

    def rename_variant(self, sku: str, new: str) -> None:
        """Give the variant another SKU; its inventory item keeps the old one."""
        path = f"/admin/product-variants?sku={sku}&fields=id,product_id"
        (variant,) = self.ask("GET", path)["variants"]
        path = f"/admin/products/{variant['product_id']}/variants/{variant['id']}"
        self.ask("POST", path, {"sku": new})

    def revoke_key(self) -> None:
        """Somebody in the shop revokes the API key."""
        (found,) = self.ask("GET", "/admin/api-keys?type=secret")["api_keys"]
        self.sign_in()
        self.ask("POST", f"/admin/api-keys/{found['id']}/revoke", {})

    def new_key(self) -> None:
        """Somebody in the shop makes an API key, and uses it."""
        self.sign_in()
        made = self.ask("POST", "/admin/api-keys", {"title": "skew", "type": "secret"})
        self.key = made["api_key"]["token"]
        token = base64.b64encode(f"{self.key}:".encode()).decode()
        self.authorization = f"Basic {token}"

    def sign_in(self) -> None:
        """Sign in as the user."""
        self.authorization = ""
        answer = self.ask("POST", "/auth/user/emailpass", {"email": USER, "password": PASSWORD})
        self.authorization = f"Bearer {answer['token']}"


@contextmanager
def running_medusa(
    folder: Path, stock: Mapping[str, Mapping[str, int]], *, token_lives: str = "1d"
) -> Iterator[Medusa]:
    """Start PostgreSQL and a shop in `folder`, and put `stock` into it, by SKU and location."""
    port = free_port()
    shop = folder / "shop"
    shop.mkdir()
    for name in ("package.json", "medusa-config.js"):
        shutil.copy(RECIPE / name, shop)
    (shop / "node_modules").symlink_to(_home() / "node_modules")
    medusa = ["node", "node_modules/.bin/medusa"]
    with postgres.shop_database("medusa") as database:
        environ = {
            "DATABASE_URL": database.url,
            "TOKEN_LIVES": token_lives,
            "NODE_ENV": "production",
            # A test talks to nobody but itself.
            "MEDUSA_DISABLE_TELEMETRY": "true",
        }
        ran([*medusa, "db:migrate"], shop, environ)
        ran([*medusa, "user", "-e", USER, "-p", PASSWORD], shop, environ)
        url = f"http://127.0.0.1:{port}"
        start = [*medusa, "start", "-H", "127.0.0.1", "-p", str(port)]
        with running(start, shop, environ, ready=f"{url}/health"):
            found = Medusa(url)
            found.new_key()
            _fill(found, stock)
            yield found


def _fill(shop: Medusa, stock: Mapping[str, Mapping[str, int]]) -> None:
    for name in LOCATIONS:
        place = {"name": name, "address": {"address_1": f"1 {name}", "country_code": "ie"}}
        made = shop.ask("POST", "/admin/stock-locations", place)
        shop.locations[name] = made["stock_location"]["id"]
    (profile,) = shop.ask("GET", "/admin/shipping-profiles")["shipping_profiles"]
    products = [
        {
            "title": sku, "status": "published", "shipping_profile_id": profile["id"],
            "options": [{"title": "size", "values": ["one"]}],
            "variants": [
                {"title": sku, "sku": sku, "manage_inventory": True, "options": {"size": "one"},
                 "prices": [{"amount": 5, "currency_code": "eur"}]},
            ],
        }
        for sku in stock
    ]  # fmt: skip
    for at in range(0, len(products), 50):
        shop.ask("POST", "/admin/products/batch", {"create": products[at : at + 50]})
    listed = shop.ask("GET", "/admin/inventory-items?limit=1000&fields=id,sku")
    shop.items = {item["sku"]: item["id"] for item in listed["inventory_items"]}
    levels = [
        {
            "inventory_item_id": shop.items[sku],
            "location_id": shop.locations[location], "stocked_quantity": quantity,
        }
        for sku, at in stock.items()
        for location, quantity in at.items()
    ]  # fmt: skip
    shop.ask("POST", "/admin/inventory-items/location-levels/batch", {"create": levels})


def _home() -> Path:
    return Path(os.environ.get("SKEW_MEDUSA_HOME", RECIPE)).absolute()
