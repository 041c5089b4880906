"""The kind `shopify`: what can be configured of it, and what it can do."""

import ipaddress
import re
from dataclasses import replace
from urllib.parse import urlsplit

import msgspec

from store.model import State
from sync import secrets
from sync.channels.abilities import Abilities
from sync.channels.shopify.ids import LOCATION, long_id, short_id
from sync.secrets import SecretSource
from sync.values import quoted

API_VERSION = "2026-10"

API_VERSION_MIN = "2026-04"
"""The first that has all that is asked (the schemas in @shopify/dev-mcp 1.16.0)."""

_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", re.ASCII)
_VERSION = re.compile(r"\d{4}-(01|04|07|10)|unstable", re.ASCII)
_ADMIN = re.compile(r"/(?:admin(?:/api(?:/[^/]+(?:/graphql\.json)?)?)?)?/?$", re.ASCII)
_RIGHT = 'write shop = "name.myshopify.com"'
_DOMAIN = ".myshopify.com"


class ShopifyOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    shop: str | None = None
    """`name.myshopify.com`: the shop's own address, which the admin shows under Domains."""
    url: str = ""
    """Instead of `shop`, such as for a proxy; with `shop` it is made of it."""
    token: SecretSource | None = None
    """An Admin API access token, of an app that the shop has."""
    client_id: str | SecretSource | None = None
    client_secret: SecretSource | None = None
    """Of an app in the same organisation: gives a token of 24 hours, renewed while Skew runs."""
    location: str | None = None
    """The id of the one location that is read and written; without it, all, each by its id."""
    api_version: str = API_VERSION

    def __post_init__(self) -> None:
        if self.shop is not None and self.url:
            raise ValueError("url has no effect with shop: remove one of the two")
        if self.shop is not None and _is_proxy(self.shop):
            msgspec.structs.force_setattr(self, "url", self.shop)
        elif self.shop is not None:
            msgspec.structs.force_setattr(self, "url", f"https://{_host_of(self.shop)}")
        if not self.url:
            raise ValueError(f"shop is missing: {_RIGHT}")
        _check_url(self.url)
        self._check_sign_in()
        if not _VERSION.fullmatch(self.api_version):
            raise ValueError(
                f"api_version {quoted(self.api_version)} is not a version of Shopify's, "
                f'such as "{API_VERSION}"'
            )
        if self.api_version < API_VERSION_MIN:
            raise ValueError(
                f"api_version {quoted(self.api_version)} is too old: at least {API_VERSION_MIN}"
            )
        if self.location is not None and long_id(LOCATION, self.location) is None:
            raise ValueError(
                f"location {quoted(self.location)} is not the id of a location: write the number "
                'at the end of its address in the admin, such as location = "65432101"'
            )

    @property
    def root(self) -> str:
        """The address below which `/admin` stands."""
        return _ADMIN.sub("", self.url)

    @property
    def endpoint(self) -> str:
        """Where GraphQL is asked."""
        return f"{self.root}/admin/api/{self.api_version}/graphql.json"

    def location_name(self, written: str) -> str:
        """The location of a listing, by what `locations` calls it; empty: it is a list.

        Raises ValueError where no listing can stand there.
        """
        if self.location is None and not written:
            raise ValueError(
                "is a list, but this channel's listings stand at locations of its own: write a "
                'table of their ids, such as { "65432101" = "BER" }, or set location to the one '
                "that counts"
            )
        if self.location is not None and written:
            raise ValueError(
                "is a table, but with location this channel is one place: write a list such as "
                '["BER"]'
            )
        return short_id(LOCATION, written)

    def _check_sign_in(self) -> None:
        given = [key is not None for key in (self.token, self.client_id, self.client_secret)]
        if given not in ([True, False, False], [False, True, True]):
            raise ValueError(
                'token is missing: sign in with token = { env = "NAME" }, or with client_id and '
                "client_secret"
                if not any(given)
                else "token: sign in with token, or with client_id and client_secret together"
            )


def _host_of(shop: str) -> str:
    """Find the host of `name.myshopify.com`, or of the address that it was copied from."""
    text = shop.strip().lower()
    admin = re.search(r"admin\.shopify\.com/store/([a-z0-9-]+)", text)
    if admin is not None:
        text = admin[1]
    text = text.removeprefix("https://").partition("/")[0]
    if "." not in text:
        text += _DOMAIN
    if not _SHOP.fullmatch(text):
        raise ValueError(
            f"shop {quoted(shop)} is not a shop's own address, which ends in {_DOMAIN}; its "
            f"storefront has no API: {_RIGHT}"
        )
    return text


def _is_proxy(shop: str) -> bool:
    """Whether it is the whole address of something on this machine or its own network."""
    parts = urlsplit(shop)
    return bool(parts.scheme and parts.hostname and _is_private(parts.hostname))


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"url must begin with https:// and a host, or {_RIGHT}")
    if "@" in parts.netloc:
        raise ValueError("url must not contain a user or password: use token")
    secrets.refuse_in_url("url", url)
    if parts.query or parts.fragment:
        raise ValueError("url must end before the ? or #")
    if parts.scheme == "http" and not _is_private(parts.hostname):
        right = url.replace("http://", "https://", 1)
        raise ValueError(
            f"url begins with http://, which would send the token for anybody to read: {right}"
        )
    if parts.hostname == "admin.shopify.com":
        raise ValueError(f"url is the admin's address, not the shop's own: {_RIGHT}")


def _is_private(host: str) -> bool:
    """Whether a host is on this machine or its own network, such as a proxy."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost", ".test"))


OPTIONS = ShopifyOptions
BATCH_MAX = 100
ABILITIES = Abilities(
    kind="shopify",
    reads=("available", "on_hand", "committed", "unavailable", "incoming", "state", "price"),
    states=frozenset({State.ACTIVE, State.BACKORDER, State.DISABLED, State.ARCHIVED}),
    writes=("quantity",),
    compare_and_set=True,
    idempotency=True,
    batch_max=BATCH_MAX,
    reads_one=True,
    refs=True,
    delta=True,
    locations=True,
    rate_limit="100, 200, 1,000 or 2,000 points a second by plan, for the app in this shop",
    notes="Admin GraphQL 2026-10; a bulk operation above 25,000 items, or where paging is slow",
)
EXAMPLE = """kind = "shopify"
shop = "name.myshopify.com"
token = { env = "SHOPIFY_TOKEN" }
# client_id = { env = "SHOPIFY_CLIENT_ID" }          # instead of token, both: of an app in
# client_secret = { env = "SHOPIFY_CLIENT_SECRET" }  # the shop's own organisation
# location = "65432101"         # only this one; without it, all, each at its id
# locations = { "65432101" = "main" }
"""


def abilities(options: ShopifyOptions) -> Abilities:
    """Say what the channel can do: with one location, its listings stand at none of ours."""
    return ABILITIES if options.location is None else replace(ABILITIES, locations=False)
