"""Shopify's ids: `gid://shopify/InventoryItem/123`, and the number that people see. Pure."""

import re

ITEM = "InventoryItem"
LOCATION = "Location"

_NUMBER = re.compile(r"\d{1,20}", re.ASCII)
_LONG = re.compile(r"gid://shopify/([A-Za-z]+)/([^/?#\s]+)(\?[^\s]*)?", re.ASCII)


def short_id(kind: str, long: str) -> str:
    """The number of an id of a kind, as the admin's addresses have it; any other stays whole."""
    found = _LONG.fullmatch(long)
    is_ours = found is not None and found[1] == kind and not found[3]
    return found[2] if found is not None and is_ours and _NUMBER.fullmatch(found[2]) else long


def long_id(kind: str, text: str) -> str | None:
    """The id of a kind by its number or itself; None for what can't be one."""
    if _NUMBER.fullmatch(text):
        return f"gid://shopify/{kind}/{text}"
    found = _LONG.fullmatch(text)
    return text if found is not None and found[1] == kind else None
