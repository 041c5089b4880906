"""Whether an API says null, or nothing at all, where an expression looks.

A number that is null is an answer: the item is not counted. A name that is not in the record is
none: it may be misspelt, or the record be another. To JMESPath both are the same.
"""

from functools import lru_cache
from typing import Any

import jmespath

from sync.channels.api.expressions import interpreter

_STEPS = frozenset({"subexpression", "pipe", "index_expression"})
"""What looks in what its first part has found."""

_ANY = frozenset({"or_expression", "and_expression", "function_expression", "comparator"})
"""What is null because one of its parts is."""

_Node = Any


def is_null(expression: str, item: object) -> bool:
    """Whether an expression that found nothing in the item came upon a null that stands there."""
    return _is_null(_parsed(expression), item)


@lru_cache(maxsize=64)
def _parsed(expression: str) -> _Node:
    parsed: _Node = jmespath.compile(expression).parsed
    return parsed


def _is_null(node: _Node, value: object) -> bool:
    kind, children = node["type"], node["children"]
    if kind == "field":
        return isinstance(value, dict) and node["value"] in value and value[node["value"]] is None
    if kind == "literal":
        return node["value"] is None
    if kind in {"current", "identity"}:
        return value is None
    if kind == "index":
        at = node["value"]
        return isinstance(value, list) and -len(value) <= at < len(value) and value[at] is None
    if kind in _STEPS:
        return _is_null_in_steps(children, value)
    return kind in _ANY and any(_is_null(child, value) for child in children)


def _is_null_in_steps(steps: list[_Node], value: object) -> bool:
    for step in steps:
        found = interpreter().visit(step, value)
        if found is None:
            return _is_null(step, value)
        value = found
    return False
