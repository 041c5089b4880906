"""Expressions of a description, compiled: JMESPath with our functions, paths by direct access.

A path is names with dots and whole numbers in brackets: `stock.levels[0].qty`. It is the usual
case, and JMESPath costs microseconds for each of a hundred thousand records.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import jmespath
import jmespath.exceptions
from jmespath import visitor

from sync.channels.api.functions import ShopFunctions
from sync.values import quoted

Step = str | int
"""A name in an object, or a number in a list."""

Look = Callable[[object], object]
"""From an item to what an expression finds in it, or None."""

Node = Any
"""A node of JMESPath's syntax tree: `type`, `value`, `children`."""

ERROR = jmespath.exceptions.JMESPathError
"""What evaluating an expression raises where its values do not fit it."""

_BRANCHES = frozenset(
    {"multi_select_list", "multi_select_dict", "or_expression", "and_expression", "not_expression",
     "comparator", "function_expression", "key_val_pair"}
)  # fmt: skip
"""What looks with each of its parts in what it is given itself."""


def check(name: str, expression: str | None) -> None:
    """Raise ValueError, beginning with the key, for what is not an expression."""
    if expression is None:
        return
    try:
        tree = jmespath.compile(expression).parsed
    except ERROR as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{name} is not a JMESPath expression: {reason}") from None
    for node in _nodes(tree):
        if node["type"] == "function_expression":
            _check_call(name, node)


def search(expression: str) -> Look:
    """Compile an expression."""
    steps = path(expression)
    if steps is None:
        return _evaluated(parsed(expression))
    return _direct(steps)


def path(expression: str) -> tuple[Step, ...] | None:
    """The steps of an expression that is only a path; None where it is more."""
    return _steps(parsed(expression))


def is_one(expression: str) -> bool:
    """Whether it makes a list of what it finds, as `[@]` does of an answer that is one record."""
    return bool(parsed(expression)["type"] == "multi_select_list")


def parsed(expression: str) -> Node:
    """The syntax tree of an expression."""
    return jmespath.compile(expression).parsed


def interpreter() -> visitor.TreeInterpreter:
    """What evaluates syntax trees; `visit(node, value)` finds or raises `ERROR`."""
    return visitor.TreeInterpreter(jmespath.Options(custom_functions=ShopFunctions()))


@lru_cache(maxsize=256)
def roots(expression: str) -> tuple[tuple[Step, ...], ...]:
    """The paths by which an expression looks into what it is given, as far as they are paths.

    `products[?active].variants[]` looks into `products` first.
    """
    return tuple(dict.fromkeys(_roots(parsed(expression))))


def found_by(steps: tuple[Step, ...], item: object) -> object:
    """What is at the end of a path, or None."""
    for step in steps:
        if isinstance(step, str):
            item = item.get(step) if isinstance(item, dict) else None
        else:
            item = item[step] if isinstance(item, list) and _in_range(item, step) else None
    return item


def has_path(steps: tuple[Step, ...], item: object) -> bool:
    """Whether something stands at the end of a path, null included."""
    if not steps:
        return True
    holder, last = found_by(steps[:-1], item), steps[-1]
    if isinstance(last, str):
        return isinstance(holder, dict) and last in holder
    return isinstance(holder, list) and _in_range(holder, last)


def _in_range(items: list[object], at: int) -> bool:
    return -len(items) <= at < len(items)


def _evaluated(tree: Node) -> Look:
    """Look by JMESPath. Raises `ERROR` for whatever stands in an item."""
    run = interpreter().visit

    def look(item: object) -> object:
        try:
            return run(tree, item)
        except jmespath.exceptions.JMESPathTypeError as error:
            # Its words hold the whole value, which may be megabytes.
            error.current_value = quoted(error.current_value)
            raise
        except ERROR:
            raise
        except (OverflowError, RecursionError, TypeError, ValueError) as error:
            # Python's own words for a number without end, or for values that a function of
            # JMESPath takes without looking: `contains('abc', `1`)`.
            raise jmespath.exceptions.JMESPathError(_WHY.get(type(error), _UNFIT)) from None

    return look


_UNFIT = "a function can't work with what it was given"
_WHY = {
    OverflowError: "a number is too large to work with",
    RecursionError: "it is nested too deep",
}


def _direct(steps: tuple[Step, ...]) -> Look:
    if not steps:
        return lambda item: item
    if all(isinstance(step, str) for step in steps):
        if len(steps) == 1:
            (name,) = steps
            return lambda item: item.get(name) if isinstance(item, dict) else None
        return _nested([str(step) for step in steps])
    return lambda item: found_by(steps, item)


def _nested(names: list[str]) -> Look:
    """Look through objects in objects: a failure is rarer than a look, so none is foreseen."""
    first, second, *rest = names

    def look(item: object) -> object:
        try:
            found = item[first][second]  # type: ignore[index]
            for name in rest:
                found = found[name]
        except (KeyError, TypeError, IndexError):
            return None
        return found

    return look


def _steps(node: Node) -> tuple[Step, ...] | None:
    kind = node["type"]
    if kind == "field":
        return (node["value"],)
    if kind == "index":
        return (node["value"],)
    if kind in {"current", "identity"}:
        return ()
    if kind in {"subexpression", "index_expression"}:
        steps: list[Step] = []
        for child in node["children"]:
            part = _steps(child)
            if part is None:
                return None
            steps += part
        return tuple(steps)
    return None


def _roots(node: Node) -> Iterator[tuple[Step, ...]]:
    steps = _steps(node)
    if steps is not None:
        yield steps
        return
    children = node["children"]
    if node["type"] == "subexpression":
        yield from _roots_in_turn(children)
    elif node["type"] in _BRANCHES:
        for child in children:
            yield from _roots(child)
    elif children and node["type"] != "expref":
        # Anything else looks with its first part, and with the others in what that has found.
        yield from _roots(children[0])


def _roots_in_turn(parts: list[Node]) -> Iterator[tuple[Step, ...]]:
    """Of `a.b[?c].d`: what comes after a path is looked for where it leads."""
    before: tuple[Step, ...] = ()
    for part in parts:
        steps = _steps(part)
        if steps is None:
            yield from (before + inside for inside in _roots(part))
            return
        before += steps


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node["children"]:
        if isinstance(child, Mapping):
            yield from _nodes(child)


def _check_call(name: str, node: Node) -> None:
    function, given = node["value"], len(node["children"])
    table = ShopFunctions.FUNCTION_TABLE
    if function not in table:
        known = ", ".join(sorted(table))
        raise ValueError(f"{name} calls {function}(), which is not a function; known: {known}")
    takes = table[function]["signature"]
    is_open = bool(takes) and bool(takes[-1].get("variadic"))
    if given < len(takes) or (given > len(takes) and not is_open):
        more = " or more" if is_open else ""
        raise ValueError(f"{name} gives {function}() {given} values; it takes {len(takes)}{more}")
