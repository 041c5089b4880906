"""Imports of a large package without those of its modules that nothing here uses.

What they cost is felt: a tenth of `skew status`, and of the time to the console's first frame.
"""

import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class SparedModule(ModuleType):
    """Stands for a module while its package is imported; afterwards it leads to the real one.

    Whatever is asked of it meanwhile is a class: it can be inherited from, and to call it calls the
    real one.
    """

    is_spared = True

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.is_spared:
            return type(name, (), {"__new__": _calling(self.__name__, name)})
        return _real(self.__name__, name)


def _calling(module: str, name: str) -> object:
    return lambda _, *args, **kwargs: _real(module, name)(*args, **kwargs)


def _real(module: str, name: str) -> "Callable[..., object]":
    from importlib import import_module

    found: Callable[..., object] = getattr(import_module(module), name)
    return found


class Without:
    """While it lasts these modules are not imported; whoever imports one afterwards gets it."""

    def __init__(self, *names: str, **answers: "Mapping[str, object]") -> None:
        """`answers`: by module, what it is asked for meanwhile and answers itself."""
        known: dict[str, Mapping[str, object]] = {name: {} for name in names} | answers
        self._spared = [SparedModule(name) for name in known if name not in sys.modules]
        for module in self._spared:
            module.__dict__.update(known[module.__name__])

    def __enter__(self) -> None:
        sys.modules.update((module.__name__, module) for module in self._spared)

    def __exit__(self, *_: object) -> None:
        for module in self._spared:
            module.is_spared = False
            del sys.modules[module.__name__]
