"""How each system signs a webhook, and what is not genuine. The signatures are made here anew."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.secrets import SecretSource
from sync.serving.webhooks import schemes
from sync.serving.webhooks.schemes import Delivery, ReceivedWebhook, WrongSignature
from sync.settings import WebhookSettings

SECRET = "hush-4711"
NOW = 1_796_000_000_000
URL = "https://skew.example/webhooks/square"
WHEN = datetime.fromtimestamp(NOW / 1000, UTC).isoformat()
BODY = json.dumps({"event_id": "e-1", "created_at": WHEN, "hash": "abc"}).encode()


def settings(scheme: str, **given_: Any) -> WebhookSettings:
    source = SecretSource(env="SECRET")
    return WebhookSettings(scheme=scheme, secret=source, **given_)  # type: ignore[arg-type]


def base64_of(signed: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()


def received(body: bytes = BODY, at: int = NOW, **headers: str) -> ReceivedWebhook:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ReceivedWebhook(named, body, at)


GENUINE: dict[str, tuple[WebhookSettings, ReceivedWebhook, str]] = {
    "shopify": (
        settings("shopify"),
        received(
            x_shopify_hmac_sha256=base64_of(BODY),
            x_shopify_webhook_id="w-1",
            x_shopify_triggered_at=WHEN,
        ),
        "w-1",
    ),
    "woocommerce": (
        settings("woocommerce"),
        received(x_wc_webhook_signature=base64_of(BODY), x_wc_webhook_delivery_id="d-1"),
        "d-1",
    ),
    "square": (
        settings("square", url=URL),
        received(x_square_hmacsha256_signature=base64_of(URL.encode() + BODY)),
        "e-1",
    ),
    "bigcommerce": (
        settings("bigcommerce"),
        received(
            json.dumps({"hash": "abc", "created_at": NOW // 1000}).encode(), x_skew_token=SECRET
        ),
        f"abc-{NOW // 1000}",
    ),
    "standard": (
        settings("standard"),
        received(
            webhook_id="msg-1",
            webhook_timestamp=str(NOW // 1000),
            webhook_signature="v1,bm90aGluZw== v1,"
            + base64_of(f"msg-1.{NOW // 1000}.".encode() + BODY),
        ),
        "msg-1",
    ),
    "hmac": (
        settings("hmac", id="X-Id"),
        received(
            x_skew_signature=hmac.new(SECRET.encode(), BODY, "sha256").hexdigest(), x_id="h-1"
        ),
        "h-1",
    ),
    "hmac, timed": (
        settings("hmac", header="X-Sign", encoding="base64", timestamp="X-Time"),
        received(
            x_sign="sha256=" + base64_of(f"{NOW // 1000}.".encode() + BODY),
            x_time=str(NOW // 1000),
        ),
        hashlib.sha256(f"{NOW // 1000}.".encode() + BODY).hexdigest(),
    ),
}


@pytest.mark.parametrize("name", GENUINE)
def test_a_genuine_one_is_named_as_its_sender_names_it(name: str) -> None:
    wanted, came, delivery = GENUINE[name]

    assert schemes.check(wanted, SECRET, came) == Delivery(delivery)


def spoiled(came: ReceivedWebhook) -> dict[str, ReceivedWebhook]:
    """The same with one thing wrong."""
    signing = {
        name for name in came.headers if any(word in name for word in ("hmac", "sign", "token"))
    }
    return {
        "body": ReceivedWebhook(came.headers, came.body + b" ", came.received_at),
        "without": ReceivedWebhook(
            {n: v for n, v in came.headers.items() if n not in signing}, came.body, NOW
        ),
        "other": ReceivedWebhook(
            dict(came.headers) | dict.fromkeys(signing, "AAAA"), came.body, NOW
        ),
        "not ascii": ReceivedWebhook(
            dict(came.headers) | dict.fromkeys(signing, "é\x00ü"), came.body, NOW
        ),
    }


@pytest.mark.parametrize("wrong", ["body", "without", "other", "not ascii", "secret"])
@pytest.mark.parametrize("name", GENUINE)
def test_one_that_is_not_genuine_is_refused(name: str, wrong: str) -> None:
    wanted, came, _ = GENUINE[name]
    if name == "bigcommerce" and wrong == "body":
        pytest.skip("BigCommerce signs no body; a webhook is never the truth")
    secret = "another" if wrong == "secret" else SECRET

    with pytest.raises(WrongSignature):
        schemes.check(wanted, secret, spoiled(came).get(wrong, came))


@pytest.mark.parametrize(
    ("name", "late_ms"),
    [
        ("shopify", 49 * 3_600_000),
        ("square", 49 * 3_600_000),
        ("bigcommerce", 49 * 3_600_000),
        ("standard", 301_000),
        ("standard", -301_000),
        ("hmac, timed", 301_000),
    ],
)
def test_one_from_another_time_is_refused(name: str, late_ms: int) -> None:
    wanted, came, _ = GENUINE[name]
    late = ReceivedWebhook(came.headers, came.body, NOW + late_ms)

    with pytest.raises(WrongSignature, match="another time"):
        schemes.check(wanted, SECRET, late)


@pytest.mark.parametrize("name", ["shopify", "square"])
def test_a_retry_hours_later_is_genuine(name: str) -> None:
    wanted, came, delivery = GENUINE[name]
    late = ReceivedWebhook(came.headers, came.body, NOW + 4 * 3_600_000)

    assert schemes.check(wanted, SECRET, late) == Delivery(delivery)


def test_squares_address_is_part_of_what_is_signed() -> None:
    _, came, _ = GENUINE["square"]

    with pytest.raises(WrongSignature):
        schemes.check(settings("square", url=URL + "/"), SECRET, came)


def test_woocommerces_ping_is_answered_and_names_nothing() -> None:
    ping = received(b"webhook_id=17")

    assert schemes.check(settings("woocommerce"), SECRET, ping).is_ping
    for body in (b"webhook_id=17&x=1", b"webhook_id=", b"", b"{}"):
        with pytest.raises(WrongSignature):
            schemes.check(settings("woocommerce"), SECRET, received(body))


def test_a_secret_of_standard_webhooks_may_be_written_as_they_give_it() -> None:
    key = b"0123456789abcdef"
    signed = f"msg-1.{NOW // 1000}.".encode() + BODY
    came = received(
        webhook_id="msg-1",
        webhook_timestamp=str(NOW // 1000),
        webhook_signature="v1," + base64_of(signed, key.decode()),
    )
    given_secret = "whsec_" + base64.b64encode(key).decode()

    assert schemes.check(settings("standard"), given_secret, came) == Delivery("msg-1")


def nameless(body: bytes, at: int) -> Delivery:
    headers = {"x-skew-signature": hmac.new(SECRET.encode(), body, "sha256").hexdigest()}
    return schemes.check(settings("hmac"), SECRET, ReceivedWebhook(headers, body, at))


def test_an_equal_body_later_is_another_delivery() -> None:
    found = {nameless(BODY, NOW), nameless(BODY, NOW + 1), nameless(BODY + b" ", NOW)}

    assert len(found) == 3
    assert all(delivery.id for delivery in found)


def test_a_signed_time_names_a_delivery_whenever_it_comes() -> None:
    wanted, came, _ = GENUINE["hmac, timed"]
    later = ReceivedWebhook(came.headers, came.body, NOW + 60_000)

    assert schemes.check(wanted, SECRET, later) == schemes.check(wanted, SECRET, came)


@given(
    scheme=st.sampled_from(sorted(GENUINE)),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "x-shopify-hmac-sha256", "x-wc-webhook-signature", "x-square-hmacsha256-signature",
                "x-skew-token", "webhook-signature", "webhook-timestamp", "webhook-id", "x-sign",
                "x-time", "x-shopify-triggered-at", "x-skew-signature",
            ]
        ),
        st.text(max_size=60),
    ),
    body=st.binary(max_size=200),
)  # fmt: skip
def test_whatever_a_stranger_sends_is_refused(
    scheme: str, headers: dict[str, str], body: bytes
) -> None:
    wanted, _, _ = GENUINE[scheme]
    try:
        found = schemes.check(wanted, SECRET, ReceivedWebhook(headers, body, NOW))
    except WrongSignature:
        return
    assert found.is_ping
