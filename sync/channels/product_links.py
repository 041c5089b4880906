"""A channel's page of a product: the address that `link` describes, filled in for one listing.

What a channel calls its products is text from outside: each value is percent-encoded, so that it
can neither leave its place in the address nor bring a control character along.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from sync import secrets

PLACEHOLDERS = ("sku", "ref", "location")
"""What may stand in braces: the channel's own SKU, its own id of the listing, the place."""

_EXAMPLE = 'write "https://shop.example/products/{ref}"'
_IN_BRACES = re.compile(r"\{([^{}]*)\}")
_ADDRESS = re.compile(r"[!-~]+", re.ASCII)
_LENGTH_MAX = 2_000


def check(template: str) -> None:
    """Raise ValueError with the remedy for what describes no page that may be opened."""
    bare = _IN_BRACES.sub("", template)
    try:
        parts = urlsplit(bare)
        known = parts.scheme in {"http", "https"} and parts.hostname
    except ValueError:
        known = None
    # A browser does more with other schemes than to show a page: `file:`, `javascript:`.
    if not known or not template.casefold().startswith(("http://", "https://")):
        raise ValueError(f"link must begin with https:// or http:// and a host: {_EXAMPLE}")
    if not _ADDRESS.fullmatch(bare) or len(template) > _LENGTH_MAX:
        raise ValueError(
            f"link must be one address without blanks, at most {_LENGTH_MAX:,} characters of ASCII:"
            f" {_EXAMPLE}"
        )
    if "@" in parts.netloc:
        raise ValueError("link must not contain a user or password")
    listed = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    for name in _IN_BRACES.findall(template):
        if name not in PLACEHOLDERS:
            raise ValueError(f"link: {{{name}}} is not known; write {listed}")
    if "{" in bare or "}" in bare:
        raise ValueError(f"link has a brace without its other half; write {listed}")
    if "{" in template.split("://", 1)[1].split("/", 1)[0]:
        raise ValueError(
            f"link must name its host in full, before the first placeholder: {_EXAMPLE}"
        )
    secrets.refuse_in_url("link", template)


def fill(
    template: str, *, sku: str, ref: str, location: str, aliases: Mapping[str, str]
) -> str | None:
    """The address of a listing's page; None where it needs an id that the channel did not give.

    `aliases`: the channel's own SKU → ours.
    """
    own = next((theirs for theirs, ours in aliases.items() if ours == sku), sku)
    values = {"sku": own, "ref": ref, "location": location}
    if any(not values[name] for name in _IN_BRACES.findall(template)):
        return None
    return _IN_BRACES.sub(lambda found: _encoded(values[found[1]]), template)


def _encoded(value: str) -> str:
    # A place that is all dots would be a step up in the path, encoded or not.
    encoded = quote(value, safe="", errors="replace")
    return encoded.replace(".", "%2E") if not encoded.strip(".") else encoded
