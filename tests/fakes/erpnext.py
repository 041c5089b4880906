"""Frappe's REST and ERPNext's stock, as their documents and source say, on a dict of bins."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.loopback import Answer, ReceivedRequest

STORES = "Stores - EX"
COMPANY = "Example GmbH"
CREDENTIAL = {"env": SECRET_NAME}
QUANTITIES = (
    "actual_qty", "reserved_qty", "reserved_qty_for_production", "reserved_qty_for_sub_contract",
)  # fmt: skip


@dataclass
class ErpNextSiteFake:
    """One site. Its numbers are floats, its check boxes 0 and 1, its times without an offset."""

    kind: str = "erpnext"
    warehouses: dict[str, dict[str, Any]] = field(default_factory=dict)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    bins: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    documents: list[dict[str, Any]] = field(default_factory=list)
    raw: dict[str, str] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=lambda: {"location": STORES})
    denied: set[str] = field(default_factory=set)
    """Doctypes that the user may not use."""
    page_max: int = 10_000
    has_workflow: bool = False
    before_answer: Callable[[ReceivedRequest], None] = lambda _asked: None

    def __post_init__(self) -> None:
        self.warehouse("All Warehouses - EX", is_group=1)
        self.warehouse(STORES)

    def table(self, url: str) -> dict[str, Any]:
        return {"url": url, "api_key": CREDENTIAL, "api_secret": CREDENTIAL, **self.keys}

    def warehouse(self, name: str, **more: Any) -> None:
        usual = {"name": name, "company": COMPANY, "is_group": 0, "disabled": 0}
        self.warehouses[name] = {**usual, **more}

    def item(self, code: str, **more: Any) -> None:
        usual = {"name": code, "item_name": f"Article {code}", "disabled": 0, "is_stock_item": 1,
                 "has_variants": 0, "has_batch_no": 0, "has_serial_no": 0,
                 "modified": "2026-11-20 08:00:00.000000"}  # fmt: skip
        self.items[code] = {**usual, **self.items.get(code, {}), **more}

    def lay(self, code: str, place: str = STORES, **more: Any) -> dict[str, Any]:
        """Put a bin; its quantities are 0 unless they are named."""
        self.item(code)
        usual = {"name": f"{len(self.bins):010x}", "item_code": code, "warehouse": place,
                 "valuation_rate": 7.5, "modified": "2026-11-23 14:02:11.123456",
                 **dict.fromkeys(QUANTITIES, 0.0)}  # fmt: skip
        self.bins[code, place] = {**usual, **self.bins.get((code, place), {}), **more}
        return self.bins[code, place]

    def put(self, sku: str, quantity: int) -> None:
        self.lay(sku, actual_qty=float(quantity))

    def shown(self, sku: str, place: str = STORES) -> int:
        actual, *reserved = (self.bins[sku, place][name] for name in QUANTITIES)
        return int(actual - sum(reserved))

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def is_write(self, asked: ReceivedRequest) -> bool:
        return asked.method == "POST"

    def answer(self, asked: ReceivedRequest) -> Answer:
        if asked.headers.get("authorization") != f"token {SECRET}:{SECRET}":
            words = "frappe.exceptions.AuthenticationError"
            return Answer({"exception": words, "exc_type": "AuthenticationError"}, 401)
        self.before_answer(asked)
        url = urlsplit(asked.path)
        path = unquote(url.path)
        if path == "/api/method/frappe.auth.get_logged_user":
            return Answer({"message": "stock@example.com"})
        doctype = path.removeprefix("/api/resource/")
        if doctype in self.denied:
            words = (
                "User <strong>stock@example.com</strong> does not have doctype access via role "
                f"permission for document <strong>{doctype}</strong>"
            )
            return _failed("PermissionError", [words], 403)
        if asked.method == "POST":
            return self._reconcile(asked.json)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        lists: dict[str, dict[Any, dict[str, Any]]] = {
            "Warehouse": self.warehouses, "Item": self.items, "Bin": self.bins,
        }  # fmt: skip
        rows = lists[doctype]
        return self._list(list(rows.values()), query)

    def _list(self, rows: list[dict[str, Any]], query: dict[str, str]) -> Answer:
        assert query["order_by"] == "name asc"
        found = sorted(rows, key=lambda row: row["name"])
        for name, how, value in json.loads(query.get("filters", "[]")):
            found = [row for row in found if _meets(row[name], how, value)]
        size = min(int(query.get("limit_page_length", "20")), self.page_max)
        wanted = json.loads(query["fields"])
        page = [{name: row[name] for name in wanted} for row in found[:size]]
        for row in page:
            if row.get("item_code") in self.raw:
                row["actual_qty"] = f"<raw {row['item_code']}>"
        return Answer(with_raw({"data": page}, self.raw))

    def _reconcile(self, document: dict[str, Any]) -> Answer:
        """Insert and submit it: all of it or nothing."""
        rows, company = document["items"], document.get("company")
        troubles = [
            f"Row # {number}: {words}"
            for number, row in enumerate(rows, 1)
            if (words := self._trouble(row, company))
        ]
        if troubles:
            return _failed("ValidationError", troubles, 417)
        moves = [row for row in rows if row["qty"] != self._bin(row)["actual_qty"]]
        if not moves:
            words = "None of the items have any change in quantity or value."
            return _failed("EmptyStockReconciliationItemsError", [words], 417)
        for row in moves:
            bin_ = self._bin(row)
            if row["qty"] and not (row.get("valuation_rate") or bin_["valuation_rate"]
                                   or row.get("allow_zero_valuation_rate")):  # fmt: skip
                words = f"Valuation Rate required for Item {row['item_code']} at row 1"
                return _failed("ValidationError", [words], 417)
        # Above 100 rows a job submits it some minutes later.
        submitted = document["docstatus"] if len(rows) <= 100 and not self.has_workflow else 0
        name = f"MAT-RECO-2026-{len(self.documents) + 1:05}"
        self.documents.append({**document, "name": name, "docstatus": submitted})
        for row in moves if submitted else ():
            bin_ = self.lay(row["item_code"], row["warehouse"], actual_qty=float(row["qty"]),
                            modified=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}")  # fmt: skip
            bin_["valuation_rate"] = row.get("valuation_rate", bin_["valuation_rate"])
        return Answer({"data": self.documents[-1]})

    def _bin(self, row: dict[str, Any]) -> dict[str, Any]:
        found = self.bins.get((row["item_code"], row["warehouse"]))
        return found or {"actual_qty": 0.0, "valuation_rate": 0.0}

    def _trouble(self, row: dict[str, Any], company: str | None) -> str:
        item, place = self.items.get(row["item_code"]), self.warehouses.get(row["warehouse"])
        if item is None or place is None:
            return "not found"
        if place["company"] != company:
            return f"Warehouse {place['name']} does not belong to Company {company}"
        if item["disabled"]:
            return f"Item {item['name']} is disabled"
        if item["has_serial_no"] or item["has_batch_no"]:
            return f"Serial no(s) required for serialized item {item['name']}"
        return "Negative Quantity is not allowed" if row["qty"] < 0 else ""


def _meets(given: Any, how: str, value: Any) -> bool:
    if how == "in":
        return given in value
    return bool({"=": given == value, ">": str(given) > value, ">=": str(given) >= value}[how])


def _failed(kind: str, messages: list[str], status: int) -> Answer:
    told = [json.dumps({"message": words, "indicator": "red"}) for words in messages]
    body = {"exception": f"frappe.exceptions.{kind}: {messages[-1]}", "exc_type": kind,
            "exc": json.dumps([f"Traceback (most recent call last): … {kind}"]),
            "_server_messages": json.dumps(told)}  # fmt: skip
    return Answer(body, status)
