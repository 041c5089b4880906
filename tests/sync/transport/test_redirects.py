"""Redirects: followed within the origin and as the same request, and nowhere else."""

import pytest

from sync.errors import (
    ContractBroken,
    Temporary,
    WriteOutcomeUnknown,
)
from tests.loopback import Answer, script, serving
from tests.sync.transport.test_transport import failure, rig


async def test_a_redirect_to_another_host_is_not_followed_and_sends_nothing() -> None:
    with serving(script(Answer(b"thanks for the token"))) as thief:
        async with rig(script(Answer(status=302, headers={"Location": thief.url + "/stock"}))) as r:
            error = await failure(r.read(), ContractBroken)
            assert "market redirects to another server" in str(error)
            await failure(r.write(), WriteOutcomeUnknown)
        assert thief.asked == []


async def test_a_redirect_to_the_same_site_says_what_to_write() -> None:
    location = "https://127.0.0.1/stock"
    async with rig(script(Answer(status=301, headers={"Location": location}))) as r:
        error = await failure(r.read(), ContractBroken)

    assert "https://127.0.0.1; not followed: if that is the channel, write it in its url" in str(
        error
    )


async def test_a_redirect_within_the_origin_is_followed() -> None:
    async with rig(
        script(Answer(status=302, headers={"Location": "/moved"}), Answer(b"here"))
    ) as r:
        assert await r.read() == b"here"
        assert r.server.asked[1].path == "/moved"


async def test_a_write_is_redirected_only_as_the_same_write() -> None:
    async with rig(script(Answer(status=307, headers={"Location": "/moved"}), Answer())) as r:
        assert await r.write() == 200
        assert (r.server.asked[1].method, r.server.asked[1].json) == ("PUT", {"n": 1})
    async with rig(script(Answer(status=302, headers={"Location": "/moved"}), Answer())) as r:
        await failure(r.write(), WriteOutcomeUnknown)
        assert len(r.server.asked) == 1


@pytest.mark.parametrize(
    "location",
    [
        "/stock", "ftp://127.0.0.1/", "//127.0.0.1:1/", "file:///etc/passwd", "file://localhost/x",
        "http://[::1]/", "http://169.254.169.254/latest", "http://127.0.0.1:1@127.0.0.1:2/",
        "http:\\\\127.0.0.1:1\\", "data:application/json,[]", "javascript:0", "http://2130706433:1/",
        "unix:///run/x.sock", "https:///x", "http://127.0.0.1:99999/",
    ],
)  # fmt: skip
async def test_a_redirect_in_circles_or_to_nowhere_breaks_the_contract(location: str) -> None:
    async with rig(script(Answer(status=302, headers={"Location": location}))) as r:
        await failure(r.read(), ContractBroken)


async def test_a_redirect_that_cannot_be_read_is_no_answer() -> None:
    async with rig(script(Answer(status=302, headers={"Location": "http://a:b/"}))) as r:
        await failure(r.read(), Temporary)
