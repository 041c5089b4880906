"""Spans by OpenTelemetry's SDK, sent over OTLP/HTTP on a thread of its own.

A collector that is slow or gone costs spans and nothing else: they wait in a queue that has an end.
"""

import logging
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status, StatusCode

from sync.polling.reporting.log import Log
from sync.version import version

END_S = 1.0
"""So long the last spans have to be sent when the engine has stopped."""

PARTS_MAX = 200
"""Of one span: a list of ten thousand pages is not worth as many spans."""


class OtlpTracer:
    """Traces by what the OTEL_… variables say. End it with `stop`. Raises ValueError."""

    is_on = True

    def __init__(self, log: Log) -> None:
        # It logs the collector's address and its answers, and once for each try.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
        resource = Resource.create({"service.version": version()})
        if str(resource.attributes["service.name"]).startswith("unknown_service"):
            # Neither OTEL_SERVICE_NAME nor OTEL_RESOURCE_ATTRIBUTES names it.
            resource = resource.merge(Resource({"service.name": "skew"}))
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(_Exporter(log)))
        self._tracer = self._provider.get_tracer("skew")

    def span(self, name: str, **attributes: str | int | bool) -> "OtlpSpan":
        return OtlpSpan(self._tracer, name, attributes)

    def stop(self) -> None:
        """Send what is left, for a second at most."""
        # Its own shutdown waits for a collector that does not answer for as long as that takes.
        ending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(END_S)


class OtlpSpan:
    """A span, current in its task while its `with` lasts."""

    def __init__(
        self, tracer: trace.Tracer, name: str, attributes: dict[str, str | int | bool]
    ) -> None:
        self._tracer = tracer
        self._span = tracer.start_span(name, attributes=_named(attributes))
        # Without the error's own text, in which an address may stand with what is secret in it.
        self._using = trace.use_span(
            self._span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        )
        self._parts = 0

    def set(self, **attributes: str | int | bool) -> None:
        self._span.set_attributes(_named(attributes))

    def fail(self, words: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, words))

    def part(self, name: str, began_ns: int, **attributes: str | int | bool) -> None:
        self._parts += 1
        if self._parts <= PARTS_MAX:
            self._tracer.start_span(name, start_time=began_ns, attributes=_named(attributes)).end()

    def __enter__(self) -> Self:
        self._using.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traced: TracebackType | None,
        /,
    ) -> None:
        if kind is not None:
            self.fail(kind.__name__)
        self._using.__exit__(kind, error, traced)


def _named(attributes: dict[str, str | int | bool]) -> dict[str, str | int | bool]:
    return {f"skew.{name}": value for name, value in attributes.items()}


class _Exporter(SpanExporter):
    """OTLP's, which says in our log when the collector takes no spans, once, and when it does."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._otlp = OTLPSpanExporter()
        self._is_refused = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._otlp.export(spans)
            error = ""
        except Exception as raised:  # noqa: BLE001 - the edge of another package's client.
            # By its kind alone: in its text an address may stand with what is secret in it.
            result, error = SpanExportResult.FAILURE, f" ({type(raised).__name__})"
        is_refused = result is not SpanExportResult.SUCCESS
        if is_refused and not self._is_refused:
            reason = f"the collector takes none{error}; spans are lost"
            self._log.warning("traces not sent", reason=reason)
        elif self._is_refused and not is_refused:
            self._log.info("traces sent again")
        self._is_refused = is_refused
        return result

    def shutdown(self) -> None:
        self._otlp.shutdown()  # type: ignore[no-untyped-call]
