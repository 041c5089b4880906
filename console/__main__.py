"""`skew`, from its arguments to its exit code: whatever is raised becomes a message here."""

import atexit
import gc
import os
import sys

from console.text import overview, streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    # `typing` itself takes as long to import as all that `skew --help` needs.
    from typing import NoReturn, TextIO

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""What a shell reports for a program that ended because nobody read on: 128 + SIGPIPE."""

COLLECT_AFTER = 20_000
"""So many new objects before Python looks for cycles among them. By default it looks at each 700,
and imports leave none: that was a seventh of the time in which the console starts."""

_COMPLETING = "_SKEW_COMPLETE"
"""Set by a shell that asks click what could stand next."""


def main() -> None:
    """Run `skew` and exit."""
    gc.set_threshold(COLLECT_AFTER)
    if sys.argv[1:2] in (["watch"], ["status"]):
        # `skew status` ends before it would find any; the console looks for them from its first
        # frame on: `put_the_screen_first`.
        gc.disable()
    streams.configure()
    _end(run(sys.argv[1:]))


def _end(code: int) -> "NoReturn":
    """End the process with an exit code."""
    # Python takes itself apart at its end, object by object, which is a tenth of a short command.
    # Where no thread works on, all has been closed by now, and what asked to be called at the end
    # is called here.
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        atexit._run_exitfuncs()  # noqa: SLF001 - as Python itself calls it before it ends.
        if all(map(_is_flushed, (sys.stdout, sys.stderr))):
            os._exit(code)
    sys.exit(code)


def _is_flushed(stream: "TextIO | None") -> bool:
    try:
        if stream is not None:
            stream.flush()
    except (OSError, ValueError):
        return False
    return True


def run(args: list[str]) -> int:
    """Run one command and answer its exit code; only the end of the process itself is raised."""
    try:
        code = _run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads on (`skew diff | head`).
        _drop_what_was_not_written()
        return EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the one place that turns a bug into a message.
        from console.text import failure

        code = failure.report(error)
        if isinstance(error, OSError) and not _is_flushed(sys.stdout):
            _drop_what_was_not_written()
    return code


def _drop_what_was_not_written() -> None:
    # Python would try again, and complain, while it closes stdout.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _run(args: list[str]) -> int:
    """Answer `skew --help` and `skew status` at once, and the rest by way of click."""
    if len(args) == 1 and args[0] in overview.HELP_FLAGS and _COMPLETING not in os.environ:
        print(overview.help_text())  # noqa: T201 - click, which would echo it, is not imported.
        return 0
    _import_msgspec()
    if args and args[0] == "status" and _COMPLETING not in os.environ:
        from console.commands.look import quick_status

        code = quick_status.answer(args[1:])
        if code is not None:
            return code
    if args and args[0] == "watch" and _COMPLETING not in os.environ:
        from console.commands.run import quick_watch

        code = quick_watch.answer(args[1:])
        if code is not None:
            return code
    import click

    from console.cli import ReaderGone, cli

    try:
        code = cli.main(args=args, prog_name="skew", standalone_mode=False)
    except click.Abort:
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        import contextlib

        with contextlib.suppress(OSError):  # stderr on a full disk: the exit code says it.
            error.show()
        return error.exit_code
    except ReaderGone as error:
        raise BrokenPipeError from error
    return code if isinstance(code, int) else 0


def _system() -> str:
    """What `platform.system` says wherever there is `os.uname`."""
    return os.uname().sysname


def _import_msgspec() -> None:
    """Import msgspec without what nothing needs of it here."""
    # It takes three names from `typing_extensions` if that is installed, and else the same from
    # `typing`, which has them from Python 3.11 on: half of its import. Its JSON schemas are a
    # quarter of the rest. `uuid`, which it knows, asks `platform` for the name of the system alone.
    # Source: msgspec 0.20 and 0.23, `__init__.py`, `json.py`, `_utils.py`; CPython 3.11, `uuid.py`.
    name = "typing_extensions"
    if name in sys.modules or "msgspec" in sys.modules:
        return
    from console.spared_imports import Without

    sys.modules[name] = None  # type: ignore[assignment]
    try:
        with Without("msgspec.inspect", "msgspec._json_schema", platform={"system": _system}):
            import msgspec  # noqa: F401 - from now on it is there for whoever imports it.
    finally:
        del sys.modules[name]


if __name__ == "__main__":
    main()
