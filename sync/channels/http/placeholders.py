"""What stands for a listing in a described API's URLs and bodies, and what it is filled with.

URLs take `{sku}`, `{location}` and `{ref}`, percent-encoded; `{parent+/variants/}` is the parent's
with the text after it, and nothing for a listing that has none. A write's body takes `"$quantity"`
and the other words of `IN_BODY` as whole values.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from sync.channels.http import refs

if TYPE_CHECKING:
    from sync.channels.base import Change, ListingRef

IN_BODY = {
    "$quantity": "what the listing shall have",
    "$previous": "what it has by the reading that the write rests on",
    "$state": "the channel's word for its state",
    "$key": "a text unique for this correction, the same on each repeat",
    "$sku": "its SKU",
    "$location": "its location",
    "$ref": "the channel's own id of it",
    "$version": "what `if_match` found when it was read by itself",
}
"""`$quantity` and `$previous` are of the kind that `fields` reads: available, or where only on
hand is read, on hand (rule 11, docs/architecture.md)."""

IN_URL = ("{sku}", "{location}", "{ref}")

NEEDS_FIELD = {
    "{location}": "location", "{ref}": "ref", "$location": "location", "$ref": "ref",
    "$state": "state",
}  # fmt: skip
"""Without that field of `fields` these have no value for any listing."""

_OF_BODY = re.compile(r"\$\{?[A-Za-z_]+\}?", re.ASCII)
_OF_URL = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]*)(\+[^{}]*)?\}", re.ASCII)


def used(body: object) -> Iterator[str]:
    """The placeholders of a body, however deep in it."""
    if isinstance(body, str) and _OF_BODY.fullmatch(body):
        yield body
    elif isinstance(body, dict):
        for part in body.values():
            yield from used(part)
    elif isinstance(body, list):
        for part in body:
            yield from used(part)


def misplaced(body: object) -> Iterator[str]:
    """Where a body has a placeholder that would be sent as it stands: as a name, or in a text."""
    if isinstance(body, str):
        # GraphQL has variables of such names in its text, and JSON in a text is filled in apart.
        if "{" not in body and not _OF_BODY.fullmatch(body) and _IN_TEXT.search(body):
            yield body
    elif isinstance(body, dict):
        for name, part in body.items():
            if name in IN_BODY:
                yield name
            yield from misplaced(part)
    elif isinstance(body, list):
        for part in body:
            yield from misplaced(part)


_IN_TEXT = re.compile("|".join(rf"\{name}\b" for name in IN_BODY))


def used_in_url(url: str) -> Sequence[str]:
    """What looks like a placeholder in a URL, in its order: `{ref}`, without a text after it."""
    return [f"{{{found[1]}}}" for found in _OF_URL.finditer(url)]


def may_lack(url: str) -> bool:
    """Whether a placeholder of a URL may stand for nothing: `{parent+/variants/}`."""
    return any(found[2] is not None for found in _OF_URL.finditer(url))


def fill_url(template: str, listing: "Change | ListingRef") -> tuple[str | None, str]:
    """Put a listing into a URL: the URL, or None and what it lacks for it."""
    known = {name: str(value) for name, value in refs.unpacked(listing.ref).items()}
    known |= {"sku": listing.sku, "location": listing.location}
    wrong: list[str] = []

    def part(found: re.Match[str]) -> str:
        name, after = found[1], found[2]
        text = known.get(name, "")
        if not text:
            if after is None:
                wrong.append(f"it has no {name}, which the URL needs for {{{name}}}")
            return ""
        # `quote` leaves dots alone, and a path of `..` is the path above, for some servers even as
        # `%2E%2E`. A SKU of two dots would write to whatever is there.
        if text in {".", ".."}:
            wrong.append(f"its {name} can't be part of the channel's URL")
        return quote(text, safe="") + (after or "+")[1:]

    # All at once: what one of them is filled with may hold another's name.
    url = _OF_URL.sub(part, template)
    return (None, wrong[0]) if wrong else (url, "")


def of_ids(ref: str, ids: Iterable[str]) -> Mapping[str, object]:
    """What `$ref` and the placeholders of `ids` mean for a listing, each in its own type."""
    known = refs.unpacked(ref)
    return {f"${name}": known.get(name) for name in (refs.REF, *ids)}


def filled(body: object, meanings: Mapping[str, object]) -> object:
    """Fill in a body; a key whose placeholder means nothing in this write is left out."""
    if isinstance(body, str):
        return meanings.get(body, body)
    if isinstance(body, list):
        return [filled(part, meanings) for part in body]
    if isinstance(body, dict):
        whole = {name: filled(part, meanings) for name, part in body.items()}
        return {
            name: part for name, part in whole.items() if part is not None or body[name] is None
        }
    return body
