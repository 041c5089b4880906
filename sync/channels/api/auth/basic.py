"""`auth.basic`: a user and a password with each request (RFC 7617)."""

import base64
from collections.abc import Sequence

from sync.secrets import Secret
from sync.transport.call import FormFields, Signed


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
