"""A real Vendure shop in a process of its own, and a way to ask it that is not ours.

Needs node and an installed `@vendure/core` (`tests/end_to_end/vendure/package.json`), in the folder
that SKEW_VENDURE_HOME names or beside that file.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECIPE = Path(__file__).parent / "vendure"
USER = "keeper"
PASSWORD = "keeper-s3cret"
START_S_MAX = 180


def missing() -> str | None:
    """Say why no shop can be started here, None if one can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (_home() / "node_modules" / "@vendure" / "core").is_dir():
        return f"no @vendure/core in {_home()}: npm install there, or set SKEW_VENDURE_HOME"
    return None


@dataclass(frozen=True)
class Shop:
    """A running shop, asked through its own APIs with the standard library only."""

    url: str
    token: str

    def admin(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask the Admin API. Fails on any error in the answer."""
        return self._ask("admin-api", query, variables, self.token)[0]

    def stock(self) -> dict[str, int]:
        """On hand of every variant, by SKU."""
        return {sku: on_hand for sku, (on_hand, _) in self._levels().items()}

    def saleable(self) -> dict[str, int]:
        """On hand less allocated; the shop has no threshold."""
        return {sku: on_hand - taken for sku, (on_hand, taken) in self._levels().items()}

    def _levels(self) -> dict[str, tuple[int, int]]:
        query = (
            "{productVariants(options:{take:1000})"
            "{items{sku stockLevels{stockOnHand stockAllocated}}}}"
        )
        return {
            variant["sku"]: (
                sum(level["stockOnHand"] for level in variant["stockLevels"]),
                sum(level["stockAllocated"] for level in variant["stockLevels"]),
            )
            for variant in self.admin(query)["productVariants"]["items"]
        }

    def variant(self, sku: str) -> dict[str, Any]:
        """One variant as the shop tells it."""
        query = (
            "query($sku:String!){productVariants(options:{filter:{sku:{eq:$sku}}})"
            "{items{id sku enabled stockLevels{stockLocationId stockOnHand stockAllocated}}}}"
        )
        (found,) = self.admin(query, sku=sku)["productVariants"]["items"]
        assert isinstance(found, dict)
        return found

    def put(self, sku: str, on_hand: int) -> None:
        """Somebody in the shop sets stock by hand."""
        level = {"stockLocationId": "1", "stockOnHand": on_hand}
        self.admin(
            "mutation($i:[UpdateProductVariantInput!]!){updateProductVariants(input:$i){id}}",
            i=[{"id": self.variant(sku)["id"], "stockLevels": [level]}],
        )

    def rename(self, sku: str, new: str) -> None:
        """Somebody in the shop gives the variant another SKU."""
        self.admin(
            "mutation($i:[UpdateProductVariantInput!]!){updateProductVariants(input:$i){id}}",
            i=[{"id": self.variant(sku)["id"], "sku": new}],
        )

    def put_all(self, on_hand: int) -> None:
        """Somebody in the shop sets the stock of everything at once."""
        found = self.admin("{productVariants(options:{take:1000}){items{id}}}")
        level = {"stockLocationId": "1", "stockOnHand": on_hand}
        self.admin(
            "mutation($i:[UpdateProductVariantInput!]!){updateProductVariants(input:$i){id}}",
            i=[
                {"id": variant["id"], "stockLevels": [level]}
                for variant in found["productVariants"]["items"]
            ],
        )

    def buy(self, sku: str, units: int) -> str:
        """A customer orders and pays, as the storefront would do it; answers the order's code."""
        token = ""
        address = {"streetLine1": "1 Quay", "countryCode": "IE"}
        customer = {"firstName": "Una", "lastName": "Daly", "emailAddress": "una@shop.example"}
        payment = {"method": "on-account", "metadata": {}}
        fields = "{__typename ...on ErrorResult{errorCode message} ...on Order{code}}"
        steps: list[tuple[str, dict[str, Any]]] = [
            (
                "mutation($id:ID!,$n:Int!){x:addItemToOrder(productVariantId:$id,quantity:$n)"
                + fields
                + "}",
                {"id": self.variant(sku)["id"], "n": units},
            ),
            (
                "mutation($c:CreateCustomerInput!){x:setCustomerForOrder(input:$c)" + fields + "}",
                {"c": customer},
            ),
            (
                "mutation($a:CreateAddressInput!){x:setOrderShippingAddress(input:$a)"
                + fields
                + "}",
                {"a": address},
            ),
            ("mutation{x:setOrderShippingMethod(shippingMethodId:[1])" + fields + "}", {}),
            (
                'mutation{x:transitionOrderToState(state:"ArrangingPayment")' + fields + "}",
                {},
            ),
            (
                "mutation($p:PaymentInput!){x:addPaymentToOrder(input:$p)" + fields + "}",
                {"p": payment},
            ),
        ]
        for query, variables in steps:
            answer, given = self._ask("shop-api", query, variables, token)
            assert answer["x"]["__typename"] == "Order", answer
            token = given or token
        return str(answer["x"]["code"])

    def fulfil(self, code: str, units: int) -> None:
        """Somebody packs so many of an order's first line."""
        handler = {"code": "manual-fulfillment", "arguments": [
            {"name": "method", "value": "post"}, {"name": "trackingCode", "value": "1"},
        ]}  # fmt: skip
        lines = [{"orderLineId": self._order(code)["lines"][0]["id"], "quantity": units}]
        self.admin(
            "mutation($i:FulfillOrderInput!){addFulfillmentToOrder(input:$i){__typename}}",
            i={"lines": lines, "handler": handler},
        )

    def cancel(self, code: str, units: int) -> None:
        """So many of an order's first line are cancelled, what was packed of them first."""
        order = self._order(code)
        lines = [{"orderLineId": order["lines"][0]["id"], "quantity": units}]
        answer = self.admin(
            "mutation($i:CancelOrderInput!){cancelOrder(input:$i){__typename}}",
            i={"orderId": order["id"], "lines": lines, "reason": "changed her mind"},
        )
        assert answer["cancelOrder"]["__typename"] == "Order", answer

    def _order(self, code: str) -> dict[str, Any]:
        query = "query($c:String!){orders(options:{filter:{code:{eq:$c}}}){items{id lines{id}}}}"
        (found,) = self.admin(query, c=code)["orders"]["items"]
        assert isinstance(found, dict)
        return found

    def _ask(
        self, api: str, query: str, variables: dict[str, Any], token: str
    ) -> tuple[dict[str, Any], str]:
        return _ask(f"{self.url}/{api}", query, variables, token)


@contextmanager
def running_shop(folder: Path, *, variants: int) -> Iterator[Shop]:
    """Start a shop on a free port and wait until it answers; end it with everything it started.

    It runs in `folder`, where it leaves files of its own.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {
        **os.environ,
        "NODE_PATH": str(_home() / "node_modules"),
        "SHOP_USER": USER,
        "SHOP_PASSWORD": PASSWORD,
        # A test talks to nobody but itself.
        "VENDURE_DISABLE_TELEMETRY": "true",
    }
    command = ["node", str(RECIPE / "shop.js"), str(port), str(variants)]
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        # A shop that never gets ready must not hang the run: its end closes the pipe.
        watchdog = threading.Timer(START_S_MAX, os.killpg, (process.pid, signal.SIGKILL))
        watchdog.start()
        try:
            assert process.stdout is not None
            assert any(line.strip() == "ready" for line in process.stdout), "the shop did not start"
            watchdog.cancel()
            url = f"http://127.0.0.1:{port}"
            login = "mutation($u:String!,$p:String!){login(username:$u,password:$p){__typename}}"
            _, token = _ask(f"{url}/admin-api", login, {"u": USER, "p": PASSWORD}, "")
            yield Shop(url, token)
        finally:
            watchdog.cancel()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _home() -> Path:
    return Path(os.environ.get("SKEW_VENDURE_HOME", RECIPE)).absolute()


def _ask(url: str, query: str, variables: dict[str, Any], token: str) -> tuple[dict[str, Any], str]:
    """Send one operation; answer its data and the token that came with it."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        answer = json.load(reply)
        assert not answer.get("errors"), answer
        return answer["data"], reply.headers.get("vendure-auth-token", "")
