"""The kind `csv` where its files are in S3: a server that speaks it, on loopback."""

import contextlib
import importlib.util
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from sync.errors import NeedsOperator, Temporary
from tests.contract.harness import SECRET, SECRET_NAME
from tests.contract.test_csv_servers import TEXT, failure, pages, stock

PYTHON = os.environ.get("SKEW_MOTO_PYTHON")
"""Of an environment with `moto[server]`."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        PYTHON is None or importlib.util.find_spec("s3fs") is None,
        reason="needs s3fs, and SKEW_MOTO_PYTHON with moto[server]: .ci/run has both",
    ),
]

PATIENCE_S = 60


@dataclass
class Bucket:
    """The bucket `stock` of a server of our own."""

    url: str

    def keys(self, path: str, **more: object) -> dict[str, object]:
        return {
            "path": f"s3://stock/{path}",
            "endpoint": self.url,
            "username": "skew",
            "password": {"env": SECRET_NAME},
            **more,
        }

    def put(self, name: str, content: str) -> None:
        httpx.put(f"{self.url}/stock/{name}", content=content.encode()).raise_for_status()

    def guard(self) -> None:
        """Ask for a known key from now on: there is none."""
        url = f"{self.url}/moto-api/reset-auth"
        httpx.post(url, content=b"0", headers={"Content-Type": "text/plain"}).raise_for_status()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(PYTHON), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        found = Bucket(f"http://127.0.0.1:{port}")
        try:
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until:
                with contextlib.suppress(httpx.TransportError):
                    httpx.put(f"{found.url}/stock").raise_for_status()
                    break
                time.sleep(0.1)
            yield found
        finally:
            server.terminate()


async def test_a_file_is_read(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("wms/stock.csv", TEXT)

    (page,) = await pages(tmp_path, **bucket.keys("wms/stock.csv"))

    assert [(record.sku, record.available) for record in page.records] == [("A", 4), ("B", 5)]
    assert page.as_of is not None
    assert abs(page.as_of / 1000 - time.time()) < PATIENCE_S


async def test_of_a_folder_full_lists_and_changes_are_read(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("d/full-1.csv", TEXT)
    bucket.put("d/changes-2.csv", "sku,available\nA,3\n")
    keys = bucket.keys("d", full="full*.csv", changes="changes-*.csv")

    assert await stock(tmp_path, **keys) == {"A": 3, "B": 5}


async def test_what_is_not_there_may_come(bucket: Bucket, tmp_path: Path) -> None:
    assert "not found" in await failure(tmp_path, Temporary, **bucket.keys("stock.csv"))


async def test_a_refused_key_is_named_and_not_shown(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("stock.csv", TEXT)
    bucket.guard()

    message = await failure(tmp_path, NeedsOperator, **bucket.keys("stock.csv"))

    assert SECRET_NAME in message
    assert SECRET not in message


async def test_a_server_that_is_gone_may_come_back(tmp_path: Path) -> None:
    message = await failure(tmp_path, Temporary, **Bucket("http://127.0.0.1:9").keys("stock.csv"))

    assert "s3://stock/stock.csv" in message
