"""Signing in to a Frappe site by a user's key and secret."""

from collections.abc import Sequence

from sync.secrets import Secret
from sync.transport.call import FormFields, Signed


class TokenPairProof:
    """Shows `Authorization: token KEY:SECRET` (Frappe's REST guide, read 2026-11-30)."""

    def __init__(self, key: str | Secret, secret: Secret) -> None:
        self._key = key
        self._secret = secret

    def secrets(self) -> Sequence[Secret]:
        return [part for part in (self._key, self._secret) if isinstance(part, Secret)]

    def sign(self, method: str, url: str, form: FormFields | None) -> Signed:  # noqa: ARG002
        key = self._key.reveal() if isinstance(self._key, Secret) else self._key
        pair = f"{key}:{self._secret.reveal()}"
        return Signed(url, {"Authorization": f"token {pair}"}, (pair,))
