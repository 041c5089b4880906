"""JMESPath expressions, compiled."""

import re
from collections.abc import Callable

import jmespath

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def search(expression: str) -> Callable[[object], object]:
    """Compile a JMESPath expression to a function from an item to what it finds, or None."""
    # JMESPath is interpreted in Python and costs microseconds for each of a hundred thousand
    # records. A plain name, the usual case, is a dictionary look-up instead.
    if _PLAIN.fullmatch(expression):
        return lambda item: item.get(expression) if isinstance(item, dict) else None
    found: Callable[[object], object] = jmespath.compile(expression).search
    return found
