"""`auth.oauth1`: each request signed as OAuth 1.0a has it (RFC 5849).

WooCommerce takes it over plain http, where it ignores Basic, and looks for it in the query.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, urlsplit

from sync.channels.api.auth.query import with_parameters
from sync.channels.api.auth.table import OAuth1Table
from sync.clock import Clock
from sync.secrets import Secret
from sync.transport.call import FormFields, Signed

_DIGESTS = {"HMAC-SHA256": hashlib.sha256, "HMAC-SHA1": hashlib.sha1}
_PORTS = {"http": 80, "https": 443}


class OAuth1Proof:
    """Signs each try with a nonce and a time of its own."""

    def __init__(
        self,
        table: OAuth1Table,
        consumer: tuple[str | Secret, Secret],
        token: tuple[str | Secret, Secret] | None,
        clock: Clock,
    ) -> None:
        self._table = table
        self._consumer = consumer
        self._token = token
        self._clock = clock

    def secrets(self) -> Sequence[Secret]:
        return [
            part for part in (*self._consumer, *(self._token or ())) if isinstance(part, Secret)
        ]

    def sign(self, method: str, url: str, form: FormFields | None) -> Signed:
        key, secret = map(_plain, self._consumer)
        token, token_secret = map(_plain, self._token or ("", ""))
        ours = {
            "oauth_consumer_key": key,
            "oauth_nonce": secrets.token_hex(16),
            "oauth_signature_method": self._table.method,
            "oauth_timestamp": str(self._clock.now() // 1000),
            "oauth_version": "1.0",
        }
        if token:
            ours["oauth_token"] = token
        fields = [(name, _plain(value)) for name, value in form or ()]
        base = base_string(method, url, [*ours.items(), *fields])
        digest = _DIGESTS[self._table.method]
        signer = f"{_quoted(secret)}&{_quoted(token_secret)}".encode()
        raw = hmac.new(signer, base.encode(), digest).digest()
        signature = base64.b64encode(raw).decode()
        ours["oauth_signature"] = signature
        if self._table.sent_in == "query":
            return Signed(with_parameters(url, list(ours.items())), {}, (signature,))
        parts = ", ".join(f'{name}="{_quoted(value)}"' for name, value in ours.items())
        return Signed(url, {"Authorization": f"OAuth {parts}"}, (signature,))


def base_string(method: str, url: str, parameters: Sequence[tuple[str, str]]) -> str:
    """What is signed of a request: RFC 5849, 3.4.1. `parameters` are those beside the query."""
    parts = urlsplit(url)
    # What a URL has of an earlier signature is not sent again.
    ours = {name for name, _ in parameters if name.startswith("oauth_")}
    query = [p for p in parse_qsl(parts.query, keep_blank_values=True) if p[0] not in ours]
    pairs = sorted((_quoted(name), _quoted(value)) for name, value in [*query, *parameters])
    port = f":{parts.port}" if parts.port not in (None, _PORTS.get(parts.scheme)) else ""
    host = parts.hostname or ""
    place = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{parts.path or '/'}"
    written = "&".join(f"{name}={value}" for name, value in pairs)
    return f"{method.upper()}&{_quoted(place)}&{_quoted(written)}"


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def _plain(value: str | Secret) -> str:
    return value.wire() if isinstance(value, Secret) else value
