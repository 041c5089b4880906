"""`auth.basic`: a user and a password with each request (RFC 7617)."""

import base64
from collections.abc import Sequence

import msgspec

from sync.secrets import Secret, SecretSource
from sync.transport.call import FormFields, Signed


class BasicTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.auth] basic`: either may be absent, and is sent empty then."""

    username: str | SecretSource | None = None
    password: SecretSource | None = None

    def __post_init__(self) -> None:
        if self.username is None and self.password is None:
            raise ValueError(
                'has neither: add `username = "…"`, `password = { env = "NAME" }` or both'
            )
        if isinstance(self.username, str) and ":" in self.username:
            raise ValueError("username must not have a colon: what follows it is the password")


class BasicProof:
    """Shows a user and a password."""

    def __init__(self, username: str | Secret, password: str | Secret) -> None:
        self._parts = (username, password)

    def secrets(self) -> Sequence[Secret]:
        return [part for part in self._parts if isinstance(part, Secret)]

    def sign(self, method: str, url: str, form: FormFields | None) -> Signed:  # noqa: ARG002
        user, password = (p.wire() if isinstance(p, Secret) else p for p in self._parts)
        both = base64.b64encode(f"{user}:{password}".encode()).decode()
        return Signed(url, {"Authorization": f"Basic {both}"}, (both,))
