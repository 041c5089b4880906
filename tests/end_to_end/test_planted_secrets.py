"""Secrets are planted, quoted back in many guises, and looked for in all that is left behind.

As real processes: each command, the daemon and the console in a terminal, against servers on
loopback that refuse what they are asked in the words of our own credentials.
"""

import base64
import html
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from sync.transport import encodings
from tests.loopback import Answer, ReceivedRequest, serving

PLANTED = {
    "MARKET_TOKEN": "m4rket/token+7f3a9c",
    "VAULT_PASSWORD": "v4ult p&ssword <5e21>",
    "LEDGER_DB": "postgresql://clerk:l3dger-2b9d@127.0.0.1:9/stock",
    "CHAT": "json://teller:ch4t-pass-8812@127.0.0.1:9/",
    "HOOK": "h00k-signing-key-0042",
}
"""Where each stands, and what it is. One more stands in a file, and one is given by the server."""
IN_A_FILE = "f1le-token-66aa0d"
GIVEN = "g1ven-session-token-31c8"
SECRETS = [*PLANTED.values(), "l3dger-2b9d", "ch4t-pass-8812", IN_A_FILE, GIVEN]

CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
[channels.market]
kind = "http"
url = "{url}/market"
items = "items"
token = {{ env = "MARKET_TOKEN" }}
fields = {{ sku = "sku", available = "n" }}
every = "200ms"
direction = "push"
webhook = {{ scheme = "hmac", secret = {{ env = "HOOK" }}, header = "X-Signature" }}
[channels.market.write]
method = "PUT"
url = "{url}/market/{{sku}}"
body = {{ available = "$quantity" }}
[channels.corner]
kind = "http"
url = "{url}/corner"
items = "items"
token = {{ file = "corner.key" }}
fields = {{ sku = "sku", available = "n" }}
every = "200ms"
[channels.vault]
kind = "http"
url = "{url}/vault"
items = "items"
fields = {{ sku = "sku", available = "n" }}
every = "200ms"
[channels.vault.auth.login]
url = "{url}/login"
body = {{ usr = "stock", pwd = {{ env = "VAULT_PASSWORD" }} }}
token = "token"
[channels.ledger]
kind = "sql"
url = {{ env = "LEDGER_DB" }}
select = "SELECT sku, available FROM stock"
every = "200ms"
[approval]
hold = "0s"
[serve]
listen = "127.0.0.1:{port}"
webhooks = true
[[notify]]
url = {{ env = "CHAT" }}
on = ["incident"]
"""

PATIENCE_S = 30

COMMANDS = (
    "check", "check --online", "poll", "status", "status --json", "diff --json", "diff --csv",
    "updates --json", "incidents --json", "why A --json", "history A --json", "approve --all",
    "apply", "notify --test", "db check", "backup saved.db",
)  # fmt: skip


class Quoting:
    """Answers each channel once, and then refuses it in the words of its own credentials."""

    def __init__(self) -> None:
        self.is_new = {"/market", "/corner", "/vault"}

    def __call__(self, asked: ReceivedRequest) -> Answer:
        if asked.path == "/login":
            return Answer({"token": GIVEN, "echo": asked.body.decode()})
        quoted = f"{asked.headers.get('authorization', '')} {asked.body.decode()}"
        if asked.path == "/vault":
            quoted += f" {PLANTED['VAULT_PASSWORD']}"
        guises = [
            quoted, quote(quoted, safe=""), base64.b64encode(quoted.encode()).decode(),
            quoted.encode().hex(), json.dumps(quoted), html.escape(quoted), quoted.upper(),
        ]  # fmt: skip
        warning = {"Warning": f'299 - "{guises[2]}"', "Sunset": guises[1]}
        if asked.path in self.is_new:
            self.is_new.discard(asked.path)
            return Answer({"items": [{"sku": "A", "n": 31}]}, headers=warning)
        guise = guises[int(time.monotonic() * 10) % len(guises)]
        status = {"/corner": 500, "/vault": 503}.get(asked.path, 429)
        return Answer({"message": guise}, status=status, headers=warning)


@contextmanager
def console(folder: Path, environ: dict[str, str]) -> Iterator[int]:
    """The console in a terminal."""
    terminal, inside = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "console", "watch"],
        stdin=inside, stdout=inside, stderr=inside, cwd=folder,
        env=environ | {"TERM": "xterm-256color", "COLUMNS": "160", "LINES": "45"},
    )  # fmt: skip
    os.close(inside)
    try:
        yield terminal
    finally:
        program.kill()
        program.wait()
        os.close(terminal)


def until(terminal: int, wanted: bytes) -> bytes:
    """What the terminal shows until it has shown `wanted`."""
    seen, end = b"", time.monotonic() + PATIENCE_S
    while wanted not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65_536)
    return seen


def free_port() -> int:
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def quoted_in(content: bytes) -> list[str]:
    """The planted secrets that a text has, in whatever guise."""
    text = content.decode("latin-1")
    return [
        secret for secret in SECRETS if re.search(encodings.pattern(secret), text, re.IGNORECASE)
    ]


def test_a_secret_is_found_where_it_stands() -> None:
    assert [found for secret in SECRETS for found in quoted_in(secret.encode()) if found] != []
    assert quoted_in(base64.b64encode(f"x:{GIVEN}".encode())) == [GIVEN]


@pytest.mark.long
def test_no_planted_secret_is_left_anywhere(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    folder = tmp_path / "shop"
    folder.mkdir()
    homes = {
        name: str(tmp_path / name)
        for name in ("HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    }
    environ = {**os.environ, **PLANTED, **homes, "PYTHONPATH": str(Path.cwd())}
    (folder / "corner.key").write_text(IN_A_FILE)
    (folder / "warehouse.csv").write_text("sku,available\nA,14\n")
    ours = {folder / "corner.key", folder / "warehouse.csv", folder / "skew.toml"}
    ours.add(tmp_path / "daemon.log")
    said: dict[str, bytes] = {}

    with serving(Quoting()) as server:
        configuration = CONFIGURATION.format(url=server.url, port=free_port())
        (folder / "skew.toml").write_text(configuration)
        for command in COMMANDS:
            ended = subprocess.run(
                [sys.executable, "-m", "console", *command.split()],
                cwd=folder, env=environ, capture_output=True, check=False, timeout=60,
            )  # fmt: skip
            said[command] = ended.stdout + ended.stderr
            assert b"bug in Skew" not in said[command], said[command].decode()
        with (tmp_path / "daemon.log").open("wb") as log:
            daemon = subprocess.Popen(
                [sys.executable, "-m", "console", "daemon"],
                cwd=folder, env=environ, stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            said["daemon"] = (tmp_path / "daemon.log").read_bytes()
            if all(status in said["daemon"] for status in (b"429", b"500", b"503")):
                break
            time.sleep(0.1)
        said["what ps shows"] = Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(PATIENCE_S) == 0
        with console(folder, environ) as terminal:
            said["watch"] = until(terminal, b"market")
            os.write(terminal, b"3")
            said["watch, its channels"] = until(terminal, b"503")

    assert b"503" in said["watch, its channels"], said["watch, its channels"][-2_000:]
    assert b"503" in said["daemon"], said["daemon"][-2_000:]
    assert {what: found for what, text in said.items() if (found := quoted_in(text))} == {}
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path not in ours]
    assert folder / "saved.db" in left
    assert {path: found for path in left if (found := quoted_in(path.read_bytes()))} == {}
    # And nobody else on the machine may read what Skew has written.
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in left}
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
