"""A token that a sign-in gave: how it is shown, and when it ends."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from store.model import Millis
from sync.channels.api.auth import headers
from sync.channels.api.auth.query import with_parameters
from sync.secrets import Secret
from sync.transport.call import FormFields, Signed
from sync.values import quoted

LENGTH_MAX = 16_000
"""Servers take no longer headers than that."""

_EARLY_MS = 30_000
_EARLY_PART = 10
"""A token is renewed so long before it ends, but at most a tenth of its life."""
AUTHORIZATION = "Authorization"
_WORD = re.compile(r"[A-Za-z0-9-]*", re.ASCII)
_LIFE_S_MAX = 10 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where in a request a token stands: in exactly one of the three."""

    header: str = AUTHORIZATION
    scheme: str = "Bearer"
    """The word before it in the header; empty: it stands there alone."""
    param: str | None = None
    cookie: str | None = None


def place_of(header: str | None, scheme: str | None, param: str | None) -> TokenPlace:
    """Where a token is sent by the keys of a table: as `Authorization: Bearer` without any.

    Raises ValueError, beginning with the key, for what does not belong together.
    """
    if param is not None:
        if header is not None or scheme is not None:
            key = "header" if header is not None else "scheme"
            raise ValueError(f"{key} has no effect with param: remove one of the two")
        return TokenPlace(param=param)
    if scheme is not None and not _WORD.fullmatch(scheme):
        raise ValueError(f'scheme {quoted(scheme)} is not a word such as "Bearer" or "Token"')
    if header is not None and not headers.is_name(header):
        raise ValueError(f'header {quoted(header)} is not the name of a header; write "X-Name"')
    header = header or AUTHORIZATION
    if scheme is None:
        scheme = "Bearer" if header.lower() == AUTHORIZATION.lower() else ""
    return TokenPlace(header, scheme)


@dataclass(slots=True, eq=False)
class GivenToken:
    """One token, which is its own proof."""

    secret: Secret
    place: TokenPlace
    due: Millis | None = None
    """From when on it is renewed; None: its end is not known."""
    end: Millis | None = None
    has_worked: bool = field(default=False)
    """The channel has taken it."""

    def is_due(self, now: Millis) -> bool:
        return self.due is not None and now >= self.due

    def is_over(self, now: Millis) -> bool:
        return self.end is not None and now >= self.end

    def secrets(self) -> Sequence[Secret]:
        return (self.secret,)

    def sign(self, method: str, url: str, form: FormFields | None) -> Signed:  # noqa: ARG002
        value, place = self.secret.reveal(), self.place
        # It is known as something passing, so that it is not remembered for ever as what is sent.
        passing = (value,)
        if place.param is not None:
            return Signed(with_parameters(url, [(place.param, value)]), {}, passing)
        if place.cookie is not None:
            return Signed(url, {"Cookie": f"{place.cookie}={value}"}, passing)
        return Signed(url, {place.header: self.secret.with_scheme(place.scheme)}, passing)


def token(text: str, name: str, place: TokenPlace, life_s: float | None, now: Millis) -> GivenToken:
    """Make a token of what was found, with its end where one is known.

    `name` says by which credential it was got; `life_s` is what the answer says of its end.
    Raises ValueError, which does not quote it, for what can't be sent.
    """
    if not text.isascii() or not text.isprintable() or not text.strip():
        raise ValueError("is not a token: it has characters that no header takes")
    if len(text) > LENGTH_MAX:
        raise ValueError(f"is not a token: it has {len(text):,} characters")
    life_s = life_s if life_s is not None else _life_of_jwt(text, now)
    if life_s is None or not 0 < life_s <= _LIFE_S_MAX:
        return GivenToken(Secret(text, name=name), place)
    life_ms = int(life_s * 1000)
    end = now + life_ms
    return GivenToken(
        Secret(text, name=name), place, end - min(_EARLY_MS, life_ms // _EARLY_PART), end
    )


def seconds(value: object) -> float | None:
    """Read a number of seconds; None for anything else, also where it is over already."""
    try:
        found = float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        return None
    return found if 0 < found <= _LIFE_S_MAX else None


def _life_of_jwt(text: str, now: Millis) -> float | None:
    """How long a JWT lives, by what it says itself (RFC 7519); None where nothing."""
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004
        return None
    try:
        content = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=="))
    except (binascii.Error, msgspec.DecodeError, ValueError, RecursionError):
        return None
    if not isinstance(content, Mapping):
        return None
    end, begin = content.get("exp"), content.get("iat")
    if not isinstance(end, int | float):
        return None
    # From when it was made, by the same clock: ours may be minutes off.
    since = begin if isinstance(begin, int | float) else now / 1000
    return end - since
