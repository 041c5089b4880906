"""`[channels.NAME]` of the kind `square`: its keys, and what of them does not belong together."""

import ipaddress
import re
from urllib.parse import urlsplit

import msgspec

from sync.channels.api import addresses
from sync.secrets import SecretSource

PRODUCTION = "https://connect.squareup.com"
SANDBOX = "https://connect.squareupsandbox.com"

_SITE = re.compile(r"(^|\.)square\.site$|^(www\.|app\.|developer\.)?squareup(sandbox)?\.com$")


class SquareOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    token: SecretSource | None = None
    """An access token of the seller's own application, which never ends, or one of OAuth."""
    client_id: str | SecretSource | None = None
    """With a refresh token: the application's id."""
    client_secret: SecretSource | None = None
    """The application's secret; a token of the PKCE flow needs none."""
    refresh_token: SecretSource | None = None
    location: str | None = None
    """The id of the one location that is read and written; without it, all active ones are."""
    url: str = PRODUCTION
    """Where the API is: `https://connect.squareupsandbox.com` for the sandbox."""

    def __post_init__(self) -> None:
        addresses.check("url", self.url, f'url = "{PRODUCTION}"')
        parts = urlsplit(self.url)
        if _SITE.search(parts.hostname or ""):
            raise ValueError(
                f'url is a website, not the API: write "{PRODUCTION}", or "{SANDBOX}" to try things'
            )
        if parts.scheme == "http" and not _is_here(parts.hostname or ""):
            raise ValueError("url must begin with https://: over http anybody could read the token")
        if parts.path.strip("/"):
            raise ValueError(f'url must be the origin alone, such as "{PRODUCTION}"')
        by_refresh = [self.client_id is not None, self.refresh_token is not None]
        if (self.token is not None) is any(by_refresh) or (any(by_refresh) and not all(by_refresh)):
            raise ValueError(
                'token, or client_id and refresh_token: sign in with `token = { env = "NAME" }`, '
                "or with the two others (and client_secret)"
            )
        if self.client_secret is not None and self.token is not None:
            raise ValueError("client_secret has no effect with token: remove one of the two")
        if self.location is not None and not self.location.strip():
            raise ValueError('location is empty: write the id of a location, "L1A2B3…"')


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
