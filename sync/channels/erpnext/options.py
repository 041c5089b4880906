"""`[channels.NAME]` of the kind `erpnext`: its keys, and what of them does not belong together."""

from urllib.parse import urlsplit

import msgspec

from sync import secrets
from sync.secrets import SecretSource
from sync.time_zones import TimeZone


class ErpNextOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    url: str
    """Of the site: `https://erp.example.com`."""
    api_key: str | SecretSource
    """Of a user: Settings → API Access."""
    api_secret: SecretSource
    location: str | None = None
    """The name of the one warehouse that is read and written; without it each is a location."""
    company: str | None = None
    """Only this company's warehouses; without it, all that the user may see."""
    timezone: TimeZone | None = None
    """The site's: its times name none. Without it they are not used."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError('url must begin with https:// and a host: "https://erp.example.com"')
        if "@" in parts.netloc:
            raise ValueError("url must not contain a user or password: they have their own keys")
        secrets.refuse_in_url("url", self.url)
        if parts.path.strip("/") or parts.query or parts.fragment:
            site = f"{parts.scheme}://{parts.netloc}"
            raise ValueError(f'url is that of the site alone: write "{site}"')
        for key, value in (("location", self.location), ("company", self.company)):
            if value is not None and not value.strip():
                raise ValueError(f'{key} is empty: write its name, such as "{_EXAMPLES[key]}"')
        if self.location is not None and self.company is not None:
            raise ValueError("company has no effect with location: remove one of the two")

    @property
    def api(self) -> str:
        return f"{self.url.rstrip('/')}/api"


_EXAMPLES = {"location": "Stores - EX", "company": "Example GmbH"}
