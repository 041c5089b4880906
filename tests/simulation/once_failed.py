"""Seeds that once broke a promise, each with how many steps it took: they are run for ever."""

from collections.abc import Mapping
from types import MappingProxyType

ONCE_FAILED: Mapping[int, tuple[int, str]] = MappingProxyType(
    {
        37: (400, "a sale dated ahead of our clock held the other channels down until its time"),
        101: (1000, "an engine that found its cache busy when it began never began again"),
    }
)
