"""A page that its channel confirms is the page that came; whatever moved is seen."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.model import Millis
from sync.errors import ContractBroken, NeedsOperator, Temporary
from sync.secrets import Secret
from sync.transport import kept
from sync.transport.call import AnswerHeaders, Reply
from sync.transport.transport import Transport
from tests.long_run import examples
from tests.loopback import Answer, Loopback, ReceivedRequest, serving


@dataclass
class Hands:
    """Sleeping takes no time and moves the hands."""

    at: Millis = 1_764_158_400_000

    def now(self) -> Millis:
        return self.at

    async def sleep(self, span_ms: int) -> None:
        self.at += span_ms
        await asyncio.sleep(0)


@dataclass
class Pages:
    """Answers 304 where it is asked for the version that it has."""

    body: Any = "one"
    tag: str = '"1"'
    headers: dict[str, str] = field(default_factory=dict)
    confirmed: int = 0

    def answer(self, asked: ReceivedRequest) -> Answer:
        headers = {**({"ETag": self.tag} if self.tag else {}), **self.headers}
        wanted = asked.headers.get("if-none-match", "").removeprefix("W/")
        if wanted and wanted == self.tag.removeprefix("W/"):
            self.confirmed += 1
            return Answer(status=304, headers=headers)
        since = asked.headers.get("if-modified-since")
        if since is not None and since == self.headers.get("Last-Modified"):
            self.confirmed += 1
            return Answer(status=304, headers=headers)
        return Answer(json.dumps(self.body).encode(), headers=headers)


@dataclass
class Reader:
    pages: Pages
    server: Loopback
    transport: Transport
    clock: Hands

    async def read(self, *, path: str = "/a", kept: bool = True, **more: Any) -> Any:
        url = self.server.url + path
        more = {"method": "GET", **more}
        method = more.pop("method")
        reply = await self.transport.request(method, url, repeatable=True, kept=kept, **more)
        return json.loads(reply.body)


@asynccontextmanager
async def reading(pages: Pages | None = None) -> AsyncIterator[Reader]:
    pages, clock = pages or Pages(), Hands()
    with serving(pages.answer) as server:
        transport = Transport("shop", server.url, clock=clock)
        yield Reader(pages, server, transport, clock)
        await transport.aclose()


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '""'])
async def test_a_page_that_stands_is_confirmed_without_its_body(tag: str) -> None:
    async with reading(Pages(tag=tag)) as r:
        assert [await r.read() for _ in range(3)] == ["one"] * 3
        assert r.pages.confirmed == 2


async def test_a_page_that_changed_is_seen_and_kept_in_its_stead() -> None:
    async with reading() as r:
        await r.read()
        r.pages.body, r.pages.tag = "two", '"2"'
        assert [await r.read() for _ in range(2)] == ["two"] * 2
        assert r.pages.confirmed == 1


async def test_what_a_confirmation_says_of_the_list_is_newer_than_what_is_kept() -> None:
    async with reading(Pages(headers={"X-Total": "7", "Link": "<b>"})) as r:
        await r.read()
        r.pages.headers = {"X-Total": "8"}
        url = f"{r.server.url}/a"
        reply = await r.transport.request("GET", url, repeatable=True, kept=True)
        assert (reply.status, reply.headers["x-total"], reply.headers["link"]) == (200, "8", "<b>")
        assert reply.headers["content-type"] == "application/json"


async def test_a_confirmation_that_nobody_asked_for_is_a_fault() -> None:
    async with reading() as r:
        r.server.answer = lambda _asked: Answer(status=304)
        with pytest.raises(ContractBroken, match="304"):
            await r.read()


async def test_a_confirmation_of_another_version_is_not_taken() -> None:
    async with reading() as r:
        await r.read()
        answer = r.pages.answer

        def other(asked: ReceivedRequest) -> Answer:
            if "if-none-match" in asked.headers:
                return Answer(status=304, headers={"ETag": '"9"'})
            return answer(asked)

        r.server.answer, r.pages.body = other, "two"
        assert await r.read() == "two"


async def test_other_credentials_or_another_address_are_asked_anew() -> None:
    async with reading() as r:
        for name in ("one", "two"):
            secret = Secret(f"{name}-s3cret", name="KEY")
            await r.read(headers={"Authorization": secret})
        await r.read(path="/b")
        assert r.pages.confirmed == 0
        assert not any(b"s3cret" in key for key in r.transport._kept._of)


async def test_only_a_page_of_a_list_that_is_got_is_kept() -> None:
    async with reading() as r:
        for _ in range(2):
            await r.read(kept=False)
            await r.read(method="POST", json={})
        assert r.pages.confirmed == 0


@pytest.mark.parametrize(
    "headers", [{"Cache-Control": "private, no-store"}, {"Vary": "*"}, {"ETag": "1"}, {"ETag": ""}]
)
async def test_what_may_not_be_kept_is_not(headers: dict[str, str]) -> None:
    async with reading(Pages(tag="" if "ETag" in headers else '"1"', headers=headers)) as r:
        await r.read()
        await r.read()
        assert "if-none-match" not in r.server.asked[-1].headers


@pytest.mark.parametrize(("before_s", "confirmed"), [(5, 0), (3600, 1)])
async def test_a_time_counts_where_nothing_can_have_moved_within_its_second(
    before_s: int, confirmed: int
) -> None:
    headers = {
        "Date": formatdate(1_764_158_400, usegmt=True),
        "Last-Modified": formatdate(1_764_158_400 - before_s, usegmt=True),
    }
    # The server of the tests writes a date of its own, which comes first.
    known = kept.KeptAnswers("shop")
    page = Pages(tag="", headers=headers)
    reply = page.answer(ReceivedRequest("GET", "/", {}, b""))
    answered = AnswerHeaders.of({name.lower(): text for name, text in reply.headers.items()})
    known.settled(b"1", Reply(200, answered, b"one", "/"), 0)
    assert bool(known.conditions(b"1", 0)) == bool(confirmed)


async def test_a_page_is_asked_for_whole_now_and_then() -> None:
    async with reading() as r:
        await r.read()
        r.clock.at += kept.WHOLE_EVERY_MS
        r.pages.body = "a change that its version does not show"
        assert await r.read() == r.pages.body


async def test_an_answer_that_is_an_error_is_never_confirmed() -> None:
    async with reading() as r:
        for _ in range(2):
            with pytest.raises(NeedsOperator):
                await r.read(judge=lambda _reply: NeedsOperator("no"))
        assert r.pages.confirmed == 0


async def test_the_pages_that_are_kept_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "BYTES_MAX", 40)
    async with reading() as r:
        for number in range(20):
            await r.read(path=f"/{number}")
        known = r.transport._kept
        assert 0 < known._bytes == sum(len(answer.packed) for answer in known._of.values()) <= 40


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans()), max_size=12))
def test_whatever_moved_between_readings_is_seen(life: list[tuple[int, int, bool]]) -> None:
    async def lived() -> None:
        versions = dict.fromkeys(range(3), 0)

        def answer(asked: ReceivedRequest) -> Answer:
            number = int(asked.path[1:])
            tag = f'"{number}-{versions[number]}"'
            if asked.headers.get("if-none-match", "").removeprefix("W/") == tag:
                return Answer(status=304)
            weak = "W/" if number else ""
            return Answer(json.dumps(versions[number]).encode(), headers={"ETag": weak + tag})

        async with reading() as r:
            r.server.answer = answer
            for page, steps, again in life:
                versions[page] += steps
                for _ in range(1 + again):
                    assert await r.read(path=f"/{page}") == versions[page]

    asyncio.run(lived())


async def test_a_channel_that_only_confirms_at_last_fails_in_words() -> None:
    async with reading() as r:
        await r.read()
        r.server.answer = lambda _asked: Answer(status=304, headers={"ETag": '"9"'})
        with pytest.raises((Temporary, ContractBroken), match=r"304|confirmed"):
            await r.read()
