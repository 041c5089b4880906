"""One request as it is asked for, and as it goes over the wire."""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from sync.errors import ChannelError
from sync.secrets import Secret
from sync.transport.decompression import ACCEPTED


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. `headers` ignore case; `url` is where it came from after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str


Judge = Callable[[Reply], ChannelError | None]
"""Reads an answer of success: the error that it is by its body, or None. It may raise one too."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose secrets are revealed on the wire only."""

    method: str
    url: str
    headers: Mapping[str, str | Secret]
    json: object = field(repr=False)
    repeatable: bool
    accept: Container[int]
    judge: Judge

    @property
    def credential(self) -> str:
        """Which credentials its headers carry, to follow what happened."""
        names = [value.name for value in self.headers.values() if isinstance(value, Secret)]
        return f", credential {', '.join(names)}" if names else ""

    def wire_headers(self) -> dict[bytes, bytes]:
        headers = {b"Accept-Encoding": ACCEPTED}
        if self.json is not None:
            headers[b"Content-Type"] = b"application/json"
        for name, value in self.headers.items():
            text = value.wire() if isinstance(value, Secret) else value
            headers[name.encode()] = text.encode()
        return headers

    def wire_content(self) -> bytes | None:
        return None if self.json is None else msgspec.json.encode(self.json, enc_hook=_reveal)

    def secrets(self) -> list[Secret]:
        """Every secret in it, however deep."""
        return list(secrets_in([*self.headers.values(), self.json]))

    def revealed(self) -> list[str]:
        """The secrets as they would be sent now."""
        return [secret.reveal() for secret in self.secrets()]

    def renew(self, sent: list[str]) -> bool:
        """Read its secrets again; whether one is another than was `sent`. May block."""
        for secret in self.secrets():
            secret.renew()
        return self.revealed() != sent

    def is_replaced(self) -> bool:
        """Whether one of its secrets is kept in a file that is another than what was read of it."""
        return any(secret.is_replaced() for secret in self.secrets())


def secrets_in(value: object) -> Iterator[Secret]:
    """Find the secrets in headers or JSON."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from secrets_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from secrets_in(part)


def _reveal(value: object) -> object:
    if isinstance(value, Secret):
        return value.wire()
    raise TypeError(f"{type(value).__name__} is not JSON")
