"""A shop's API in each style of writing, behind any door, flat or with variants in products."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.contract.doors import Door, bearer, stop
from tests.loopback import Answer, ReceivedRequest

Setting = tuple[int, int]
"""A listing's id and its new number."""


@dataclass
class Style:
    """One way in which an API is written to."""

    keys: Callable[[str, str], dict[str, Any]]
    """The `write` table, of the API's root and the address of one record."""
    settings: Callable[[ReceivedRequest], Iterator[Setting]]
    """What a write sets."""
    reply: Callable[[list[int], int], Answer] = lambda _ids, _gone: Answer({})
    """Its answer, of the ids that were asked for and the one that is not there any more."""
    batch_max: int = 1
    compares: bool = False
    later: bool = False


def _one(asked: ReceivedRequest, body: Mapping[str, Any]) -> Iterator[Setting]:
    yield int(body.get("id", asked.path.split("?")[0].rpartition("/")[2])), int(body["qty"])


def _json(asked: ReceivedRequest) -> Iterator[Setting]:
    yield from _one(asked, asked.json)


def _form(asked: ReceivedRequest) -> Iterator[Setting]:
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    fields = dict(parse_qsl(asked.body.decode()))
    yield int(fields["stock[id]"]), int(fields["stock[qty]"])


def _xml(asked: ReceivedRequest) -> Iterator[Setting]:
    found = re.fullmatch(r"<s id='(\d+)'>(\d+)</s>", asked.body.decode())
    assert found is not None
    yield int(found[1]), int(found[2])


def _listed(*path: str) -> Callable[[ReceivedRequest], Iterator[Setting]]:
    def settings(asked: ReceivedRequest) -> Iterator[Setting]:
        found = asked.json
        for name in path:
            found = found[name]
        for item in found:
            assert type(item["id"]) is int
            yield item["id"], item["qty"]

    return settings


def _by_id(ids: list[int], gone: int) -> Answer:
    results = [
        {"id": ref, "error": {"code": "bad_id", "message": "Invalid ID."}} if ref == gone
        else {"id": ref}
        for ref in ids
    ]  # fmt: skip
    return Answer({"update": results[::-1]})


def _in_order(ids: list[int], gone: int) -> Answer:
    return Answer([{"ok": ref != gone, **({} if ref != gone else {"error": "no such id"})}
                   for ref in ids], 207)  # fmt: skip


def _graphql(ids: list[int], gone: int) -> Answer:
    if gone in ids:
        return Answer({"data": None, "errors": [{"message": "no such id"}]})
    return Answer({"data": {"set": [{"id": ref} for ref in ids]}})


ITEM = {"id": "$ref", "qty": "$quantity"}
STYLES: dict[str, Style] = {
    "put": Style(lambda _root, one: {"url": one, "body": {"qty": "$quantity"}}, _json),
    "patch of a list of one": Style(
        lambda root, _one: {"url": f"{root}/set", "method": "PATCH", "body": [ITEM]}, _listed()
    ),
    "form": Style(
        lambda root, _one: {
            "url": f"{root}/set", "method": "POST", "encoding": "form", "body": {"stock": ITEM},
        },
        _form,
    ),
    "xml": Style(
        lambda root, _one: {
            "url": f"{root}/set", "method": "POST", "body": "<s id='$ref'>$quantity</s>",
        },
        _xml,
    ),
    "text of json": Style(
        lambda root, _one: {
            "url": f"{root}/set", "method": "POST", "body": '{"id": $ref, "qty": $quantity}',
        },
        _json,
    ),
    "batch by id": Style(
        lambda root, _one: {
            "url": f"{root}/batch", "method": "POST", "body": ITEM,
            "batch": {"max": 100, "list": "update", "result": "update[]",
                      "error": "error.message", "id": "id"},
        },
        _listed("update"), _by_id, batch_max=100,
    ),
    "batch in order": Style(
        lambda root, _one: {
            "url": f"{root}/batch", "body": ITEM, "batch": {"max": 50, "result": "@"},
        },
        _listed(), _in_order, batch_max=50,
    ),
    "graphql": Style(
        lambda root, _one: {
            "url": f"{root}/graphql", "method": "POST",
            "body": {"query": "mutation($in: [I!]!) { … }", "variables": {"in": [ITEM]}},
            "batch": {"max": 20, "list": "variables.in", "result": "data.set", "id": "id"},
        },
        _listed("variables", "in"), _graphql, batch_max=20,
    ),
    "if match": Style(
        lambda _root, one: {
            "url": one, "body": {"qty": "$quantity"}, "if_match": "header:ETag",
        },
        _json, compares=True,
    ),
    "version in the body": Style(
        lambda _root, one: {
            "url": one, "body": {"qty": "$quantity", "version": "$version"},
            "if_match": "version",
        },
        _json, compares=True,
    ),
    "accepted": Style(
        lambda _root, one: {"url": one, "body": {"qty": "$quantity"}, "accepted": [202]},
        _json, lambda _ids, _gone: Answer({"job": 1}, 202), later=True,
    ),
}  # fmt: skip


@dataclass
class StyledShop:
    """Its listings have numbers as ids; nested, each stands in a product, and is asked for so."""

    style: Style
    door: Door = field(default_factory=bearer)
    is_nested: bool = False
    kind: str = "http"
    stock: dict[int, int] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    gone: int = 0
    """It is listed, and can't be written."""
    writes: int = 0

    def table(self, url: str) -> dict[str, Any]:
        one = f"{url}/products/{{parent}}/variants/{{ref}}" if self.is_nested else (
            f"{url}/stock/{{ref}}")  # fmt: skip
        at = "item." if self.is_nested else ""
        table = {
            "url": f"{url}/stock",
            "items": "items",
            "fields": {"sku": f"{at}sku", "ref": f"{at}id", "available": f"{at}qty"},
            "write": {**self.style.keys(url, one), "read": one},
            **self.door.keys(url),
        }
        if self.is_nested:
            table["each"] = {"items": "variants"}
            table["ids"] = {"parent": "parent.id"}
        return table

    def answer(self, asked: ReceivedRequest) -> Answer:
        stopped = stop(self.door, asked)
        if stopped is not None:
            return stopped
        path = unquote(urlsplit(asked.path).path)
        if asked.method != "GET":
            return self._set(asked)
        if path == "/stock":
            return Answer({"items": [self._listed(ref) for ref in self.stock]})
        ref = int(path.rpartition("/")[2])
        if self.is_nested:
            assert path == f"/products/{ref % 2 + 7}/variants/{ref}"
        return Answer(self._record(ref), headers={"ETag": json.dumps(str(self.versions[ref]))})

    def put(self, sku: str, quantity: int) -> None:
        ref = int(sku.removeprefix("S-"))
        self.stock[ref], self.versions[ref] = quantity, self.versions.get(ref, 0) + 1

    def shown(self, sku: str) -> int:
        return self.stock[int(sku.removeprefix("S-"))]

    def corrupt(self, sku: str, raw: str) -> None:
        raise NotImplementedError(f"{sku} is never {raw} here")

    def _set(self, asked: ReceivedRequest) -> Answer:
        self.writes += 1
        settings = list(self.style.settings(asked))
        if self.style.compares:
            ((ref, _),) = settings
            given = asked.headers.get("if-match", asked.json.get("version"))
            if given not in (json.dumps(str(self.versions[ref])), self.versions[ref]):
                return Answer({"message": "another version"}, 412)
        answer = self.style.reply([ref for ref, _ in settings], self.gone)
        if isinstance(answer.body, dict) and answer.body.get("errors"):
            return answer
        for ref, quantity in settings:
            if ref != self.gone:
                self.put(f"S-{ref}", quantity)
        return answer

    def _listed(self, ref: int) -> dict[str, Any]:
        record = self._record(ref)
        return {"id": ref % 2 + 7, "variants": [record]} if self.is_nested else record

    def _record(self, ref: int) -> dict[str, Any]:
        return {"id": ref, "sku": f"S-{ref}", "qty": self.stock[ref],
                "version": self.versions[ref]}  # fmt: skip
