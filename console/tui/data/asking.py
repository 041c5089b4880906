"""How the console's readers ask the cache: a function of the store, run off the screen's thread."""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Ask(Protocol):
    """`console.tui.data.source.Source`'s way to the store. Raises StoreError."""

    async def __call__(
        self, work: Callable[Concatenate[Any, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `work` on one snapshot; its result."""
        ...
