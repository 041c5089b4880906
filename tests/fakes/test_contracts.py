"""The vendors' contracts find what a request of ours gets wrong."""

import json
from typing import Any

import pytest

from tests.fakes.contracts import OF_KIND, missing, violations
from tests.loopback import ReceivedRequest

CHANGE = {
    "type": "PHYSICAL_COUNT",
    "physical_count": {"catalog_object_id": "V", "quantity": "3", "state": "IN_STOCK"},
}
SET = """mutation Set($input: InventorySetQuantitiesInput!) {
  inventorySetQuantities(input: $input) @idempotent(key: "c-1") { userErrors { code message } }
}"""
QUANTITY = {"inventoryItemId": "i", "locationId": "l", "quantity": 3, "changeFromQuantity": None}


def asked(method: str, path: str, body: Any = None) -> ReceivedRequest:
    content = b"" if body is None else json.dumps(body).encode()
    return ReceivedRequest(method, path, {"content-type": "application/json"}, content)


def graphql(query: str, **variables: object) -> ReceivedRequest:
    sent = {"query": query, "variables": variables}
    return asked("POST", "/admin/api/2026-10/graphql.json", sent)


GOOD = [
    ("square", asked("POST", "/v2/inventory/changes/batch-create",
                     {"idempotency_key": "c-1", "ignore_unchanged_counts": False,
                      "changes": [CHANGE]})),
    ("square", asked("GET", "/v2/locations")),
    ("amazon", asked("GET", "/listings/2021-08-01/items/S?marketplaceIds=M&pageSize=20")),
    ("amazon", asked("PATCH", "/listings/2021-08-01/items/S/a%2Fb?marketplaceIds=M",
                     {"productType": "PRODUCT", "patches": [{"op": "merge", "path": "/x"}]})),
    ("amazon", asked("POST", "/auth/o2/token", {"grant_type": "refresh_token"})),
    ("adobe-commerce", asked("GET", "/rest/all/V1/inventory/source-items"
                             "?searchCriteria%5BfilterGroups%5D%5B1%5D%5Bfilters%5D%5B0%5D"
                             "%5Bfield%5D=sku")),
    ("adobe-commerce", asked("GET", "/rest/V1/inventory/get-product-salable-quantity/a%2Fb/1")),
    ("woocommerce", asked("GET", "/shop/wp-json/wc/v3/products?per_page=100&_fields=id,sku")),
    ("woocommerce", asked("POST", "/wp-json/wc/v3/products/batch",
                          {"update": [{"id": 3, "stock_quantity": 4}]})),
    ("shopify", graphql("query ($n: Int!) { inventoryItems(first: $n) { nodes { sku } } }", n=3)),
    ("shopify", graphql(SET, input={"name": "available", "reason": "correction",
                                    "quantities": [QUANTITY]})),
]  # fmt: skip

BAD = [
    ("square", asked("POST", "/v2/inventory/changes/batch-create", {"changes": []}),
     "'idempotency_key' is a required property"),
    ("square", asked("POST", "/v2/inventory/changes/batch-create",
                     {"idempotency_key": "c-1", "ignore_unchanged_count": False}),
     "'ignore_unchanged_count' was unexpected"),
    ("square", asked("POST", "/v2/inventory/counts/batch-get", {}), "Path not found"),
    ("amazon", asked("GET", "/listings/2021-08-01/items/S?marketplaceIds=M&page=20"),
     "unknown query parameter page"),
    ("amazon", asked("GET", "/listings/2021-08-01/items/S"), "marketplaceIds"),
    ("adobe-commerce", asked("POST", "/rest/V1/inventory/source-items",
                             {"sourceItems": [{"sku": "a", "source_code": "b", "quantity": "3"}]}),
     "'3' is not of type 'number'"),
    ("woocommerce", asked("GET", "/wp-json/wc/v3/products?order=up"), "'up' is not one of"),
    ("woocommerce", asked("POST", "/wp-json/wc/v3/products/3/variations/batch",
                          {"update": [{"id": 7, "stock_quantity": "4"}]}),
     "stock_quantity: '4' is not of type 'integer'"),
    ("woocommerce", asked("PATCH", "/wp-json/wc/v3/products"), "no PATCH"),
    ("shopify", graphql("{ inventoryItems(first: 3) { nodes { code } } }"), "Cannot query field"),
    ("shopify", graphql("query ($n: Int!) { inventoryItems(first: $n) { nodes { sku } } }",
                        n="3"), "cannot represent non-integer value"),
    ("shopify", graphql("{ shop {"), "Syntax Error"),
    ("shopify", graphql("{ shop { name } }", n=3), "unused variable $n"),
]  # fmt: skip


def _with_contract(kind: str) -> None:
    why = "; ".join(filter(None, map(missing, OF_KIND[kind])))
    if why:
        pytest.skip(why)


@pytest.mark.parametrize(("kind", "request_"), GOOD)
def test_a_request_as_the_vendor_says_is_let_through(kind: str, request_: ReceivedRequest) -> None:
    _with_contract(kind)

    assert violations(kind, [request_]) == []


@pytest.mark.parametrize(("kind", "request_", "words"), BAD)
def test_a_request_that_the_vendor_does_not_know_is_found(
    kind: str, request_: ReceivedRequest, words: str
) -> None:
    _with_contract(kind)

    (violation, *_) = violations(kind, [request_])
    assert violation.startswith(f"{request_.method} {request_.path}: ")
    assert words in violation


def test_a_kind_without_a_contract_is_held_against_none() -> None:
    assert violations("vendure", [asked("POST", "/anything")]) == []
