"""The ways into a shop: an integration's token, alone or signed with, or Adobe's IMS."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sync import secrets
from sync.channels.adobe_commerce.options import AdobeCommerceOptions
from sync.channels.api.auth.access import Access, FixedAccess, TokenAccess
from sync.channels.api.auth.grant import TokenDesk
from sync.channels.api.auth.oauth import ClientCredentials, OAuth
from sync.channels.api.auth.oauth1 import OAuth1Proof
from sync.channels.api.auth.table import OAuth1Table, OAuthTable
from sync.clock import Clock
from sync.secrets import Secret, SecretSource

if TYPE_CHECKING:
    from sync.transport.transport import Transport

Headers = Mapping[str, str | Secret]


def way_in(
    name: str, options: AdobeCommerceOptions, transport: "Transport", clock: Clock, base: Path
) -> tuple[Headers, Access]:
    """What goes with each request. Raises ConfigError where a secret is missing."""

    def resolved(key: str) -> Secret:
        source = getattr(options, key)
        return secrets.resolve(source, key=f"channels.{name}.{key}", base=base)

    def plain(key: str) -> str | Secret:
        value = getattr(options, key)
        return resolved(key) if isinstance(value, SecretSource) else str(value)

    if options.client_id is not None:
        given = ClientCredentials(plain("client_id"), resolved("client_secret"), None, {})
        table = OAuthTable(
            url=options.auth_url,
            client_id=options.client_id,
            client_secret=options.client_secret,
            scope=options.scope,
            client_in="body",
        )
        desk = TokenDesk(name, options.auth_url, transport, clock)
        return {}, TokenAccess(OAuth(table, given, desk), clock)
    token = resolved("access_token")
    if options.consumer_secret is None or options.consumer_key is None:
        return {"Authorization": secrets.bearer(token)}, FixedAccess()
    # From 2.4.4 on, a shop takes a token by itself only where that is switched on.
    signing = OAuth1Table(
        key=options.consumer_key,
        secret=options.consumer_secret,
        token=options.access_token,
        token_secret=options.access_token_secret,
        sent_in="header",
    )
    consumer = plain("consumer_key"), resolved("consumer_secret")
    own = token, resolved("access_token_secret")
    return {}, FixedAccess(OAuth1Proof(signing, consumer, own, clock))
