"""What shows a channel who asks is put on each try anew, and seen nowhere else."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import pytest

from sync.clock import SystemClock
from sync.errors import NeedsOperator
from sync.secrets import Secret
from sync.transport.call import FormFields, Signed
from sync.transport.redaction import PASSING_MAX, Redactor
from sync.transport.transport import Transport
from tests.loopback import Answer, script, serving
from tests.sync.transport.test_transport import rig

SIGNER = Secret("signing-s3cret", name="SHOP_SECRET")


@dataclass
class Numbered:
    """Signs with a number that no other try has."""

    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def secrets(self) -> Sequence[Secret]:
        return [SIGNER]

    def sign(self, method: str, url: str, form: FormFields | None) -> Signed:  # noqa: ARG002
        signature = f"signature-{next(self.numbers)}"
        return Signed(f"{url}?by={signature}", {"X-By": f"{method} {signature}"}, [signature])


async def test_each_try_and_each_redirect_is_signed_anew() -> None:
    moved = Answer(status=302, headers={"Location": "/elsewhere"})
    async with rig(script(Answer(status=503), moved, Answer(b"[]"))) as r:
        url = f"{r.server.url}/stock"
        reply = await r.transport.request("GET", url, repeatable=True, proof=Numbered())

    assert [asked.path for asked in r.server.asked] == [
        "/stock?by=signature-0",
        "/stock?by=signature-1",
        "/elsewhere?by=signature-2",
    ]
    assert [asked.headers["x-by"][-1] for asked in r.server.asked] == ["0", "1", "2"]
    assert reply.url == f"{r.server.url}/elsewhere"


async def test_a_signature_that_is_quoted_back_is_struck_out_and_its_secret_is_named() -> None:
    async with rig(lambda asked: Answer({"message": f"{asked.path} is bad"}, 401)) as r:
        with pytest.raises(NeedsOperator) as caught:
            await r.transport.request("GET", r.server.url, repeatable=True, proof=Numbered())

    assert "credential SHOP_SECRET" in str(caught.value)
    assert "signature-0" not in str(caught.value)
    assert "/?by=••• is bad" in str(caught.value)
    assert caught.value.status == 401


async def test_a_form_is_sent_as_one_with_its_secrets_and_hides_them() -> None:
    fields: FormFields = [("user", "Ada & Co"), ("pass", SIGNER), ("scope", "a"), ("scope", "b")]
    async with rig(lambda asked: Answer(asked.body, 403)) as r:
        with pytest.raises(NeedsOperator) as caught:
            await r.transport.request("POST", r.server.url, repeatable=True, form=fields)

    (asked,) = r.server.asked
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(asked.body.decode()) == [
        ("user", "Ada & Co"), ("pass", "signing-s3cret"), ("scope", "a"), ("scope", "b"),
    ]  # fmt: skip
    assert "signing-s3cret" not in str(caught.value)
    assert "pass=•••" in str(caught.value)


@dataclass
class OfTheForm(Numbered):
    """Signs the fields of a form, too."""

    def sign(self, method: str, url: str, form: FormFields | None) -> Signed:  # noqa: ARG002
        return Signed(url, {"X-Form": repr(form)})


async def test_a_form_is_signed_also_where_it_is_a_text() -> None:
    kind = "application/x-www-form-urlencoded"
    async with rig(script(Answer(b"{}"))) as r:
        for body in ({"form": [("a", "1 &"), ("b", "")]}, {"text": ("a=1+%26&b=", kind)}):
            await r.transport.request(
                "PUT", r.server.url, repeatable=False, proof=OfTheForm(), **body
            )

    first, second = r.server.asked
    assert first.headers["x-form"] == second.headers["x-form"] == "[('a', '1 &'), ('b', '')]"
    assert first.body == second.body == b"a=1+%26&b="


async def test_a_redirect_that_is_accepted_is_an_answer() -> None:
    answer = Answer(b"", 302, {"Location": "https://elsewhere.example/", "Set-Cookie": "sid=7"})
    async with rig(script(answer)) as r:
        reply = await r.transport.request("POST", r.server.url, repeatable=True, accept={302})

    assert (reply.status, reply.set_cookies) == (302, ["sid=7"])
    assert "sid=7" not in repr(reply)


async def test_what_another_address_of_the_channel_was_sent_is_hidden_here_too() -> None:
    with serving(script(Answer(b"{}"))) as here, serving(script(Answer(b"{}"))) as there:
        transport = Transport("market", here.url, clock=SystemClock())
        other = transport.beside(there.url, body_bytes_max=1_000)
        try:
            await other.request("POST", there.url, repeatable=True, json={"pw": SIGNER})
        finally:
            await other.aclose()
            await transport.aclose()

    assert transport.redactor.text("so signing-s3cret it is") == "so ••• it is"
    assert here.asked == []


def test_the_newest_tokens_are_hidden_however_many_came_before() -> None:
    redactor = Redactor()
    redactor.learn(["the-kept-s3cret"])
    for number in range(10 * PASSING_MAX):
        redactor.learn_passing([f"token-number-{number:04}"])
        redactor.learn([f"token-number-{number:04}"])

    shown = redactor.text("the-kept-s3cret token-number-0159 token-number-0158 token-number-0001")

    assert shown == "••• ••• ••• token-number-0001"
