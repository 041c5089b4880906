"""The answer to a sign-in may say when the refresh token ends."""

import pytest

from sync.channels.api.auth.grant import TokenDesk
from tests.loopback import Answer, script
from tests.sync.transport.test_transport import NOON, rig


@pytest.mark.parametrize(
    ("content", "ends"),
    [
        ({"refresh_token_expires_in": 47_304_000}, {"REFRESH": NOON + 47_304_000_000}),
        ({"refresh_expires_in": "1800"}, {"REFRESH": NOON + 1_800_000}),
        ({"x_refresh_token_expires_in": 1.5}, {"REFRESH": NOON + 1_500}),
        ({"refresh_token_expires_at": "2027-03-01T00:00:00Z"}, {"REFRESH": 1_803_859_200_000}),
        ({"refresh_token_expires_at": "one day"}, {}),
        ({"refresh_token_expires_at": ""}, {}),
        ({"refresh_token_expires_in": -1}, {}),
        ({"refresh_token_expires_in": "never"}, {}),
        ({"refresh_token_expires_in": 1e300}, {}),
        ({}, {}),
        ([], {}),
        (None, {}),
    ],
)
async def test_the_end_of_a_refresh_token_is_known(content: object, ends: dict[str, int]) -> None:
    async with rig(script(Answer(b"{}"))) as r:
        desk = TokenDesk("shop", f"{r.server.url}/token", r.transport, r.clock)
        desk.note_end("REFRESH", content)
        assert r.transport.notices.credential_ends == ends
        await desk.aclose()
