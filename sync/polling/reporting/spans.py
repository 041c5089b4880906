"""What a trace of polls and writes is told: OpenTelemetry's spans (`sync.tracing`), or none."""

from types import TracebackType
from typing import Protocol, Self


class Span(Protocol):
    """Something that takes time, while its `with` lasts. What leaves that raised is an error."""

    def set(self, **attributes: str | int | bool) -> None:
        """Note what it came to; `skew.` is put before the names, which are never a SKU."""
        ...

    def fail(self, words: str) -> None:
        """Say that it went wrong, and why."""
        ...

    def part(self, name: str, began_ns: int, **attributes: str | int | bool) -> None:
        """Note a part of it that ends now, and began at this `time.time_ns()`."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


class Tracer(Protocol):
    """Begins spans. One that begins within another, in the same task, is its child."""

    is_on: bool

    def span(self, name: str, **attributes: str | int | bool) -> Span:
        """Begin a span, which ends with its `with`."""
        ...

    def stop(self) -> None:
        """Trace nothing more; send what is left, for a second at most."""
        ...


class _NoSpan:
    def set(self, **attributes: str | int | bool) -> None: ...

    def fail(self, words: str) -> None: ...

    def part(self, name: str, began_ns: int, **attributes: str | int | bool) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


class _Off:
    is_on = False

    def span(self, name: str, **attributes: str | int | bool) -> _NoSpan:  # noqa: ARG002
        return NO_SPAN

    def stop(self) -> None: ...


NO_SPAN = _NoSpan()
OFF: Tracer = _Off()
"""Traces nothing, where nobody asked for it."""
