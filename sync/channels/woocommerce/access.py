"""How a shop is signed in to: by Basic over https, by signed requests over http.

Over http WooCommerce ignores Basic. Over https it takes signed requests, too, which helps where a
web server keeps the header `Authorization` to itself.
"""

from collections.abc import Sequence

from sync.channels.api.auth.basic import BasicProof
from sync.channels.api.auth.oauth1 import OAuth1Proof
from sync.channels.api.auth.table import OAuth1Table
from sync.channels.woocommerce import address
from sync.channels.woocommerce.address import ShopAddress
from sync.clock import Clock
from sync.secrets import Secret, SecretSource
from sync.transport.call import FormFields, Proof, Signed

_TABLE = OAuth1Table(key="", secret=SecretSource(env="_"))
"""Signed by HMAC-SHA256, in the query. Its key and secret are handed over beside it."""


class ShopSignature:
    """Signs requests as those to the address that the shop calls its own."""

    def __init__(self, proof: OAuth1Proof, where: ShopAddress) -> None:
        self._proof = proof
        self._shop = where.shop
        self._home = where.shop

    def sign_for(self, home: str) -> bool:
        """Sign for an address that the shop says it has; whether that may be, and is another."""
        if home == self._home or not address.may_be_same(self._shop, home):
            return False
        self._home = home
        return True

    def secrets(self) -> Sequence[Secret]:
        return self._proof.secrets()

    def sign(self, method: str, url: str, form: FormFields | None) -> Signed:
        if not url.startswith(self._shop):
            return self._proof.sign(method, url, form)
        # WooCommerce checks a signature against its own address, whatever name a request came by
        # (WC_REST_Authentication::check_oauth_signature, read 2026-11-30).
        signed = self._proof.sign(method, self._home + url.removeprefix(self._shop), form)
        sent = self._shop + signed.url.removeprefix(self._home)
        return Signed(sent, signed.headers, signed.passing)


class KeyAccess:
    """Shows a consumer key and its secret."""

    def __init__(self, key: Secret, secret: Secret, clock: Clock, where: ShopAddress) -> None:
        self._secrets = (key, secret)
        self._signed = ShopSignature(OAuth1Proof(_TABLE, (key, secret), None, clock), where)
        self._proof: Proof = BasicProof(key, secret) if where.is_secure else self._signed
        self._has_worked = False

    def sign_for(self, home: str) -> bool:
        """Sign for an address that the shop says it has; whether that may be, and is another."""
        return self._signed.sign_for(home)

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
