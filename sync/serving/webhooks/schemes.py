"""How each system signs its webhooks. Pure.

Sources, read 2026-11-30: Shopify "Deliver webhooks through HTTPS"; WooCommerce `WC_Webhook`; Square
"Validate that the notification is from Square"; BigCommerce "HTTPS Webhooks Overview", which signs
nothing and sends back the headers it was given; standardwebhooks.com.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec

from store.model import Millis
from sync.settings import WebhookSettings

TOLERANCE_MS = 5 * 60_000
"""How far from now the signed time of a delivery may be."""

RETRIED_MS = 48 * 3_600_000
"""For so long a system may send again what it could not deliver, with the time of the first try."""

_ID_MAX = 200
_DIGITS_MAX = 12
_PING = re.compile(rb"webhook_id=\d{1,18}")
"""WooCommerce's first words, which it does not sign: it disables a webhook that refuses them."""


class WrongSignature(Exception):
    """It is not from whom it says it is, or of another time. Its text is for the sender."""


class Delivery(msgspec.Struct, frozen=True):
    """A webhook that is genuine."""

    id: str
    """Its sender's name for it; without one, a digest of it and of its time."""
    is_ping: bool = False
    """It names nothing that changed."""


class ReceivedWebhook(msgspec.Struct, frozen=True):
    """What came, as it came."""

    headers: Mapping[str, str]
    """By name, in lower case."""
    body: bytes
    received_at: Millis


Check = Callable[[WebhookSettings, bytes, ReceivedWebhook], Delivery]


def check(settings: WebhookSettings, secret: str, received: ReceivedWebhook) -> Delivery:
    """Find out whether a webhook is genuine, by its raw body. Raises WrongSignature."""
    return _CHECKS[settings.scheme](settings, secret.encode(), received)


def _shopify(_: WebhookSettings, secret: bytes, received: ReceivedWebhook) -> Delivery:
    _must_match(received, "x-shopify-hmac-sha256", _digest(secret, received.body))
    _must_be_recent(_iso_ms(received.headers.get("x-shopify-triggered-at")), received, RETRIED_MS)
    return _delivery(received, received.headers.get("x-shopify-webhook-id"))


def _woocommerce(_: WebhookSettings, secret: bytes, received: ReceivedWebhook) -> Delivery:
    if _PING.fullmatch(received.body) and "x-wc-webhook-signature" not in received.headers:
        return Delivery("ping", is_ping=True)
    _must_match(received, "x-wc-webhook-signature", _digest(secret, received.body))
    return _delivery(received, received.headers.get("x-wc-webhook-delivery-id"))


def _square(settings: WebhookSettings, secret: bytes, received: ReceivedWebhook) -> Delivery:
    signed = (settings.url or "").encode() + received.body
    _must_match(received, "x-square-hmacsha256-signature", _digest(secret, signed))
    content = _object(received.body)
    created = content.get("created_at")
    _must_be_recent(_iso_ms(created if isinstance(created, str) else None), received, RETRIED_MS)
    event = content.get("event_id")
    return _delivery(received, event if isinstance(event, str) else None)


def _bigcommerce(settings: WebhookSettings, secret: bytes, received: ReceivedWebhook) -> Delivery:
    name = (settings.header or "X-Skew-Token").lower()
    if not hmac.compare_digest(received.headers.get(name, "").encode(), secret):
        raise WrongSignature(f"the header {name} is missing or wrong")
    content = _object(received.body)
    created = content.get("created_at")
    at = round(created * 1000) if isinstance(created, int) else None
    _must_be_recent(at, received, RETRIED_MS)
    # Two deliveries of one event have the same hash.
    found = content.get("hash")
    return _delivery(received, f"{found}-{created}" if isinstance(found, str) else None)


def _standard(_: WebhookSettings, secret: bytes, received: ReceivedWebhook) -> Delivery:
    written = received.headers.get("webhook-timestamp", "")
    name = received.headers.get("webhook-id", "")
    try:
        key = base64.b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except binascii.Error:
        key = secret
    digest = _digest(key, f"{name}.{written}.".encode() + received.body)
    given = received.headers.get("webhook-signature", "").split()
    if not any(_is_equal(signature, f"v1,{digest}") for signature in given):
        raise WrongSignature("the header webhook-signature is missing or wrong")
    _must_be_recent(_seconds_ms(written), received, TOLERANCE_MS, required=True)
    return _delivery(received, name)


def _hmac(settings: WebhookSettings, secret: bytes, received: ReceivedWebhook) -> Delivery:
    signed = received.body
    written: str | None = None
    if settings.timestamp is not None:
        written = received.headers.get(settings.timestamp.lower(), "")
        signed = f"{written}.".encode() + signed
    name = (settings.header or "X-Skew-Signature").lower()
    digest = _digest(secret, signed, hexadecimal=settings.encoding == "hex")
    _must_match(received, name, digest)
    if written is not None:
        _must_be_recent(_seconds_ms(written), received, TOLERANCE_MS, required=True)
    given = received.headers.get(settings.id.lower()) if settings.id is not None else None
    if given is None and written is not None:
        given = hashlib.sha256(signed).hexdigest()
    return _delivery(received, given)


_CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "shopify": _shopify,
        "woocommerce": _woocommerce,
        "square": _square,
        "bigcommerce": _bigcommerce,
        "standard": _standard,
        "hmac": _hmac,
    }
)


def _digest(secret: bytes, signed: bytes, *, hexadecimal: bool = False) -> str:
    made = hmac.new(secret, signed, hashlib.sha256)
    return made.hexdigest() if hexadecimal else base64.b64encode(made.digest()).decode()


def _must_match(received: ReceivedWebhook, header: str, digest: str) -> None:
    given = received.headers.get(header, "").removeprefix("sha256=")
    if not _is_equal(given, digest):
        raise WrongSignature(f"the header {header} is missing or wrong")


def _is_equal(given: str, digest: str) -> bool:
    return hmac.compare_digest(given.encode(), digest.encode())


def _must_be_recent(
    at: Millis | None, received: ReceivedWebhook, tolerance_ms: int, *, required: bool = False
) -> None:
    if at is None and not required:
        return
    if at is None or abs(received.received_at - at) > tolerance_ms:
        raise WrongSignature("it is from another time: too old, or a clock is wrong")


def _delivery(received: ReceivedWebhook, given: str | None) -> Delivery:
    if given and len(given) <= _ID_MAX and given.isprintable():
        return Delivery(given)
    # A body says what changed, and may do so again: it names no delivery. One that is sent again
    # has its channel polled once more, and does nothing else.
    return Delivery(f"{hashlib.sha256(received.body).hexdigest()}-{received.received_at}")


def _object(body: bytes) -> Mapping[str, object]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _iso_ms(written: str | None) -> Millis | None:
    try:
        found = datetime.fromisoformat(written or "")
    except ValueError:
        return None
    return round(found.timestamp() * 1000) if found.tzinfo is not None else None


def _seconds_ms(written: str) -> Millis | None:
    is_number = written.isascii() and written.isdigit() and len(written) <= _DIGITS_MAX
    return int(written) * 1000 if is_number else None
