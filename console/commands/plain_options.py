"""A command line of plain options, read without click, whose import a quick answer can't spare."""

import os
from collections.abc import Collection, Sequence
from typing import NamedTuple


class PlainOptions(NamedTuple):
    """What a command was given."""

    configs: Sequence[str]
    """Those that were named, else the one that is meant then; none is empty."""
    flags: Collection[str]
    values: dict[str, str]
    """By the option; the last one counts."""


def plain_options(
    args: Sequence[str], *, flags: Collection[str] = (), values: Collection[str] = ()
) -> PlainOptions | None:
    """Read `--config` and these options; None where anything else is said, too."""
    left, configs, said, given = list(args), list[str](), set[str](), dict[str, str]()
    while left:
        name, equals, value = left.pop(0).partition("=")
        if name in flags and not equals:
            said.add(name)
            continue
        if name != "--config" and name not in values:
            return None
        if not equals:
            if not left or left[0].startswith("-"):
                return None
            value = left.pop(0)
        if name == "--config":
            configs.append(value)
        else:
            given[name] = value
    configs = configs or [os.environ.get("SKEW_CONFIG") or "skew.toml"]
    return PlainOptions(configs, said, given) if all(configs) else None
