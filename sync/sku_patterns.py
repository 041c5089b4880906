"""Patterns of SKUs: `*`, `?` and `[…]`, as far as Python and SQLite read them alike.

The store matches them as SQLite's GLOB; causes and approval rules match them as Python's fnmatch. A
pattern that the two read differently would be in force here and not there, so it is refused. Pure.
"""

import re
from itertools import pairwise

_CLASS = re.compile(r"\[!?+(\][^]]*|[^]]+)\]")


def check(pattern: str) -> None:
    """Raise ValueError with the remedy for a pattern that could be read in two ways."""
    rest = _CLASS.sub("", pattern)
    if "[" in rest:
        raise ValueError("skus has a [ without ]: write [[] for the character itself")
    for inside in _CLASS.findall(pattern):
        if inside.startswith("^"):
            # GLOB takes ^ as "not", fnmatch as the character itself.
            raise ValueError("skus has [^…]: write [!…] for any character but those")
        if "[!" in inside:
            raise ValueError("skus has a [ inside […] before a !: write the ! first")
        if _goes_back(inside) or re.match(r"\]-.", inside):
            # Of [Z-A], fnmatch matches nothing and GLOB its first character; []-a] they end in
            # different places.
            raise ValueError("skus has a range in […] that has no clear meaning: write it as [A-Z]")


def _goes_back(inside: str) -> bool:
    """Whether a hyphen stands between two characters of which the first is the later one."""
    return any(
        hyphen == "-" and before > after
        for (before, hyphen), (_, after) in pairwise(pairwise(inside))
    )
