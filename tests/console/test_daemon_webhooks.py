"""A webhook that was answered stays, though the daemon is killed at once."""

import hashlib
import hmac
import json
import signal
import sqlite3
import threading
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.console.test_daemon import until
from tests.console.test_daemon_signals import CONFIGURATION, daemon, folder, log_of
from tests.console.test_web import free_port

__all__ = ["folder"]

SECRET = "hush-4711"
SERVE = """
[serve]
listen = "127.0.0.1:{port}"
webhooks = true
"""
WEBHOOK = 'webhook = { scheme = "hmac", secret = { env = "HOOK" }, id = "X-Id" }\n'


def address(folder: Path) -> str:
    events = [json.loads(line) for line in log_of(folder).splitlines()]
    [serving] = [event for event in events if event["event"] == "serving"]
    return str(serving["listen"]).removeprefix("http://")


def send(connection: HTTPConnection, name: str) -> None:
    """Deliver a webhook. Raises OSError or HTTPException where no 200 comes back."""
    signature = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()
    headers = {"X-Skew-Signature": signature, "X-Id": name}
    connection.request("POST", "/webhooks/warehouse", b"{}", headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200


@pytest.mark.long
def test_a_kill_right_after_an_answer_loses_no_webhook(folder: Path) -> None:
    (folder / "skew.toml").write_text(CONFIGURATION + WEBHOOK + SERVE.format(port=free_port()))
    answered: list[str] = []

    def deliver(first: int) -> None:
        with suppress(OSError, HTTPException), closing(HTTPConnection(address(folder))) as to:
            for number in range(first, first + 100_000):
                send(to, str(number))
                answered.append(str(number))

    with daemon(folder, environ={"HOOK": SECRET}) as started:
        until(lambda: '"serving"' in log_of(folder))
        senders = [threading.Thread(target=deliver, args=(n * 100_000,)) for n in range(4)]
        for sender in senders:
            sender.start()
        until(lambda: len(answered) >= 100)
        started.send_signal(signal.SIGKILL)
        for sender in senders:
            sender.join()

    with closing(sqlite3.connect(folder / "skew.db.webhooks")) as inbox:
        kept = {name for (name,) in inbox.execute("SELECT delivery FROM deliveries")}
    assert set(answered) <= kept
