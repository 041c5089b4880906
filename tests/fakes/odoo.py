"""Odoo's JSON-2 and JSON-RPC as measured on a running 19.0 (2026-11-29), and by 18.0's source.

Only the models and methods that stock is read and written by, with their rights and their traps.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.loopback import Answer, ReceivedRequest

NO_PAGE = b"<!doctype html>\n<html lang=en><title>404 Not Found</title>\n<h1>Not Found</h1>"
LOSS, VIEW, STOCK, SHELF = 14, 7, 8, 9
AUTO = "inventory_quantity_auto_apply"
NOW = "2026-11-30 06:00:00"

Row = dict[str, Any]


class OdooRaises(Exception):
    """An exception of Odoo's: its name, its words, and the status that JSON-2 gives it."""

    def __init__(self, name: str, words: str, status: int) -> None:
        super().__init__(words)
        self.name, self.status = name, status


def _ids() -> "count[int]":
    return count(101)


@dataclass
class OdooShop:
    """One database of one server, and the rights of the one user whose key it knows."""

    kind: str = "odoo"
    version: int = 19
    database: str = "shop"
    rights: frozenset[str] = frozenset({"user", "manager"})
    keys: Row = field(default_factory=lambda: {"location": "WH"})
    """More of the channel's table."""
    is_rpc: bool = False
    now: str = NOW
    products: list[Row] = field(default_factory=list)
    quants: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    """Moves that were done."""
    warehouses: list[Row] = field(default_factory=list)
    locations: list[Row] = field(default_factory=list)
    raw: dict[str, str] = field(default_factory=dict)
    lacks: frozenset[str] = frozenset({"is_kits"})
    """Fields that this version does not have."""
    api_keys: list[Row] = field(default_factory=list)
    """The user's, with the days that they end."""
    free: dict[int, float] = field(default_factory=dict)
    """What is free of a kit."""
    ids: "count[int]" = field(default_factory=_ids)
    calls: list[str] = field(default_factory=list)
    before_answer: Callable[[str], None] = lambda _call: None

    def __post_init__(self) -> None:
        self.warehouse(1, "WH", VIEW, STOCK)
        self.locate(VIEW, "WH", "view", "1/7/")
        self.locate(STOCK, "WH/Stock", "internal", "1/7/8/")
        self.locate(SHELF, "WH/Stock/Shelf 1", "internal", "1/7/8/9/")
        self.locate(LOSS, "Virtual Locations/Inventory adjustment", "inventory", "2/14/")

    def warehouse(self, ident: int, code: str, view: int, stock: int, company: int = 1) -> None:
        self.warehouses.append({
            "id": ident, "code": code, "name": f"Warehouse {code}", "view_location_id": view,
            "lot_stock_id": stock, "company_id": company,
        })  # fmt: skip

    def locate(self, ident: int, name: str, usage: str, path: str, company: int = 1) -> None:
        self.locations.append({
            "id": ident, "complete_name": name, "usage": usage, "parent_path": path,
            "company_id": company,
        })  # fmt: skip

    def table(self, url: str) -> dict[str, Any]:
        own = {"api": "json-rpc", "username": "skew"} if self.is_rpc else {}
        return {"url": url, "api_key": {"env": SECRET_NAME}, "database": "shop", **own, **self.keys}

    def product(self, sku: object, **more: object) -> Row:
        row: Row = {
            "id": next(self.ids), "default_code": sku, "name": f"Article {sku}", "active": True,
            "sale_ok": True, "lst_price": 12.5, "company_id": False, "tracking": "none",
            "is_storable": True, "type": "consu", "is_kits": False, "write_date": self.now,
            "product_tmpl_id.write_date": self.now, **more,
        }  # fmt: skip
        self.products.append(row)
        return row

    def quant(self, product: int, quantity: object, location: int = STOCK, **more: object) -> Row:
        row: Row = {
            "id": next(self.ids), "product_id": product, "location_id": location,
            "quantity": quantity, "reserved_quantity": 0.0, "lot_id": False, "package_id": False,
            "owner_id": False, "write_date": self.now, **more,
        }  # fmt: skip
        self.quants.append(row)
        return row

    def of(self, sku: str) -> Row:
        return next(product for product in self.products if product["default_code"] == sku)

    def lying(self, sku: str, location: int = STOCK) -> list[Row]:
        ident = self.of(sku)["id"]
        return [q for q in self.quants if (q["product_id"], q["location_id"]) == (ident, location)]

    def put(self, sku: str, quantity: int) -> None:
        known = any(product["default_code"] == sku for product in self.products)
        product = self.of(sku) if known else self.product(sku)
        lying = self.lying(sku)
        if lying:
            lying[0].update(quantity=float(quantity), write_date=self.now)
        else:
            self.quant(product["id"], float(quantity))

    def shown(self, sku: str) -> int:
        """What is free to use in the warehouse."""
        ident = self.of(sku)["id"]
        mine = [quant for quant in self.quants if quant["product_id"] == ident]
        return int(sum(quant["quantity"] - quant["reserved_quantity"] for quant in mine))

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw
        self.lying(sku)[0]["quantity"] = f"<raw {sku}>"

    def is_write(self, asked: ReceivedRequest) -> bool:
        if asked.path.startswith("/json/2/"):
            return asked.path.rpartition("/")[2] in ("write", "create")
        return asked.json["params"]["args"][4:5] in (["write"], ["create"])

    def answer(self, asked: ReceivedRequest) -> Answer:
        if asked.path == "/jsonrpc":
            return self._rpc(asked.json["params"])
        found = re.fullmatch(r"/json/2/([a-z.]+)/([a-z_]+)", asked.path)
        if found is None or self.version < 19:
            return Answer(NO_PAGE, 404, {"Content-Type": "text/html"})
        if asked.headers.get("x-odoo-database", self.database) != self.database:
            return Answer(NO_PAGE, 404, {"Content-Type": "text/html"})
        if asked.headers.get("authorization") != f"bearer {SECRET}":
            return _failed(OdooRaises("werkzeug.exceptions.Unauthorized", "Invalid apikey", 401))
        body = dict(asked.json)
        ids, context = body.pop("ids", None), body.pop("context", {})
        try:
            return Answer(with_raw(self._do(found[1], found[2], ids, body, context), self.raw))
        except OdooRaises as error:
            return _failed(error)

    def _rpc(self, params: Row) -> Answer:
        try:
            result = self._served(params["service"], params["method"], params["args"])
        except OdooRaises as error:
            data = {"name": error.name, "message": str(error), "arguments": [str(error)]}
            said = {"code": 200, "message": "Odoo Server Error", "data": data}
            return Answer({"jsonrpc": "2.0", "id": 1, "error": said})
        return Answer(with_raw({"jsonrpc": "2.0", "id": 1, "result": result}, self.raw))

    def _served(self, service: str, method: str, args: list[Any]) -> object:
        if (service, method) == ("common", "version"):
            return {"server_version": f"{self.version}.0", "protocol_version": 1}
        if args[0] != self.database:
            words = f'database "{args[0]}" does not exist'
            raise OdooRaises("psycopg2.OperationalError", words, 500)
        if (service, method) == ("common", "authenticate"):
            return 2 if args[1:3] == ["skew", SECRET] else False
        if args[1:3] != [2, SECRET]:
            raise OdooRaises("odoo.exceptions.AccessDenied", "Access Denied", 401)
        model, called, given, named = args[3:]
        by_position = {"write": "vals", "create": "vals_list", "search_count": "domain"}
        extra = by_position.get(called)
        assert extra not in named, "older versions have another name for it"
        more = {extra: given[-1]} if extra else {}
        ids = given[0] if called == "write" else None
        context = named.pop("context", {})
        return self._do(model, called, ids, {**named, **more}, context)

    def _do(
        self, model: str, method: str, ids: list[int] | None, named: Row, context: Row
    ) -> object:
        self.calls.append(f"{model}/{method}")
        self.before_answer(f"{model}/{method}")
        tables = {
            "product.product": self.products, "stock.quant": self.quants,
            "stock.move.line": self.lines, "stock.warehouse": self.warehouses,
            "stock.location": self.locations,
            "res.users": [{"id": 2, "login": "skew", "company_id": 1}],
            "res.users.apikeys": self.api_keys,
        }  # fmt: skip
        if model not in tables:
            raise OdooRaises("werkzeug.exceptions.NotFound", f"the model '{model}' does not exist",
                             404)  # fmt: skip
        if model.startswith("stock.") and "user" not in self.rights:
            words = f"You are not allowed to access '{model}' ({model}) records."
            raise OdooRaises("odoo.exceptions.AccessError", words, 403)
        rows = tables[model]
        match method:
            case "context_get":
                return {"lang": "en_US", "tz": "Europe/Berlin", "uid": 2}
            case "fields_get":
                names = KNOWN.get(model, frozenset())
                hidden = self.lacks | (frozenset() if "manager" in self.rights else {AUTO})
                shown = (names - hidden) & set(named["allfields"])
                return {name: {"type": "char"} for name in sorted(shown)}
            case "search_count":
                return len(_found(rows, named["domain"]))
            case "search_read":
                return self._read(rows, named, context)
            case "write" if model == "stock.quant":
                return self._write(ids or [], named["vals"], context)
            case "create" if model == "stock.quant":
                return [self._create(vals, context) for vals in named["vals_list"]]
        raise OdooRaises("builtins.AttributeError", f"{model} has no method {method}", 404)

    def _read(self, rows: list[Row], named: Row, context: Row) -> list[Row]:
        found = _found(rows, named["domain"])
        found.sort(key=lambda row: row["id"])
        for name in named["fields"]:
            if name in self.lacks:
                words = f"Invalid field '{name}' on model"
                raise OdooRaises("builtins.ValueError", words, 500)
        answer = []
        for row in found[: named["limit"]]:
            told = row
            if "free_qty" in named["fields"]:
                assert "location" in context
                told = {**row, "free_qty": self.free[row["id"]]}
            answer.append({name: _told(name, told[name]) for name in ["id", *named["fields"]]})
        return answer

    def _write(self, ids: list[int], vals: Row, context: Row) -> bool:
        assert set(vals) == {AUTO}, "written behind the ledger's back"
        self._must_be_manager()
        quants = [quant for quant in self.quants if quant["id"] in ids]
        if len(quants) < len(ids):
            words = "Record does not exist or has been deleted."
            raise OdooRaises("odoo.exceptions.MissingError", words, 404)
        # Without inventory mode nothing happens, and that is a 200.
        for quant in quants if context.get("inventory_mode") else []:
            quant.update(quantity=float(vals[AUTO]), write_date=self.now)
        return True

    def _create(self, vals: Row, context: Row) -> int:
        self._must_be_manager()
        assert context.get("inventory_mode")
        assert set(vals) == {"product_id", "location_id", AUTO}
        product = next(p for p in self.products if p["id"] == vals["product_id"])
        if not product["is_storable"]:
            words = "Quants cannot be created for consumables or services."
            raise OdooRaises("odoo.exceptions.ValidationError", words, 422)
        quant = self.quant(product["id"], float(vals[AUTO]), vals["location_id"])
        return int(quant["id"])

    def _must_be_manager(self) -> None:
        if "manager" not in self.rights:
            words = f"You do not have enough rights to access the field {AUTO!r}"
            raise OdooRaises("odoo.exceptions.AccessError", words, 403)


PRODUCT = frozenset(
    {"default_code", "name", "active", "sale_ok", "lst_price", "company_id", "tracking",
     "is_storable", "type", "is_kits"}
)  # fmt: skip
QUANT = frozenset(
    {"product_id", "location_id", "quantity", "reserved_quantity", "lot_id", "package_id",
     "owner_id", "write_date"}
)  # fmt: skip


KEYS = frozenset({"name", "expiration_date"})
KNOWN = {"product.product": PRODUCT, "stock.quant": QUANT | {AUTO}, "res.users.apikeys": KEYS}


def _failed(error: OdooRaises) -> Answer:
    told = {"name": error.name, "message": str(error), "arguments": [str(error)], "context": {},
            "debug": "Traceback (most recent call last): …"}  # fmt: skip
    return Answer(told, error.status)


def _told(name: str, value: object) -> object:
    is_link = name.endswith("_id") and type(value) is int
    return [value, f"{name} {value}"] if is_link else value


def _found(rows: list[Row], domain: list[Any]) -> list[Row]:
    """Search: what is archived is found only where `active` is asked for."""
    asks_active = any(isinstance(term, list) and term[0] == "active" for term in domain)
    return [
        row for row in rows
        if _holds(row, list(domain)) and (asks_active or row.get("active", True))
    ]  # fmt: skip


def _holds(row: Mapping[str, Any], left: list[Any]) -> bool:
    """Whether all terms hold; `|` before two takes either."""
    results = []
    while left:
        results.append(_next(row, left))
    return all(results)


def _next(row: Mapping[str, Any], left: list[Any]) -> bool:
    term = left.pop(0)
    if term == "|":
        first, second = _next(row, left), _next(row, left)
        return first or second
    name, operator, wanted = term
    if name == "location_id.usage":
        return bool(row["location_id"] != LOSS)
    return bool(OPERATORS[operator](row[name], wanted))


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": lambda value, wanted: value == wanted,
    "in": lambda value, wanted: value in wanted,
    ">": lambda value, wanted: value > wanted,
    ">=": lambda value, wanted: value >= wanted,
    "<=": lambda value, wanted: value <= wanted,
}
