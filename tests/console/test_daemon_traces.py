"""The daemon as a process that sends traces, and a collector that is slow or gone."""

import json
import signal
import socket
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.console.test_daemon import PATIENCE_S, until
from tests.console.test_daemon_signals import daemon, folder, log_of
from tests.sync.tracing.collector import attributes, collecting

__all__ = ["folder"]

QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}


def traced(url: str, **more: str) -> dict[str, str]:
    return QUICK | {"OTEL_EXPORTER_OTLP_ENDPOINT": url} | more


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_of(folder).splitlines()]


def polls(folder: Path) -> int:
    return log_of(folder).count("poll finished")


@pytest.mark.long
def test_a_daemon_sends_traces_under_its_name_and_the_last_ones_when_it_ends(folder: Path) -> None:
    more = {"OTEL_SERVICE_NAME": "skew-shop", "OTEL_BSP_SCHEDULE_DELAY": "600000"}
    with collecting() as collector:
        with daemon(folder, environ=traced(collector.url, **more)) as started:
            until(lambda: polls(folder) > 1)
            assert not collector.requests
            started.send_signal(signal.SIGTERM)
            assert started.wait(PATIENCE_S) == 0

        assert collector.about()["service.name"] == "skew-shop"
        assert collector.about()["service.version"]
        assert len(collector.spans("poll")) > 1
        assert attributes(collector.spans("poll")[0])["skew.channel"] == "warehouse"


@pytest.mark.long
def test_a_collector_that_never_answers_holds_nothing_up(folder: Path) -> None:
    with collecting(answers=threading.Event()) as collector:
        with daemon(folder, environ=traced(collector.url)) as started:
            until(lambda: "traces not sent" in log_of(folder))
            done = polls(folder)
            until(lambda: polls(folder) > done + 5)
            began = time.monotonic()
            started.send_signal(signal.SIGTERM)
            assert started.wait(PATIENCE_S) == 0
            assert time.monotonic() - began < 10
        assert collector.answers is not None
        collector.answers.set()

    assert [event["event"] for event in events(folder)].count("traces not sent") == 1


@pytest.mark.long
def test_a_collector_that_is_not_there_is_said_once(folder: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with daemon(folder, environ=traced(f"http://127.0.0.1:{port}/secret-path")) as started:
        until(lambda: "traces not sent" in log_of(folder))
        done = polls(folder)
        until(lambda: polls(folder) > done + 10)
        began = time.monotonic()
        started.send_signal(signal.SIGTERM)
        assert started.wait(PATIENCE_S) == 0
        assert time.monotonic() - began < 10

    said = events(folder)
    assert [event["event"] for event in said].count("traces not sent") == 1
    assert said[-1]["event"] == "engine stopped"
    assert "secret-path" not in log_of(folder)
