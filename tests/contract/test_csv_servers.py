"""The kind `csv` where its files are on a server: in memory, by SFTP, and over HTTP on loopback."""

import gzip
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from store.model import Direction
from sync.channels import open_channel
from sync.channels.base import Channel, RecordPage
from sync.channels.csv.options import CsvOptions
from sync.clock import SystemClock, from_rfc3339
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary
from sync.settings import ChannelSettings
from tests.contract.harness import SECRET, SECRET_NAME, options_of
from tests.loopback import Answer, ReceivedRequest, serving

asyncssh = pytest.importorskip("asyncssh")
pytest.importorskip("sshfs")
pytest.importorskip("aiohttp")
memory = pytest.importorskip("fsspec.implementations.memory")

TEXT = "sku,available\nA,4\nB,5\n"
STOCK = {"A": 4, "B": 5}
PASSWORD = {"env": SECRET_NAME}


def channel(base: Path, **keys: object) -> Channel:
    settings = ChannelSettings(
        name="warehouse",
        kind="csv",
        direction=Direction.OBSERVE,
        timeout_ms=5_000,
        options=options_of(CsvOptions, keys),
    )
    return open_channel(settings, SystemClock(), base)


async def pages(base: Path, **keys: object) -> list[RecordPage]:
    opened = channel(base, **keys)
    try:
        return [page async for page in opened.pages()]
    finally:
        await opened.close()


async def stock(base: Path, **keys: object) -> dict[str, int | None]:
    return {r.sku: r.available for page in await pages(base, **keys) for r in page.records}


async def failure(base: Path, kind: type[ChannelError], **keys: object) -> str:
    with pytest.raises(ChannelError) as caught:
        await pages(base, **keys)
    assert type(caught.value) is kind, repr(caught.value)
    assert SECRET not in repr(caught.value)
    return str(caught.value)


def put(path: Path, content: str | bytes, age_s: float = 60) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    then = time.time() - age_s
    os.utime(path, (then, then))


@dataclass
class SftpServer:
    """A real SFTP server on loopback, and the folder that it shows."""

    folder: Path
    port: int
    known_hosts: Path

    def keys(self, path: str, **more: object) -> dict[str, object]:
        return {
            "path": f"sftp://127.0.0.1:{self.port}{path}",
            "username": "stock",
            "password": PASSWORD,
            "known_hosts": str(self.known_hosts),
            **more,
        }


@pytest.fixture
async def sftp(tmp_path: Path) -> AsyncIterator[SftpServer]:
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "user.key").write_bytes(user_key.export_private_key())

    made: list[Any] = []

    class Doorkeeper(asyncssh.SSHServer):  # type: ignore[misc, name-defined]
        def connection_made(self, connection: Any) -> None:
            made.append(connection)

        def begin_auth(self, username: str) -> bool:
            return bool(username)

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("stock", SECRET)

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: object) -> bool:
            return bool(username == "stock" and key == user_key.convert_to_public())

    folder = tmp_path / "served"
    folder.mkdir()
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.create_server(
        Doorkeeper,
        "127.0.0.1",
        0,
        server_host_keys=[key],
        sftp_factory=lambda connection: asyncssh.SFTPServer(connection, chroot=str(folder)),
    )
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.get_port()} {key.export_public_key().decode()}")
    yield SftpServer(folder, server.get_port(), known)
    server.close()
    await server.wait_closed()
    for connection in made:
        connection.abort()
        await connection.wait_closed()


async def test_a_file_by_sftp_is_read_as_a_local_one(tmp_path: Path, sftp: SftpServer) -> None:
    put(sftp.folder / "stock.csv.gz", gzip.compress(TEXT.encode()))

    (page,) = await pages(tmp_path, **sftp.keys("/stock.csv.gz"))

    assert {record.sku: record.available for record in page.records} == STOCK
    assert page.as_of == int((sftp.folder / "stock.csv.gz").stat().st_mtime) * 1000


async def test_the_newest_file_of_a_folder_by_sftp_is_read(
    tmp_path: Path, sftp: SftpServer
) -> None:
    put(sftp.folder / "old.csv", "sku,available\nA,1\n", 90)
    put(sftp.folder / "new.csv", TEXT, 30)
    put(sftp.folder / ".hidden.csv", "sku,available\nA,2\n", 10)
    put(sftp.folder / "other.dat", "sku,available\nA,3\n", 10)

    assert await stock(tmp_path, **sftp.keys("/")) == STOCK
    assert await stock(tmp_path, **sftp.keys("/", full="old*")) == {"A": 1}


async def test_changes_come_by_sftp_too(tmp_path: Path, sftp: SftpServer) -> None:
    put(sftp.folder / "full.csv", TEXT, 90)
    put(sftp.folder / "changes-1.csv", "sku,available\nA,1\n", 60)

    keys = sftp.keys("/", full="full*.csv", changes="changes-*.csv")
    assert await stock(tmp_path, **keys) == {"A": 1, "B": 5}


async def test_a_private_key_signs_in(tmp_path: Path, sftp: SftpServer) -> None:
    put(sftp.folder / "stock.csv", TEXT)
    keys = sftp.keys("/stock.csv", private_key="user.key")
    del keys["password"]

    assert await stock(tmp_path, **keys) == STOCK


async def test_a_refused_password_is_named_and_not_shown(
    tmp_path: Path, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_NAME, "wr0ng-s3cret")

    words = await failure(tmp_path, NeedsOperator, **sftp.keys("/stock.csv"))
    assert f"(credential: {SECRET_NAME})" in words
    assert "wr0ng-s3cret" not in words


async def test_a_server_that_is_not_the_known_one_gets_no_password(
    tmp_path: Path, sftp: SftpServer
) -> None:
    sftp.known_hosts.write_text("")

    words = await failure(tmp_path, NeedsOperator, **sftp.keys("/stock.csv"))
    assert "put its key into the file of `known_hosts`" in words


async def test_a_file_that_is_not_there_may_come(tmp_path: Path, sftp: SftpServer) -> None:
    assert "stock.csv not found" in await failure(tmp_path, Temporary, **sftp.keys("/stock.csv"))
    assert "no file to read" in await failure(tmp_path, Temporary, **sftp.keys("/"))


async def test_a_file_that_is_being_uploaded_is_not_read(tmp_path: Path, sftp: SftpServer) -> None:
    put(sftp.folder / "stock.csv", TEXT + "C,1", 60)

    assert "half written" in await failure(tmp_path, Temporary, **sftp.keys("/stock.csv"))


async def test_a_server_that_is_gone_may_come_back(tmp_path: Path) -> None:
    keys = {"path": "sftp://127.0.0.1:9/stock.csv", "username": "stock", "password": PASSWORD}
    await failure(tmp_path, Temporary, **keys)


@pytest.fixture
def store() -> Iterator[dict[str, bytes]]:
    held: dict[str, bytes] = memory.MemoryFileSystem.store
    held.clear()
    yield held
    held.clear()


@pytest.mark.usefixtures("store")
async def test_any_file_system_of_fsspec_will_do(tmp_path: Path) -> None:
    system = memory.MemoryFileSystem()
    system.pipe("/drop/stock.csv", TEXT.encode())

    assert await stock(tmp_path, path="memory://drop/stock.csv") == STOCK
    assert await stock(tmp_path, path="memory://drop") == STOCK


@dataclass
class Web:
    """A file on a web server."""

    content: bytes = TEXT.encode()
    modified: str | None = "Sat, 28 Nov 2026 08:00:00 GMT"

    def __call__(self, asked: ReceivedRequest) -> Answer:
        if asked.headers.get("authorization", asked.headers.get("Authorization")) != (
            f"Bearer {SECRET}"
        ):
            return Answer({"message": f"not {SECRET}"}, status=401)
        headers = {} if self.modified is None else {"Last-Modified": self.modified}
        return Answer(self.content, headers=headers)


async def test_a_file_of_a_web_server_is_read(tmp_path: Path) -> None:
    with serving(Web()) as server:
        (page,) = await pages(tmp_path, path=f"{server.url}/stock.csv", token=PASSWORD)

    assert {record.sku: record.available for record in page.records} == STOCK
    assert page.as_of == from_rfc3339("2026-11-28T08:00:00Z")


async def test_a_web_server_that_tells_no_time_is_as_of_now(tmp_path: Path) -> None:
    with serving(Web(modified=None)) as server:
        (page,) = await pages(tmp_path, path=f"{server.url}/stock.csv", token=PASSWORD)

    assert page.as_of is not None
    assert abs(time.time() * 1000 - page.as_of) < 60_000


async def test_a_web_server_that_refuses_the_token_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Web()) as server:
        monkeypatch.setenv(SECRET_NAME, "wr0ng-s3cret")
        words = await failure(
            tmp_path, NeedsOperator, path=f"{server.url}/stock.csv", token=PASSWORD
        )
    assert SECRET_NAME in words
    assert "wr0ng-s3cret" not in words


async def test_a_redirect_to_another_host_gets_no_token(tmp_path: Path) -> None:
    with (
        serving(Web()) as thief,
        serving(
            lambda _asked: Answer(status=302, headers={"Location": f"{thief.url}/stock.csv"})
        ) as server,
    ):
        with pytest.raises((Temporary, ContractBroken)):
            await pages(tmp_path, path=f"{server.url}/stock.csv", token=PASSWORD)
        assert thief.asked == []
