"""Skew's own version, found without `importlib.metadata`, whose import takes 15 ms and more."""

import functools
import os
import sys

PACKAGE = "skew-console"
_BEGINS, _ENDS = "skew_console-", ".dist-info"


@functools.cache
def version() -> str:
    """The version of the package that is installed, such as `0.3.0`."""
    for folder in sys.path:
        try:
            with os.scandir(folder or ".") as entries:
                names = [entry.name for entry in entries]
        except OSError:
            continue
        for name in names:
            if name.startswith(_BEGINS) and name.endswith(_ENDS):
                return name[len(_BEGINS) : -len(_ENDS)]
    from importlib.metadata import version as look_up

    return look_up(PACKAGE)
