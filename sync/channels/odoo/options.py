"""`[channels.NAME]` of the kind `odoo`: its keys, and what of them does not belong together."""

from typing import Literal
from urllib.parse import urlsplit

import msgspec

from sync import secrets
from sync.secrets import SecretSource
from sync.values import quoted

JSON_2 = "json-2"
JSON_RPC = "json-rpc"
_PAGES = ("/web", "/odoo", "/json", "/jsonrpc", "/xmlrpc", "/shop")


class OdooOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    url: str
    """Where Odoo is reached: `https://mycompany.odoo.com`."""
    api_key: SecretSource
    """Of the user whom Skew acts as; with `api = "json-rpc"` a password will do."""
    api: Literal["json-2", "json-rpc"] = "json-2"
    """JSON-2 is of Odoo 19 and later, JSON-RPC of all until 21."""
    database: str | None = None
    """Its name. JSON-2 needs it where one server has several."""
    username: str | None = None
    """The user's login: only with JSON-RPC, which asks for it."""
    location: str | None = None
    """The one place to read and write: a warehouse's short name, or a location's full name or id.
    Without it each warehouse is a location, by its short name."""
    companies: list[int] = []
    """The ids of the companies whose stock counts; empty: the user's own."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError('url must begin with https:// and a host: "https://shop.odoo.com"')
        if "@" in parts.netloc:
            raise ValueError("url must not contain a user or password: they have their own keys")
        secrets.refuse_in_url("url", self.url)
        self._check_address()
        self._check_sign_in()
        for key in ("database", "username", "location"):
            text = getattr(self, key)
            if text is not None and (not text.strip() or not text.isprintable()):
                raise ValueError(f"{key} is {quoted(text)}: write a name, or leave it out")
        if any(company < 1 for company in self.companies):
            raise ValueError("companies has ids of companies: [1] or [1, 3]")

    def _check_address(self) -> None:
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/").lower()
        if any(path == page or path.startswith(f"{page}/") for page in _PAGES):
            raise ValueError(
                f"url has the page {quoted(parts.path)}: write where Odoo is reached, such as "
                f'"{parts.scheme}://{parts.netloc}"'
            )
        if parts.query or parts.fragment:
            raise ValueError("url must end with the host, or the path that Odoo lies under")

    def _check_sign_in(self) -> None:
        if self.database is not None and not self.database.isascii():
            raise ValueError("database is sent in a header and must be ASCII")
        if self.api == JSON_RPC and not (self.database and self.username):
            raise ValueError(
                'api "json-rpc" needs both: database = "mycompany" and username = "skew@shop.com"'
            )
        if self.api == JSON_2 and self.username is not None:
            raise ValueError(
                'username is for api = "json-rpc" only: with "json-2" the API key says who it is'
            )

    @property
    def base(self) -> str:
        """What the addresses begin with."""
        return self.url.rstrip("/")
