"""`skew watch` with no more than its usual options, in a tenth less time: click is not imported."""

from collections.abc import Sequence
from pathlib import Path

from console.commands.plain_options import plain_options
from console.commands.screen import lacking_terminal


def answer(args: Sequence[str]) -> int | None:
    """Open the console and answer its exit code; None: ask the command itself."""
    asked = plain_options(args, flags=("--read-only", "--fresh"), values=("--by",))
    if asked is None or len(asked.configs) > 1 or lacking_terminal() is not None:
        return None
    by = asked.values.get("--by")
    if by is not None:
        from console.text.operators import name_error

        if not by.isprintable() or name_error(by):
            return None
    from console.commands.run import live

    return live.open_console(
        Path(asked.configs[0]),
        by=by,
        read_only="--read-only" in asked.flags,
        fresh="--fresh" in asked.flags,
    )
