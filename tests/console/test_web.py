"""`skew web`: who is let in, and what a session is, over real HTTP and a real WebSocket."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.console.command_shop import seed

needs_web = pytest.mark.skipif(
    find_spec("textual_serve") is None, reason="the extra web is missing"
)

ROOT = Path(__file__).parents[2]
ANA, BEN = "ana-0123456789abcdef", "ben-0123456789abcdef"
PATIENCE_S = 30.0


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


@contextmanager
def started(folder: Path, *args: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server of its own, and its URL."""
    port = free_port()
    environ = os.environ | {
        "PYTHONPATH": str(ROOT), "ANA": ANA, "BEN": BEN, "SHOP_KEY": "key-of-the-shop",
        "XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config"),
    }  # fmt: skip
    command = [sys.executable, "-m", "console", "web", "--config", str(folder / "skew.toml")]
    process = subprocess.Popen(
        [*command, "--listen", f"127.0.0.1:{port}", *args], env=environ, cwd=folder,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        give_up = time.monotonic() + PATIENCE_S
        while True:
            assert time.monotonic() < give_up
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@contextmanager
def served(folder: Path, *args: str) -> Iterator[str]:
    """A server of its own; answers its URL."""
    with started(folder, *args) as (_, url):
        yield url


async def screen(session: Any, url: str, *words: str, origin: str | None = None) -> str:
    """What a session shows once it shows all these words."""
    import aiohttp

    shown = ""
    headers = {"Origin": origin or url}
    target = f"{url}/ws?width=160&height=45"
    async with asyncio.timeout(PATIENCE_S), session.ws_connect(target, headers=headers) as socket_:
        async for message in socket_:
            if message.type == aiohttp.WSMsgType.BINARY:
                shown += message.data.decode(errors="replace")
            if all(word in shown for word in words):
                return shown
    raise AssertionError(shown[-2000:])


async def status(session: Any, url: str, **headers: str) -> int:
    async with session.get(url, headers=headers, allow_redirects=False) as answer:
        return int(answer.status)


@pytest.mark.long
@needs_web
async def test_without_a_sign_in_it_is_read_only_and_no_other_site_gets_in(tmp_path: Path) -> None:
    import aiohttp

    seed(tmp_path)
    with served(tmp_path) as url:
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as page:
                assert page.status == 200
                policy = page.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
            assert await status(session, url, Host="evil.example") == 421
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await screen(session, url, "RO", origin="https://evil.example")
            assert refused.value.status == 403
            await screen(session, url, "LAMP", "RO")


@pytest.mark.long
@needs_web
async def test_each_token_is_a_person_and_the_token_leaves_the_address(tmp_path: Path) -> None:
    import aiohttp

    seed(tmp_path)
    people = ("--token", "ana=env:ANA", "--token", "ben=env:BEN")
    with served(tmp_path, "--read-write", *people) as url:
        async with aiohttp.ClientSession() as stranger:
            assert await status(stranger, url) == 401
            assert await status(stranger, f"{url}/static/js/textual.js") == 401
            assert await status(stranger, f"{url}/?token=wrong-0123456789abcdef") == 401
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await screen(stranger, url, "RW")
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            target = f"{url}/?token={BEN}"
            async with session.get(target, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (302, "/")
                cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert BEN not in cookie
            assert await status(session, url) == 200
            await screen(session, url, "ben", "RW")


@pytest.mark.long
@needs_web
async def test_behind_a_proxy_its_header_names_the_person(tmp_path: Path) -> None:
    import aiohttp

    seed(tmp_path)
    port_of = ("--read-write", "--user-header", "X-User", "--public-url", "https://skew.example")
    with served(tmp_path, *port_of) as url:
        async with aiohttp.ClientSession() as session:
            assert await status(session, url) == 401
            assert await status(session, url, **{"X-User": "skew"}) == 401
            assert await status(session, url, **{"X-User": "cleo", "Host": "skew.example"}) == 200
            headers = {"X-User": "cleo; touch pwned", "Origin": "https://skew.example"}
            async with session.ws_connect(f"{url}/ws?width=160&height=45", headers=headers) as ws:
                async with asyncio.timeout(PATIENCE_S):
                    shown = ""
                    while "RW" not in shown:
                        shown += (await ws.receive()).data.decode(errors="replace")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.long
@needs_web
async def test_the_address_of_the_configuration_is_the_one_that_it_is_served_at(
    tmp_path: Path,
) -> None:
    import aiohttp

    seed(tmp_path)
    with (tmp_path / "skew.toml").open("a") as file:
        file.write('\n[web]\nurl = "https://skew.example"\n')
    with served(tmp_path) as url:
        async with aiohttp.ClientSession() as session:
            assert await status(session, url, Host="skew.example") == 200
            await screen(session, url, "RO", origin="https://skew.example")


def guarded(remote: str, headers: list[tuple[str, str]], **given: Any) -> int:
    """The status of a request for the page, before there is any session."""
    from aiohttp import web as aiohttp_web
    from aiohttp.test_utils import make_mocked_request
    from multidict import CIMultiDict

    from console.web import WebConsole, WebSettings

    settings = WebSettings(
        config=Path("skew.toml"), host="127.0.0.1", port=9465, public_url="http://skew.example",
        **given,
    )  # fmt: skip

    async def page(_: object) -> aiohttp_web.Response:
        return aiohttp_web.Response()

    request = make_mocked_request("GET", "/", CIMultiDict([("Host", "skew.example"), *headers]))
    request = request.clone(remote=remote)
    return asyncio.run(WebConsole(settings)._guarded(request, page)).status


@needs_web
@pytest.mark.parametrize("cookie", ["skew=\u00e9", 'skew="\\351"', "skew=", "skew"])
def test_a_cookie_of_any_letters_is_no_sign_in(cookie: str) -> None:
    assert guarded("127.0.0.1", [("Cookie", cookie)], tokens={"0" * 64: "ana"}) == 401


@needs_web
def test_a_name_beside_that_of_the_proxy_is_nobody() -> None:
    twice = [("X-User", "mallory"), ("X-User", "eva")]
    assert guarded("127.0.0.1", twice, user_header="X-User") == 401
    assert guarded("127.0.0.1", twice[1:], user_header="X-User") == 200


@needs_web
@pytest.mark.parametrize(
    ("remote", "status"),
    [
        ("::1", 200),
        ("10.1.2.3", 200),
        ("::ffff:10.1.2.3", 200),
        ("10.2.0.1", 403),
        ("::ffff:10.2.0.1", 403),
        ("", 403),
    ],
)
def test_the_header_is_believed_from_the_proxy_alone(remote: str, status: int) -> None:
    name = [("X-User", "eva")]
    proxies = [ip_network("10.1.0.0/16")]
    assert guarded(remote, name, user_header="X-User", proxies=proxies) == status


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--proxy", "10.0.0.1"), "--proxy says who may send the --user-header"),
        (("--user-header", "X", "--proxy", "10.0.0.1/8"), "has host bits set"),
        (("--read-write",), "--read-write needs to know who decides"),
        (("--listen", "0.0.0.0:9465"), "whoever reaches it could look in"),
        (("--listen", "9465"), "is not an address to listen at"),
        (("--token", "ana=env:ANA", "--user-header", "X"), "one of them says who it is"),
        (("--token", "ana"), "write NAME=PLACE"),
        (("--token", "skew=env:ANA"), "write NAME=PLACE"),
        (("--token", f"ana={ANA}"), "takes no secret itself"),
        (("--token", "ana=env:SHORT"), "shorter than 16 characters"),
    ],
)
def test_a_wrong_use_exits_2(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], words: str
) -> None:
    monkeypatch.setenv("ANA", ANA)
    monkeypatch.setenv("SHORT", "short")
    monkeypatch.setenv("SHOP_KEY", "key-of-the-shop")

    ran = skew("web", *args)

    assert ran.code == 2
    assert words in ran.err
    assert "short" not in ran.err.replace("shorter", "")
