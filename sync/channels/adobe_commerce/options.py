"""`[channels.NAME]` of the kind `adobe-commerce`: its keys, and what does not belong together."""

from typing import Literal

import msgspec

from sync.channels.api import addresses
from sync.secrets import SecretSource

IMS = "https://ims-na1.adobelogin.com/ims/token/v3"
SCOPE = (
    "openid,AdobeID,email,profile,additional_info.roles,"
    "additional_info.projectedProductContext,commerce.accs"
)
"""What the documents ask for (AdobeDocs/commerce-webapi, rest/authentication, 2026-11)."""

PAGE_SIZE_MAX = 300
"""The default of Web API Limits, once they are switched on (API security, 2026-11)."""


class AdobeCommerceOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    url: str
    """Of the shop, or of the cloud service's REST API, which has the tenant's id in it."""
    access_token: SecretSource | None = None
    """Of an integration: sent as Bearer, or with the next three signed by OAuth 1.0a."""
    access_token_secret: SecretSource | None = None
    consumer_key: str | SecretSource | None = None
    consumer_secret: SecretSource | None = None
    client_id: str | SecretSource | None = None
    client_secret: SecretSource | None = None
    auth_url: str = IMS
    scope: str = SCOPE
    figure: Literal["salable", "sources"] = "salable"
    """What is compared: what shoppers of a website can buy, or what lies in each source."""
    website: str = "base"
    """The code of the website whose salable quantities are read."""
    source: str | None = None
    """The code of the source that is written; of `sources`, the only one that counts."""
    page_size: int = PAGE_SIZE_MAX

    def __post_init__(self) -> None:
        addresses.check("url", self.url, 'url = "https://shop.example"')
        addresses.check("auth_url", self.auth_url, f'auth_url = "{IMS}"')
        given = [key is not None for key in (self.client_id, self.client_secret, self.access_token)]
        if given not in ([True, True, False], [False, False, True]):
            raise ValueError(
                "access_token, or client_id and client_secret: sign in with "
                '`access_token = { env = "NAME" }`, or on the cloud service with '
                '`client_id = "…"` and `client_secret = { env = "NAME" }`'
            )
        signing = {
            key: getattr(self, key) is not None
            for key in ("consumer_key", "consumer_secret", "access_token_secret")
        }
        lacking = [key for key, is_there in signing.items() if not is_there]
        if any(signing.values()) and (lacking or self.access_token is None):
            raise ValueError(
                f"{lacking[0] if lacking else 'access_token'} is missing: OAuth 1.0a needs "
                f"consumer_key, consumer_secret, access_token and access_token_secret"
            )
        if not 1 <= self.page_size <= PAGE_SIZE_MAX:
            raise ValueError(f"page_size {self.page_size} is not between 1 and {PAGE_SIZE_MAX}")
        for key in ("website", "source"):
            if getattr(self, key) == "":
                raise ValueError(f'{key} is empty: write its code, `{key} = "default"`')

    @property
    def rest(self) -> str:
        """What stands before the paths of the API, such as `/inventory/sources`."""
        bare = addresses.base(self.url, ("/V1",))
        # The cloud service has no /rest in its addresses; with it every request fails.
        is_whole = self.client_id is not None or "/rest" in bare.partition("://")[2]
        return f"{bare}/V1" if is_whole else f"{bare}/rest/V1"
