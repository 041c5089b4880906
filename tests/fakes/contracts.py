"""What reaches a fake, held against the contract that its vendor publishes.

The contracts are data that stand beside the repository, in `../shared/contracts`. Where a file is
absent, nothing can be held against it, and `tests/fakes/test_contracts.py` is skipped with the
reason. `over_http` (`tests/contract/harness.py`) holds whatever a kind of `OF_KIND` has sent
against its contracts at the end of each test.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.loopback import ReceivedRequest

# Whoever drives a kind without a contract does not pay for these.
if TYPE_CHECKING:
    from graphql import GraphQLSchema
    from openapi_core import OpenAPI

FOLDER = Path(__file__).parents[3] / "shared" / "contracts"


class Contract(Protocol):
    """One file of a vendor's."""

    @property
    def file(self) -> str: ...

    def covers(self, path: str) -> bool:
        """Whether a path, without its query, is of this part of the vendor's API."""
        ...

    def objections(self, asked: ReceivedRequest) -> list[str]:
        """What the contract has against a request, a sentence each."""
        ...


@dataclass(frozen=True)
class OpenApi:
    """An OpenAPI 3 file. `base` is a pattern of what stands before its own paths."""

    file: str
    paths: str
    """A pattern of the paths that it covers, which begins where `base` ends."""
    base: str = ""

    def covers(self, path: str) -> bool:
        return re.match(self.base + self.paths, path) is not None

    def objections(self, asked: ReceivedRequest) -> list[str]:
        from openapi_core.testing import MockRequest

        document = _openapi(self.file)
        parts = urlsplit(asked.path)
        path = re.sub(f"^{self.base}", "", parts.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        request = MockRequest(
            host_url=_HOST,
            method=asked.method,
            path=path,
            args=query,
            headers=asked.headers,
            data=asked.body,
            content_type=asked.headers.get("content-type", "").partition(";")[0],
        )
        found = [_in_words(error) for error in document.iter_request_errors(request)]
        return found + _unknown_in_query(self.file, asked.method, path, query)


@dataclass(frozen=True)
class GraphQl:
    """The SDL of a GraphQL API, which is at one path. `paths` is its pattern."""

    file: str
    paths: str
    more: str = ""
    """What the file, cut from the vendor's whole schema, lacks of it."""

    def covers(self, path: str) -> bool:
        return re.match(self.paths, path) is not None

    def objections(self, asked: ReceivedRequest) -> list[str]:
        from graphql import (
            GraphQLError,
            OperationDefinitionNode,
            get_variable_values,
            parse,
            validate,
        )

        schema = _schema(self.file, self.more)
        sent = asked.json
        variables = sent.get("variables") or {}
        try:
            document = parse(sent["query"])
            # What a bulk operation is to read comes as text, and is held against the same schema.
            inner = parse(variables["query"]) if "query" in variables else None
        except GraphQLError as error:
            return [str(error)]
        found = [error.message for error in validate(schema, document)]
        found += [] if inner is None else [error.message for error in validate(schema, inner)]
        operations = [
            node for node in document.definitions if isinstance(node, OperationDefinitionNode)
        ]
        for operation in operations if not found else ():
            named = {node.variable.name.value for node in operation.variable_definitions or ()}
            found += [f"unused variable ${name}" for name in sorted(variables.keys() - named)]
            values = get_variable_values(
                schema, list(operation.variable_definitions or ()), variables
            )
            found += [error.message for error in values] if isinstance(values, list) else []
        return found


@dataclass(frozen=True)
class Routes:
    """The index of a WordPress API: each route's methods, and the type of each argument.

    `known` are arguments of later versions, and those that every route takes.
    """

    file: str
    paths: str
    base: str
    known: frozenset[str] = frozenset()

    def covers(self, path: str) -> bool:
        return re.match(self.base + self.paths, path) is not None

    def objections(self, asked: ReceivedRequest) -> list[str]:
        parts = urlsplit(asked.path)
        path = re.sub(f"^{self.base}", "", parts.path)
        routes = _routes(self.file)
        route = next((name for name in routes if re.fullmatch(name, path)), None)
        if route is None:
            return [f"no route {path}"]
        found = [end for end in routes[route]["endpoints"] if asked.method in end["methods"]]
        if not found:
            return [f"no {asked.method} at {path}"]
        arguments = found[0]["args"]
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        objections = _argued(query, arguments, self.known, is_text=True)
        if not asked.body:
            return objections
        body = asked.json
        if not path.endswith("/batch"):
            return objections + _argued(body, arguments, self.known)
        objections += [f"unknown {name}" for name in sorted(body.keys() - _IN_A_BATCH)]
        entries = [*body.get("create", ()), *body.get("update", ())]
        for entry in entries:
            objections += _argued(entry, {**arguments, "id": {"type": "integer"}}, self.known)
        return objections


Contracts = Sequence[Contract]

OF_KIND: dict[str, Contracts] = {
    "adobe-commerce": (
        OpenApi("adobe-commerce-inventory.oas3.json", "/V1/", r".*/rest(/(?!async|V1)[^/]+)?"),
    ),
    "amazon": (
        OpenApi("amazon-fba-inventory.oas3.json", "/fba/"),
        OpenApi("amazon-listings-items.oas3.json", "/listings/"),
    ),
    "shopify": (
        GraphQl(
            "shopify-admin-2026-10-inventory.graphql",
            "/admin/api/[^/]+/graphql",
            # Of the whole schema of 2026-10, in @shopify/dev-mcp 1.16.0.
            """
            extend type QueryRoot {
              currentAppInstallation: AppInstallation!
              productVariantsCount(limit: Int = 10000, query: String): Count
            }
            type AppInstallation { accessScopes: [AccessScope!]! }
            type AccessScope { description: String! handle: String! }
            extend type Shop { plan: ShopPlan! }
            type ShopPlan { publicDisplayName: String! }
            """,
        ),
    ),
    "square": (OpenApi("square-inventory.oas3.json", "/(v2/|oauth2/token$)"),),
    "woocommerce": (
        Routes(
            "woocommerce-v3-routes.json",
            # The list of all variations came with 10.3, after the index of 2024.
            "/wc/v3/(?!variations)",
            r".*/wp-json",
            # `_skip_cache` came with 10.5. The index is of an early v3: `stock_status` stands
            # there as `in_stock`, a variation's `status` as `visible`, and these filters are not
            # there yet.
            frozenset(
                {
                    *("_fields", "_skip_cache", "stock_status", "status"),
                    *("modified_after", "dates_are_gmt"),
                }
            ),
        ),
    ),
}
"""The contracts of each kind that has any. What none of them covers is not held against one."""


def missing(contract: Contract) -> str:
    """Why nothing can be held against a contract; empty where its file is there."""
    path = FOLDER / contract.file
    return "" if path.is_file() else f"{contract.file} is not in ../shared/contracts"


def violations(kind: str, asked: Iterable[ReceivedRequest]) -> list[str]:
    """What the contracts of a kind have against these requests, each with its place."""
    contracts = [contract for contract in OF_KIND.get(kind, ()) if not missing(contract)]
    found = []
    for request in asked:
        # To hold a request against a contract takes longer than to answer it, and each test asks
        # what others have asked, with another cursor, which is any text, at another port.
        path = _CURSOR.sub("", request.path)
        headers = frozenset(header for header in request.headers.items() if header[0] != "host")
        key = (kind, request.method, path, request.body, headers)
        if key not in _judged:
            _judged[key] = [
                f"{request.method} {request.path}: {objection}"
                for contract in contracts
                if contract.covers(unquote(urlsplit(request.path).path))
                for objection in contract.objections(request)
            ]
        found += _judged[key]
    return found


_judged: dict[tuple[object, ...], list[str]] = {}

_CURSOR = re.compile(r"(?<=[?&])(pageToken|nextToken|cursor)=[^&]*")

_IN_A_BATCH = frozenset({"create", "update", "delete"})


_HOST = "http://vendor.test"


@cache
def _openapi(file: str) -> "OpenAPI":
    from openapi_core import Config, OpenAPI

    content = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    content["servers"] = [{"url": _HOST}]
    for path in content["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                # Signing in is held by each fake itself.
                operation.pop("security", None)
    # A name that the contract does not know is a slip of ours, however tolerant a schema is.
    config = Config(spec_validator_cls=None, additional_properties_default_policy="forbid")
    return OpenAPI.from_dict(content, config=config)


@cache
def _parameters(file: str) -> dict[tuple[str, str], frozenset[str]]:
    """The names that a query may have, by method and a pattern of the path."""
    content = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    found = {}
    for path, operations in content["paths"].items():
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path))
        for method, operation in operations.items():
            if isinstance(operation, dict):
                given = operation.get("parameters", ())
                names = {entry["name"] for entry in given if entry.get("in") == "query"}
                found[method.upper(), pattern] = frozenset(names)
    return found


def _unknown_in_query(file: str, method: str, path: str, query: Iterable[str]) -> list[str]:
    known: set[str] = set()
    for (of, pattern), names in _parameters(file).items():
        known |= names if of == method and re.fullmatch(pattern, path) else frozenset()
    # `searchCriteria[filterGroups][0]…` stands for any number.
    numbered = {name: re.sub(r"\d+", "0", name) for name in query}
    return [f"unknown query parameter {name}" for name, plain in numbered.items()
            if plain not in known]  # fmt: skip


@cache
def _schema(file: str, more: str) -> "GraphQLSchema":
    from graphql import build_schema, extend_schema, parse

    schema = build_schema((FOLDER / file).read_text(encoding="utf-8"), assume_valid=True)
    return extend_schema(schema, parse(more), assume_valid=True) if more else schema


@cache
def _routes(file: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / file).read_text(encoding="utf-8"))["routes"]
    return content


def _argued(
    given: dict[str, Any],
    arguments: dict[str, Any],
    known: frozenset[str],
    *,
    is_text: bool = False,
) -> list[str]:
    """Hold what a route was given against its arguments; in a query all of it is text."""
    from jsonschema import Draft4Validator

    found = []
    for name, value in given.items():
        if name not in arguments:
            found += [] if name in known or name.startswith("oauth_") else [f"unknown {name}"]
            continue
        wanted = {key: part for key, part in arguments[name].items() if key in _OF_A_SCHEMA}
        is_number = is_text and wanted.get("type") in {"integer", "number"}
        typed = json.loads(value) if is_number and re.fullmatch(r"-?\d+", value) else value
        if is_text and wanted.get("type") in {"array", "boolean"}:
            continue
        found += [
            f"{name}: {error.message}" for error in Draft4Validator(wanted).iter_errors(typed)
        ]
    return found


_OF_A_SCHEMA = frozenset({"type", "enum", "items", "properties"})


def _in_words(error: Exception) -> str:
    """An error by its causes: openapi-core wraps what says where and why."""
    causes = getattr(error.__cause__, "schema_errors", ())
    details = [f"{'.'.join(map(str, cause.absolute_path))}: {cause.message}" for cause in causes]
    return "; ".join(details or [str(error)])
