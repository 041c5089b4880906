"""A collector of traces on loopback: takes OTLP over HTTP, as protobuf, and keeps the spans."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest as Request,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceResponse as Response,
)

from tests.loopback import Answer, ReceivedRequest, serving


@dataclass
class Collector:
    """What came; it answers once `answers` is set, where there is such an event."""

    answers: Event | None = None
    status: int = 200
    requests: list[ReceivedRequest] = field(default_factory=list)
    url: str = ""

    def answer(self, asked: ReceivedRequest) -> Answer:
        self.requests.append(asked)
        body = Response().SerializeToString() if self.status == 200 else b""
        headers = {"Content-Type": "application/x-protobuf"}
        return Answer(body, status=self.status, headers=headers, wait=self.answers)

    def spans(self, name: str) -> list[Any]:
        """The spans of one name, in the order in which they came."""
        resources = [
            part
            for asked in self.requests
            for part in Request.FromString(asked.body).resource_spans
        ]
        scopes = [scope for resource in resources for scope in resource.scope_spans]
        return [span for scope in scopes for span in scope.spans if span.name == name]

    def about(self) -> dict[str, str]:
        """What the first request says of who sends."""
        first = Request.FromString(self.requests[0].body).resource_spans[0].resource
        return {pair.key: pair.value.string_value for pair in first.attributes}


def attributes(span: Any) -> dict[str, object]:
    """The attributes of a span."""
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes
    }


@contextmanager
def collecting(**collector: Any) -> Iterator[Collector]:
    """A collector, at `url`."""
    made = Collector(**collector)
    with serving(made.answer) as server:
        made.url = server.url
        yield made
