"""A real Tryton server with a company, its warehouse and goods in stock.

It is installed in a virtual environment of its own, which SKEW_TRYTON_HOME names:
`pip install trytond trytond-stock`.
"""

import base64
import json
import os
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.end_to_end.servers.processes import free_port, ran, running

USER = "admin"
PASSWORD = "keeper-s3cret"
DATABASE = "acme"
STORAGE = "STO"


def missing() -> str | None:
    """Say why no server can be started here, None if one can."""
    if not (_programs() / "trytond").exists():
        return "no trytond: install it into an environment, and set SKEW_TRYTON_HOME"
    return None


@dataclass
class Tryton:
    """A running server, asked over JSON-RPC with the standard library only."""

    url: str
    """With the database's name."""
    _session: str = ""
    locations: dict[str, int] = field(default_factory=dict)
    """Ids by code."""
    products: dict[str, int] = field(default_factory=dict)
    """Ids by SKU."""

    def call(self, method: str, *params: Any) -> Any:
        """Call a method of a model. Fails on any error in the answer."""
        context = {"company": 1}
        answer = _ask(self.url, f"model.{method}", [*params, context], self._session)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def stock(self) -> dict[str, int]:
        """What is in the storage, by SKU."""
        return self._quantities({})

    def available(self) -> dict[str, int]:
        """What is in the storage and not assigned to an order, by SKU."""
        return self._quantities({"stock_assign": True})

    def _quantities(self, how: dict[str, object]) -> dict[str, int]:
        context = {"company": 1, "locations": [self.locations[STORAGE]], **how}
        params = [[], 0, None, None, ["code", "quantity"], context]
        answer = _ask(self.url, "model.product.product.search_read", params, self._session)
        return {row["code"]: int(row["quantity"]) for row in answer["result"] if row["code"]}

    def count(self, counted: dict[str, int]) -> None:
        """Somebody counts some goods in the storage and confirms the inventory."""
        lines = [
            ("create", [{"product": self.products[sku], "quantity": quantity}])
            for sku, quantity in counted.items()
        ]
        values = {"location": self.locations[STORAGE], "lines": lines, "company": 1}
        created = self.call("stock.inventory.create", [values])
        self.call("stock.inventory.confirm", created)

    def drafts(self) -> list[int]:
        """The ids of inventories that nobody has confirmed."""
        wanted = [["state", "=", "draft"]]
        rows = self.call("stock.inventory.search_read", wanted, 0, None, None, ["number"])
        return [row["id"] for row in rows]

    def order(self, sku: str, units: int) -> int:
        """A customer's shipment is made and its goods are assigned; answers its id."""
        (party,) = self.call(
            "party.party.create", [{"name": "Una", "addresses": [("create", [{"city": "Cork"}])]}]
        )
        (address,) = self.call("party.address.search", [["party", "=", party]], 0, 1, None)
        move = {
            "product": self.products[sku], "quantity": units, "unit": 1, "company": 1,
            "from_location": self.locations["OUT"], "to_location": self.locations["CUS"],
            "unit_price": {"__class__": "Decimal", "decimal": "5"}, "currency": 1,
        }  # fmt: skip
        shipment = {
            "customer": party, "delivery_address": address, "company": 1,
            "warehouse": self.locations["WH"],
            "warehouse_storage": self.locations[STORAGE],
            "warehouse_output": self.locations["OUT"],
        }  # fmt: skip
        created = self.call("stock.shipment.out.create", [shipment])
        self.call("stock.shipment.out.write", created, {"outgoing_moves": [("create", [move])]})
        self.call("stock.shipment.out.wait", created)
        self.call("stock.shipment.out.assign_try", created)
        (made,) = self.call("stock.shipment.out.read", created, ["state"])
        assert made["state"] == "assigned", made
        return int(created[0])

    def change_password(self, new: str) -> None:
        """Somebody changes the user's password, which ends the user's sessions."""
        self.call("res.user.write", [1], {"password": new})
        self.sign_in(new)

    def sign_in(self, password: str) -> None:
        login = _ask(self.url, "common.db.login", [USER, {"password": password}], "")
        identity, session, _ = login["result"]
        self._session = base64.b64encode(f"{USER}:{identity}:{session}".encode()).decode()


@contextmanager
def running_tryton(folder: Path, stock: dict[str, int]) -> Iterator[Tryton]:
    """Make a database in `folder`, start a server for it, and put goods into its storage."""
    port = free_port()
    (folder / "data").mkdir()
    (folder / "data" / f"{DATABASE}.sqlite").touch()
    (folder / "password").write_text(PASSWORD)
    configuration = folder / "trytond.conf"
    configuration.write_text(
        f"[database]\nuri = sqlite://\npath = {folder / 'data'}\n[web]\nlisten = 127.0.0.1:{port}\n"
    )
    chosen = ("-c", str(configuration), "-d", DATABASE)
    asked = ("-u", "stock", "--activate-dependencies", "-p", "--email", "keeper@shop.example")
    environ = {"TRYTONPASSFILE": str(folder / "password")}
    ran([str(_programs() / "trytond-admin"), *chosen, *asked], folder, environ)
    command = [str(_programs() / "trytond"), *chosen]
    with running(command, folder, {}, ready=port):
        server = Tryton(f"http://127.0.0.1:{port}/{DATABASE}")
        server.sign_in(PASSWORD)
        _fill(server, stock)
        yield server


def _fill(server: Tryton, stock: dict[str, int]) -> None:
    (currency,) = server.call(
        "currency.currency.create",
        [{"name": "Euro", "code": "EUR", "symbol": "€", "digits": 2}],
    )
    (party,) = server.call("party.party.create", [{"name": "Acme"}])
    (company,) = server.call("company.company.create", [{"party": party, "currency": currency}])
    server.call("res.user.write", [1], {"companies": [("add", [company])], "company": company})
    rows = server.call("stock.location.search_read", [], 0, None, None, ["code"])
    server.locations = {row["code"]: row["id"] for row in rows if row["code"]}
    articles = [
        {
            "name": f"Article {sku}", "type": "goods", "default_uom": 1,
            "products": [("create", [{"suffix_code": sku}])],
        }
        for sku in stock
    ]  # fmt: skip
    for some in _by_forty(articles):
        server.call("product.template.create", some)
    rows = server.call("product.product.search_read", [], 0, None, None, ["code"])
    server.products = {row["code"]: row["id"] for row in rows}
    for skus in _by_forty(list(stock)):
        server.count({sku: stock[sku] for sku in skus})


def _by_forty(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """SQLite can't parse what Tryton asks of more than a hundred at once."""
    for at in range(0, len(rows), 40):
        yield rows[at : at + 40]


def _programs() -> Path:
    return Path(os.environ.get("SKEW_TRYTON_HOME", "/nonexistent")) / "bin"


def _ask(url: str, method: str, params: Sequence[Any], session: str) -> dict[str, Any]:
    """Send one call; answers all of the answer."""
    body = json.dumps({"id": 0, "method": method, "params": params}).encode()
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    if session:
        headers["Authorization"] = f"Session {session}"
    request = urllib.request.Request(f"{url}/rpc/", body, headers)
    with urllib.request.urlopen(request, timeout=60) as reply:
        answer = json.load(reply)
        assert isinstance(answer, dict)
        return answer
