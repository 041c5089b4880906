"""Kinds of channel that other packages bring along.

A package names each of its kinds in the entry point group `skew.channels`: the name is the kind,
the value the module that meets `KindModule`. What stands there is read from the packages' metadata;
a module is imported when a configuration first names its kind, or `skew channels` lists it.
"""

import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

import msgspec

from sync.channels.abilities import Abilities
from sync.values import quoted

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "skew.channels"

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class BrokenPlugin(Exception):
    """A kind of another package cannot be used; the text names the package and says why."""


class Plugin(msgspec.Struct, frozen=True):
    """One name in the group, and every package that claims it."""

    kind: str
    entries: tuple["EntryPoint", ...]

    @property
    def package(self) -> str:
        """Name and version of the package that it is from: `skew-parcel 1.0`."""
        return " and ".join(_package(entry) for entry in self.entries)

    def module(self, ours: Mapping[str, str]) -> Any:  # noqa: ANN401 - it is checked here.
        """Import its module, and check that it is a kind. Raises BrokenPlugin.

        `ours` are the kinds that come with Skew: a package cannot take the place of one.
        """
        if self.kind in ours:
            raise BrokenPlugin(
                f"{quoted(self.kind)} is a kind of Skew's own, and {self.package} has one of that "
                f"name: uninstall {self._names()}"
            )
        if len(self.entries) > 1:
            raise BrokenPlugin(
                f"{quoted(self.kind)} is a kind of {self.package}: uninstall all but one"
            )
        if not _NAME.fullmatch(self.kind):
            raise self._broken("a kind's name is small letters, digits and dashes")
        (entry,) = self.entries
        try:
            module = entry.load()
        except Exception as error:
            # It is somebody else's code, which may raise anything while it is imported.
            words = f"{type(error).__name__}: {error}"
            raise self._broken(f"{entry.value} can't be imported: {words}") from error
        wrong = _wrong_with(module, self.kind)
        if wrong:
            raise self._broken(f"{entry.value} {wrong}")
        return module

    def _names(self) -> str:
        return ", ".join(_package(entry).partition(" ")[0] for entry in self.entries)

    def _broken(self, why: str) -> BrokenPlugin:
        return BrokenPlugin(f"the kind {quoted(self.kind)} of {self.package} can't be used: {why}")


@cache
def found() -> Mapping[str, Plugin]:
    """Every name in the group, in order."""
    if not _may_be_there():
        return {}
    from importlib.metadata import entry_points

    names: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        names.setdefault(entry.name, []).append(entry)
    return {
        name: Plugin(name, tuple(sorted(entries, key=_package)))
        for name, entries in sorted(names.items())
    }


def _may_be_there() -> bool:
    """Whether any package names our group, found in a tenth of the time of `importlib.metadata`.

    Where packages may be kept in another way than in folders of files, they may be.
    """
    others = (finder for finder in sys.meta_path if finder is not PathFinder)
    return any(hasattr(finder, "find_distributions") for finder in others) or any(
        map(_may_hold_group, sys.path)
    )


def _may_hold_group(folder: str) -> bool:
    """Whether a package in a folder of `sys.path` names our group, or may do so."""
    try:
        with os.scandir(folder or ".") as entries:
            names = [entry.name for entry in entries]
    except NotADirectoryError:
        # A zip file, or another thing that packages can be read from.
        return True
    except OSError:
        return False
    return any(
        name.endswith(".egg")
        or (name.endswith((".dist-info", ".egg-info")) and _names_group(f"{folder or '.'}/{name}"))
        for name in names
    )


def _names_group(packaged: str) -> bool:
    try:
        with open(f"{packaged}/entry_points.txt", "rb") as file:  # noqa: PTH123 - a hundred of them.
            return GROUP.encode() in file.read()
    except OSError:
        return False


def _package(entry: "EntryPoint") -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _wrong_with(module: object, kind: str) -> str:
    """What keeps a module from being a kind; empty where it is one."""
    options = getattr(module, "OPTIONS", None)
    can = getattr(module, "ABILITIES", None)
    if not (isinstance(options, type) and issubclass(options, msgspec.Struct)):
        return "lacks OPTIONS, a msgspec Struct of its keys"
    if not isinstance(can, Abilities):
        return "lacks ABILITIES, of sync.channels.abilities.Abilities"
    if can.kind != kind:
        return f"has ABILITIES of the kind {quoted(can.kind)}"
    for name in ("abilities", "open_channel"):
        if not callable(getattr(module, name, None)):
            return f"lacks the function {name}"
    return ""
