"""Text that acts on a terminal, hides, or turns round stands in every field that an outsider fills.

As real processes: the commands, the daemon with its log, its metrics and its messages. Nothing that
leaves for a person has any of it.
"""

import json
import os
import signal
import subprocess
import sys
import time
import unicodedata
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from sync.extras import lack
from tests.end_to_end.test_planted_secrets import PATIENCE_S, free_port
from tests.loopback import Answer, ReceivedRequest, serving

HOSTILE = (
    "a\x1b]0;owned\x07\x1b[2J\x9b31m\u202e12\u2066\u200b\u2028\ud800\x00[bold]x[/] =1+1 \U000e0041"
    '<script>x</script> "; DROP TABLE items; -- {{7*7}} %s %n\r\nX-Injected: yes'
)
MARK = "[bold]x[/]"
"""Stands in it, does nothing, and so shows where it has come through."""

CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "drops"
every = "300ms"
[channels.market]
kind = "http"
url = "{url}/market"
items = "items"
fields = {{ sku = "sku", available = "n", title = "title", location = "place", state = "state" }}
states = {{ on = "active" }}
every = "300ms"
direction = "push"
[channels.market.write]
method = "PUT"
url = "{url}/market/{{sku}}"
body = {{ available = "$quantity" }}
[channels.corner]
kind = "http"
url = "{url}/corner"
items = "items"
fields = {{ sku = "sku", available = "n" }}
every = "300ms"
[approval]
hold = "0s"
[serve]
listen = "127.0.0.1:{port}"
{notify}
"""
NOTIFY = """
[[notify]]
url = {{ env = "CHAT" }}
on = ["incident", "oversell > 1"]
"""

COMMANDS = """
poll
check
check --online
poll
status
diff
diff --csv
diff --json
diff --by cause
updates
updates --json
incidents
incidents --json
why A
history A
history A --json
approve 1 --by HOSTILE --note HOSTILE
approve 1 --note HOSTILE
apply
updates --all
reject 2 --reason HOSTILE
pause corner --reason HOSTILE
status
history HOSTILE
why HOSTILE
diff --sku HOSTILE
diff --channel HOSTILE
status --json
events import events.jsonl
describe answer.json
describe drops/b.csv
ignore add --sku HOSTILE* --reason HOSTILE --yes
ignore
""".strip().splitlines()
ARGUMENT = HOSTILE.replace("\x00", "").replace("\ud800", "")
"""No program gets these two on its command line."""


class Hostile:
    """Answers in hostile words wherever the shop has a say."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def __call__(self, asked: ReceivedRequest) -> Answer:
        if asked.path == "/chat":
            self.messages.append(asked.body)
            return Answer({})
        headers = {"Warning": f'299 - "{ARGUMENT!a}"', "Deprecation": "\x9b31m true"}
        if asked.method == "PUT":
            return Answer({"message": HOSTILE, "errors": [{HOSTILE: HOSTILE}]}, 422, headers)
        if asked.path == "/corner":
            return Answer({"error": HOSTILE, HOSTILE: [HOSTILE]}, 500, headers)
        items = [
            {"sku": "A", "n": 31, "title": HOSTILE, "state": "on"},
            {"sku": "B", "n": 7, "title": HOSTILE, "state": HOSTILE},
            {"sku": HOSTILE, "n": 1, "state": "on"},
            {"sku": "C", "n": HOSTILE, "state": "on"},
            {"sku": "D", "n": 4, "place": HOSTILE, "state": "on"},
        ]
        return Answer({"items": items}, headers=headers)


def acting(content: bytes) -> list[str]:
    """What of it acts on whoever shows it; a text that is no UTF-8 acts anyhow."""
    return sorted(
        {
            f"{unicodedata.category(part)} {ord(part):#x}"
            for part in content.decode("utf-8", "surrogateescape")
            if unicodedata.category(part) in ("Cc", "Cf", "Cs", "Zl", "Zp") and part != "\n"
        }
    )


def test_what_acts_is_seen() -> None:
    assert acting(ARGUMENT.encode()) != []
    assert acting("Größe 茶, 12\n".encode()) == []


@pytest.mark.long
def test_no_hostile_text_leaves_for_a_person_as_it_came(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    (folder / "drops").mkdir(parents=True)
    row = ARGUMENT.replace("\r\n", " ").replace('"', '""')
    listed = f'sku,available,title\nA,14,"{row}"\nB,7,x\nC,1,x\nD,2,x\n"{row}",3,x\n'
    (folder / "drops" / f"a{ARGUMENT.replace('/', '')[:60]}.csv").write_text(listed)
    (folder / "drops" / "b.csv").write_text(f'sku,available,"{row}"\nA,14,"{row}"\n')
    then = time.time() - 3_600
    os.utime(folder / "drops" / "b.csv", (then, then))
    event = {"channel": "market", "id": HOSTILE, "kind": HOSTILE, "sku": HOSTILE, HOSTILE: HOSTILE}
    (folder / "events.jsonl").write_text(json.dumps(event) + f"\n{ARGUMENT}\n")
    (folder / "answer.json").write_text(
        json.dumps({"items": [{"sku": "A", "qty": 5, HOSTILE: HOSTILE}]})
    )
    homes = ("HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    environ = {**os.environ, **{name: str(tmp_path / name) for name in homes}}
    environ |= {"PYTHONPATH": str(Path.cwd()), "PYTHONUTF8": "1"}
    said: dict[str, bytes] = {}

    hostile = Hostile()
    with serving(hostile) as server:
        port = free_port()
        environ["CHAT"] = server.url.replace("http://", "json://") + "/chat"
        notify = "" if lack("notify") else NOTIFY.format()
        (folder / "skew.toml").write_text(
            CONFIGURATION.format(url=server.url, port=port, notify=notify)
        )
        for number, command in enumerate(COMMANDS):
            arguments = [part.replace("HOSTILE", ARGUMENT) for part in command.split()]
            ended = subprocess.run(
                [sys.executable, "-m", "console", *arguments],
                cwd=folder, env=environ, capture_output=True, check=False, timeout=60,
            )  # fmt: skip
            said[f"{number} {command}"] = ended.stdout + ended.stderr
            assert b"bug in Skew" not in ended.stderr, ended.stderr.decode()
        log_path = tmp_path / "daemon.log"
        with log_path.open("wb") as log:
            daemon = subprocess.Popen(
                [sys.executable, "-m", "console", "daemon"],
                cwd=folder, env=environ, stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with (
                suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as got,
            ):
                said["metrics"] = got.read()
            is_told = not notify or hostile.messages
            if b"500" in log_path.read_bytes() and is_told and said.get("metrics"):
                break
            time.sleep(0.2)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(PATIENCE_S) == 0, log_path.read_text(errors="replace")
        said["log"] = log_path.read_bytes()

    assert b"must be" not in said["0 poll"], said["0 poll"]
    assert {what: found for what, text in said.items() if (found := acting(text))} == {}
    shown = [what for what, text in said.items() if MARK.encode() in text]
    assert len(shown) > 12, shown
    assert b"skew_" in said["metrics"]
    for message in hostile.messages:
        told = json.loads(message)
        assert acting(f"{told['title']}{told['message']}".encode("utf-8", "surrogatepass")) == []
    assert not notify or any(MARK.encode() in message for message in hostile.messages)
