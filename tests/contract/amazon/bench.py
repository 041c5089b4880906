"""What the tests of Amazon ask and say again and again."""

from tests.contract.harness import OverHttp, opened
from tests.fakes.amazon import Amazon
from tests.fakes.amazon_shelf import AmazonShelf
from tests.loopback import ReceivedRequest


def backend(harness: OverHttp) -> Amazon:
    assert isinstance(harness.backend, Amazon)
    return harness.backend


def shelf(harness: OverHttp) -> AmazonShelf:
    return backend(harness).shelf


def asked(harness: OverHttp, path: str) -> list[ReceivedRequest]:
    return [request for request in harness.server.asked if request.path.startswith(path)]


async def signed_in(harness: OverHttp) -> str:
    async with opened(harness) as channel:
        return await channel.sign_in()
