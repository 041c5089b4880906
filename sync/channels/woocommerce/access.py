"""How a shop is signed in to: by Basic over https, by signed requests over http.

Over http WooCommerce ignores Basic. Over https it takes signed requests, too, which helps where a
web server keeps the header `Authorization` to itself.
"""

from collections.abc import Sequence

from sync.channels.api.auth.basic import BasicProof
from sync.channels.api.auth.oauth1 import OAuth1Proof, OAuth1Table
from sync.clock import Clock
from sync.secrets import Secret, SecretSource
from sync.transport.call import Proof

_TABLE = OAuth1Table(key="", secret=SecretSource(env="_"))
"""Signed by HMAC-SHA256, in the query. Its key and secret are handed over beside it."""


class KeyAccess:
    """Shows a consumer key and its secret."""

    def __init__(self, key: Secret, secret: Secret, clock: Clock, *, is_secure: bool) -> None:
        self._secrets = (key, secret)
        self._signed = OAuth1Proof(_TABLE, (key, secret), None, clock)
        self._proof: Proof = BasicProof(key, secret) if is_secure else self._signed
        self._has_worked = False

    def secrets(self) -> Sequence[Secret]:
        return self._secrets

    async def proof(self) -> Proof | None:
        return self._proof

    async def another(self, refused: Proof | None) -> Proof | None:
        """Signed requests, where Basic was refused the first time that it was shown."""
        return None if self._has_worked or refused is self._signed else self._signed

    def worked(self, proof: Proof | None) -> None:
        self._has_worked = True
        self._proof = proof or self._proof

    def seen(self) -> str:
        names = ", ".join(dict.fromkeys(secret.name for secret in self._secrets))
        return f"accepted: {names}"

    def doubts(self) -> Sequence[str]:
        return ()

    async def aclose(self) -> None: ...
