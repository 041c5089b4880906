"""Amazon's marketplaces, by country, and the address of each selling region.

From the vendor's pages "Marketplace IDs" and "SP-API Endpoints", read 2026-11-30. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from sync.values import quoted

NORTH_AMERICA = "https://sellingpartnerapi-na.amazon.com"
EUROPE = "https://sellingpartnerapi-eu.amazon.com"
FAR_EAST = "https://sellingpartnerapi-fe.amazon.com"

_IN_NORTH_AMERICA = {
    "CA": "A2EUQ1WTGCTBG2",
    "US": "ATVPDKIKX0DER",
    "MX": "A1AM78C64UM0Y8",
    "BR": "A2Q3Y263D00KWC",
}
_IN_EUROPE = {
    "IE": "A28R8C7NBKEWEA",
    "ES": "A1RKKUPIHCS9HS",
    "UK": "A1F83G8C2ARO7P",
    "FR": "A13V1IB3VIYZZH",
    "BE": "AMEN7PMS3EDWL",
    "NL": "A1805IZSGTT6HS",
    "DE": "A1PA6795UKMFR9",
    "IT": "APJ6JRA9NG5V4",
    "SE": "A2NODRKZP88ZB9",
    "ZA": "AE08WJ6YKNBMC",
    "PL": "A1C3SOZRARQ6R3",
    "EG": "ARBP9OOSHTCHU",
    "TR": "A33AVAJ2PDY3EV",
    "SA": "A17E79C6D8DWNP",
    "AE": "A2VIGQ35RCS4UG",
    "IN": "A21TJRUUN4KGV",
}
_IN_FAR_EAST = {"SG": "A19VAU5U5O7RUS", "AU": "A39IBJ37TRP1C6", "JP": "A1VC38T7YXB528"}

BY_COUNTRY: Mapping[str, str] = MappingProxyType(
    {**_IN_NORTH_AMERICA, **_IN_EUROPE, **_IN_FAR_EAST, "GB": _IN_EUROPE["UK"]}
)
_ENDPOINTS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(_IN_NORTH_AMERICA.values(), NORTH_AMERICA)
    | dict.fromkeys(_IN_EUROPE.values(), EUROPE)
    | dict.fromkeys(_IN_FAR_EAST.values(), FAR_EAST)
)
_COUNTRIES: Mapping[str, str] = MappingProxyType(
    {marketplace: country for country, marketplace in BY_COUNTRY.items() if country != "GB"}
)
_ID = re.compile(r"A[A-Z0-9]{9,19}", re.ASCII)
_AMAZON = re.compile(r"(.*\.)?amazon(\.[a-z]{2,3}){1,2}", re.ASCII)
_API = re.compile(r"(sandbox\.)?sellingpartnerapi-(na|eu|fe)\.amazon\.com", re.ASCII)


def ids(written: Sequence[str]) -> tuple[str, ...]:
    """Take marketplaces by country or by id. Raises ValueError, beginning with the key."""
    if not written:
        raise ValueError('marketplaces is empty: write marketplaces = ["DE"]')
    found = [BY_COUNTRY.get(name.upper(), name) for name in written]
    for name, marketplace in zip(written, found, strict=True):
        if not _ID.fullmatch(marketplace):
            raise ValueError(
                f"marketplaces has {quoted(name)}, which is neither a country of Amazon's nor the "
                'id of a marketplace: write "DE" or "A1PA6795UKMFR9"'
            )
        if found.count(marketplace) > 1:
            raise ValueError(f"marketplaces names {name_of(marketplace)} twice: name it once")
    regions = {_ENDPOINTS[marketplace]: marketplace for marketplace in found
               if marketplace in _ENDPOINTS}  # fmt: skip
    if len(regions) > 1:
        several = " and ".join(name_of(marketplace) for marketplace in regions.values())
        raise ValueError(
            f"marketplaces {several} are of different regions of Amazon: make a channel for each"
        )
    return tuple(found)


def name_of(marketplace: str) -> str:
    """`DE (A1PA6795UKMFR9)`, or the id alone where its country is not known."""
    country = _COUNTRIES.get(marketplace)
    return f"{country} ({marketplace})" if country else marketplace


def endpoint(marketplaces: Sequence[str]) -> str | None:
    """The address of the region that marketplaces are of; None where none of them is known."""
    known = (_ENDPOINTS.get(marketplace) for marketplace in marketplaces)
    return next((url for url in known if url is not None), None)


def check_url(url: str, marketplaces: Sequence[str]) -> None:
    """Raise ValueError, beginning with `url`, for another address of Amazon than its API's."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if not _AMAZON.fullmatch(host):
        return
    right = endpoint(marketplaces) or EUROPE
    if not _API.fullmatch(host):
        raise ValueError(f"url {host} is not Amazon's API for sellers: write url = {quoted(right)}")
    if parts.scheme != "https":
        raise ValueError(f"url must begin with https://: write url = {quoted(right)}")
    if endpoint(marketplaces) and not host.endswith(urlsplit(right).hostname or ""):
        first = name_of(marketplaces[0])
        raise ValueError(f"url is of another region than {first}: write url = {quoted(right)}")
