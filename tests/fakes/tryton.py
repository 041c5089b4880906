"""Tryton's JSON-RPC as it answers (measured on 8.2.1, 2026-11): products, inventories, sessions."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.loopback import Answer, ReceivedRequest

SECRET_SOURCE = {"env": SECRET_NAME}
USER = "stock"
STORAGE = {5: 3, 9: 8}
"""The storage location of each warehouse."""


@dataclass
class TrytonGoods:
    id: int
    code: str | None
    lying: dict[int, float]
    """By location."""
    assigned: float = 0
    below: float = 0
    """In locations below the storage of the first warehouse."""
    in_lots: float = 0
    """How much of what lies in storage is in lots, which an inventory by product does not see."""
    consumable: bool = False
    salable: bool = True
    digits: int = 0


@dataclass
class TrytonDraft:
    location: int
    lines: dict[int, dict[str, Any]]
    """By their id: product, quantity, expected_quantity."""
    state: str = "draft"


class Refused(Exception):
    """A UserError."""


@dataclass
class TrytonServer:
    """One database with two warehouses."""

    kind: str = "tryton"
    location: str | None = "WH"
    """The one of the configuration."""
    goods: dict[int, TrytonGoods] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    inventories: dict[int, TrytonDraft] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    session_lives: int = 10**9
    has_sale: bool = True
    may_write: bool = True
    company: int | None = 1
    before: Callable[[str], None] = lambda _method: None
    """Runs before each call: what happens meanwhile."""
    logins: int = 0
    calls: int = 0

    def table(self, url: str) -> dict[str, Any]:
        return {
            "url": f"{url}/acme", "username": USER, "password": SECRET_SOURCE,
            "location": self.location,
        }  # fmt: skip

    def put(self, sku: str, quantity: int) -> None:
        found = self.of(sku)
        found.lying[3] = quantity + found.assigned - found.below

    def of(self, sku: str) -> TrytonGoods:
        found = next((goods for goods in self.goods.values() if goods.code == sku), None)
        return found or self.add(sku)

    def add(self, code: str | None, lying: float = 0, **more: Any) -> TrytonGoods:
        made = TrytonGoods(len(self.goods) + 1, code, {3: lying}, **more)
        self.goods[made.id] = made
        return made

    def shown(self, sku: str) -> int:
        found = self.of(sku)
        return int(found.lying[3] + found.below - found.assigned)

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def is_write(self, asked: ReceivedRequest) -> bool:
        return b"stock.inventory.confirm" in asked.body

    def answer(self, asked: ReceivedRequest) -> Answer:
        if asked.path != "/acme/rpc/":
            page = b"<!doctype html>\n<html lang=en><title>404 Not Found</title></html>"
            return Answer(page, 404, {"Content-Type": "text/html"})
        assert set(asked.json) == {"id", "method", "params"}
        method, params = asked.json["method"], asked.json["params"]
        if method == "common.db.login":
            return self._login(params)
        self.calls += 1
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Session" or token not in self.sessions:
            return Answer(b"", 401, {"WWW-Authenticate": 'Basic realm="Tryton"'})
        if self.calls % self.session_lives == 0:
            self.sessions.clear()
        self.before(method)
        methods: dict[str, Callable[..., Any]] = {
            "model.res.user.get_preferences": lambda _only, _context: {
                "company": self.company, "company.rec_name": "Acme", "language": "en",
            },
            "model.ir.model.access.get_access": lambda _models, _context: {
                "stock.inventory": dict.fromkeys(("create", "write"), self.may_write),
            },
            "model.stock.location.search_read": self._locations,
            "model.product.product.fields_get": lambda _names, _context: (
                {"salable": {}} if self.has_sale else {}
            ),
            "model.product.product.search_read": self._products,
            "model.stock.inventory.create": self._create,
            "model.stock.inventory.line.search_read": self._lines,
            "model.stock.inventory.line.delete": self._delete_lines,
            "model.stock.inventory.confirm": self._confirm,
            "model.stock.inventory.delete": self._delete,
        }  # fmt: skip
        if method not in methods:
            return Answer({"id": 0, "error": [f"'{method.split('.', 1)[1]}'", ""]})
        try:
            result = methods[method](*params)
        except Refused as refused:
            return Answer({"id": 0, "error": ["UserError", [str(refused), "", None]]})
        return Answer(with_raw({"id": 0, "result": result}, self.raw))

    def _login(self, params: list[Any]) -> Answer:
        if params != [USER, {"password": SECRET}]:
            return Answer(b"<!doctype html>\n<html><title>401 Unauthorized</title></html>", 401)
        self.logins += 1
        session = f"5ession{self.logins}"
        self.sessions.add(base64.b64encode(f"{USER}:4:{session}".encode()).decode())
        return Answer({"id": 0, "result": [4, session, None]})

    def _locations(self, domain: list[Any], *_: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = [
            {"id": 3, "code": "STO", "name": "Storage", "type": "storage"},
            {"id": 5, "code": "WH", "name": "Quay", "type": "warehouse", "storage_location": 3},
            {"id": 9, "code": "WH2", "name": "Hill", "type": "warehouse", "storage_location": 8},
        ]
        ((_field, _in, types),) = domain
        return [row for row in rows if row["type"] in types]

    def _products(
        self, domain: list[Any], _offset: int, limit: int | None, _order: Any,
        fields: list[str], context: dict[str, Any],
    ) -> list[dict[str, Any]]:  # fmt: skip
        found = list(self.goods.values())
        for name, operator, value in domain:
            if (name, operator) == ("id", ">"):
                found = [goods for goods in found if goods.id > value]
            elif (name, operator) == ("id", "in"):
                found = [goods for goods in found if goods.id in value]
        if "salable" in fields:
            assert self.has_sale
        return [self._product(goods, context) for goods in found[:limit]]

    def _product(self, goods: TrytonGoods, context: dict[str, Any]) -> dict[str, Any]:
        # With another company everything shows 0.
        (location,) = context["locations"] if context["company"] == 1 else (0,)
        quantity = float(goods.lying.get(location, 0))
        if location == STORAGE[5] and context.get("with_childs", True):
            quantity += goods.below
        if location == STORAGE[5] and context.get("stock_assign"):
            quantity -= goods.assigned
        return {
            "id": goods.id,
            "code": goods.code,
            "name": f"Article {goods.code}",
            "quantity": f"<raw {goods.code}>" if goods.code in self.raw else quantity,
            "consumable": goods.consumable,
            "salable": goods.salable,
            "default_uom.": {"digits": goods.digits, "id": 1},
        }

    def _create(self, entries: list[dict[str, Any]], _context: Any) -> list[int]:
        (entry,) = entries
        if not self.may_write:
            raise Refused('You are not allowed to access "Stock Inventory".')
        made = len(self.inventories) + 1
        draft = TrytonDraft(entry["location"], {})
        for number, (_create, (line,)) in enumerate(entry["lines"], 100 * made):
            if line["quantity"] < 0:
                raise Refused("The value of Actual Quantity is not valid")
            goods = self.goods[line["product"]]
            expected = goods.lying.get(draft.location, 0) - goods.in_lots
            draft.lines[number] = {**line, "expected_quantity": float(expected)}
        self.inventories[made] = draft
        return [made]

    def _lines(self, domain: list[Any], *_: Any) -> list[dict[str, Any]]:
        ((_field, _is, made),) = domain
        return [{"id": key, **line} for key, line in self.inventories[made].lines.items()]

    def _delete_lines(self, ids: list[int], _context: Any) -> None:
        for draft in self.inventories.values():
            draft.lines = {key: line for key, line in draft.lines.items() if key not in ids}

    def _confirm(self, ids: list[int], _context: Any) -> None:
        (made,) = ids
        draft = self._draft(made, "You can not call confirm")
        for line in draft.lines.values():
            # The difference is moved, whatever lies there by now.
            lying = self.goods[line["product"]].lying
            lying[draft.location] += line["quantity"] - line["expected_quantity"]
        draft.state = "done"

    def _delete(self, ids: list[int], _context: Any) -> None:
        for made in ids:
            self._draft(made, "To delete it you must cancel it")
            del self.inventories[made]

    def _draft(self, made: int, words: str) -> TrytonDraft:
        draft = self.inventories.get(made)
        if draft is None or draft.state != "draft":
            raise Refused(words)
        return draft
