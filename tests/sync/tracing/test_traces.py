"""Traces of a real engine, sent to a real collector on loopback; and what they may not disturb."""

import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status as SpanStatus

from store.database.connection import Database
from store.model import CorrectionStatus as Status
from sync.clock import SystemClock
from sync.engine.engine import Engine
from sync.polling.reporting.log import SILENT
from sync.polling.reporting.spans import OFF, Tracer
from sync.settings import Settings
from sync.tracing import wanted
from tests.sync.engine_bench import approve_all, running, until, updates
from tests.sync.scripted_channel import Shop
from tests.sync.tracing.collector import Collector, attributes, collecting

ERROR = SpanStatus.STATUS_CODE_ERROR


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as made:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield made


def traced(settings: Settings, database: Database, tracer: Tracer) -> Engine:
    return Engine(settings, database, clock=SystemClock(), holder="one", tracer=tracer)


def environ(collector: Collector) -> Mapping[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}


async def test_a_poll_and_an_apply_are_traced_with_what_they_came_to(
    settings: Settings, database: Database, shops: dict[str, Shop], collector: Collector
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    tracer = wanted.tracer(environ(collector), SILENT)
    async with running(traced(settings, database, tracer)):
        await until(lambda: bool(updates(database, Status.PROPOSED)))
        approve_all(database)
        await until(lambda: bool(updates(database, Status.VERIFIED)))
    tracer.stop()

    assert collector.about()["service.name"] == "skew"
    assert collector.requests[0].path == "/v1/traces"
    polls = [attributes(span) for span in collector.spans("poll")]
    shop = next(found for found in polls if found["skew.channel"] == "shop")
    assert shop == {
        "skew.channel": "shop", "skew.outcome": "good", "skew.listings": 1, "skew.changed": 1,
        "skew.whole": True, "skew.pages": 2,
    }  # fmt: skip
    polled = {span.span_id for span in collector.spans("poll")}
    pages = collector.spans("page")
    assert {page.parent_span_id for page in pages} <= polled
    assert {attributes(page)["skew.records"] for page in pages} == {0, 1}
    [apply] = collector.spans("apply")
    assert attributes(apply) == {"skew.channel": "shop", "skew.updates": 1, "skew.verified": 1}
    [write] = collector.spans("write")
    assert write.parent_span_id == apply.span_id
    assert apply.status.code != ERROR


async def test_what_goes_wrong_is_an_error_in_its_trace(
    settings: Settings, database: Database, shops: dict[str, Shop], collector: Collector
) -> None:
    shops["warehouse"].shows(A=14)
    shops["shop"].page_faults.append(ConnectionError("https://user:secret@shop.example"))
    tracer = wanted.tracer(environ(collector), SILENT)
    async with running(traced(settings, database, tracer)):
        await until(lambda: shops["warehouse"].looked.count("poll") > 0)
        await until(lambda: any(span.status.code == ERROR for span in collector.spans("poll")))
    tracer.stop()

    failed = next(span for span in collector.spans("poll") if span.status.code == ERROR)
    assert attributes(failed)["skew.outcome"] == "failed"
    assert failed.status.message
    assert not any(b"secret" in asked.body for asked in collector.requests)


class _Log:
    def __init__(self) -> None:
        self.events: list[str] = []
        self.reasons: list[object] = []

    def info(self, event: str, **keys: object) -> None:
        self.events.append(event)
        self.reasons.append(keys.get("reason"))

    warning = debug = error = info


async def test_a_collector_that_is_gone_and_back_is_said_once_each(
    settings: Settings, database: Database, shops: dict[str, Shop], collector: Collector
) -> None:
    collector.status = 403
    log = _Log()
    tracer = wanted.tracer(environ(collector), log)
    async with running(traced(settings, database, tracer)):
        await until(lambda: len(collector.requests) > 2)
        assert log.events == ["traces not sent"]
        collector.status = 200
        await until(lambda: "traces sent again" in log.events)
    tracer.stop()
    assert log.events == ["traces not sent", "traces sent again"]


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nothing_is_traced_that_nobody_asked_for(variables: Mapping[str, str]) -> None:
    assert wanted.tracer(variables, SILENT) is OFF


def test_what_is_off_imports_nothing_of_it() -> None:
    program = (
        "import sys; import console.daemon, sync.engine.engine, sync.corrections.apply;"
        "from sync.tracing import wanted; from sync.polling.reporting.log import SILENT;"
        "wanted.tracer({}, SILENT);"
        "print([name for name in sys.modules if name.startswith(('opentelemetry', 'requests'))])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert ran.stdout == b"[]\n"


def test_a_missing_package_is_said_and_the_engine_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    log = _Log()

    asked = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"}
    assert wanted.tracer(asked, log) is OFF
    assert log.events == ["not traced"]
    assert log.reasons == [
        "needs OpenTelemetry, which is not installed: pip install 'skew-console[traces]'"
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("OTEL_TRACES_SAMPLER_ARG", "x"), ("OTEL_BSP_SCHEDULE_DELAY", "soon")]
)
def test_a_bad_variable_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, collector: Collector, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    wanted.tracer(environ(collector), SILENT).stop()
