"""The depot's API on a dict of stock."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sync.contract.harness import SECRET, SECRET_NAME, with_raw
from sync.contract.loopback import FakeAnswer, ReceivedRequest


class ParcelFake:
    """A `Backend` of the contract suite."""

    kind = "parcel"

    def __init__(self) -> None:
        self.stock: dict[str, int] = {}
        self.raw: dict[str, str] = {}

    def table(self, url: str) -> dict[str, Any]:
        return {"url": url, "token": {"env": SECRET_NAME}}

    def put(self, sku: str, quantity: int) -> None:
        self.stock[sku] = quantity

    def shown(self, sku: str) -> int:
        return self.stock[sku]

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def answer(self, asked: ReceivedRequest) -> FakeAnswer:
        if asked.headers.get("authorization") != f"Bearer {SECRET}":
            return FakeAnswer({"message": "bad token"}, 401)
        skus = list(self.stock)
        url = urlsplit(asked.path)
        if url.path == "/stock":
            given = parse_qs(url.query)
            start = int(given.get("after", ["0"])[0])
            end = start + int(given["limit"][0])
            page = {
                "items": [self._entry(sku) for sku in skus[start:end]],
                "after": str(end) if end < len(skus) else None,
            }
            return FakeAnswer(with_raw(page, self.raw))
        number = unquote(url.path.removeprefix("/stock/"))
        if not number.isdecimal() or int(number) > len(skus):
            return FakeAnswer({"refused": "gone", "message": "no such listing"}, 404)
        sku = skus[int(number) - 1]
        if asked.method == "PUT":
            if asked.json["expected"] != self.stock[sku]:
                words = f"it has {self.stock[sku]}"
                return FakeAnswer({"refused": "conflict", "message": words}, 409)
            self.stock[sku] = asked.json["available"]
        return FakeAnswer(with_raw(self._entry(sku), self.raw))

    def _entry(self, sku: str) -> dict[str, object]:
        number = list(self.stock).index(sku) + 1
        available = f"<raw {sku}>" if sku in self.raw else self.stock[sku]
        return {"id": str(number), "sku": sku, "available": available}
