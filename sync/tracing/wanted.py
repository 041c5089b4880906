"""Whether traces are asked for: by OpenTelemetry's own variables, which its SDK reads as well."""

from collections.abc import Mapping

from sync import extras
from sync.polling.reporting.log import Log
from sync.polling.reporting.spans import OFF, Tracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether a collector is named, and traces are not turned off."""
    return (
        any(environ.get(name) for name in _ENDPOINTS)
        and environ.get("OTEL_SDK_DISABLED", "").strip().lower() != "true"
        and environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() != "none"
    )


def tracer(environ: Mapping[str, str], log: Log) -> Tracer:
    """What traces, where it is asked for and OpenTelemetry is there; the log says if it is not."""
    if not is_wanted(environ):
        return OFF
    if lacking := extras.lack("traces"):
        log.warning("not traced", reason=lacking)
        return OFF
    from sync.tracing.otlp import OtlpTracer

    try:
        return OtlpTracer(log)
    except ValueError as error:
        # A number or a sampler among the variables; its words name the variable's value at most.
        log.warning("not traced", reason=f"OTEL_…: {type(error).__name__}")
        return OFF
