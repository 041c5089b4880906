"""`[channels.NAME]` of the kind `erpnext`: its keys, and what of them does not belong together."""

from urllib.parse import urlsplit

import msgspec

from sync.channels.api import addresses
from sync.secrets import SecretSource
from sync.times.time_zones import TimeZone


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
        addresses.check("url", self.url, '"https://erp.example.com"')
        parts = urlsplit(self.url)
        if parts.path.strip("/"):
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
