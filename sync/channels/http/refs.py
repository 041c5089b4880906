"""A listing's identities at a described API: its `ref` and its `ids`, as one text.

The cache keeps one text for each listing, so that a write days later still knows all of them. Where
`ids` are described it is a small JSON object, in which each has its own type: `{"ref":71,
"parent":7}`. Without them it is the `ref` alone, in an object only where it is a number that a
body needs as one.
"""

from collections.abc import Mapping

import msgspec

REF = "ref"

Identity = str | int


def packed(ref: Identity, ids: Mapping[str, Identity]) -> str:
    """Make one text of a listing's identities; one that is "" is left out."""
    if not ids and isinstance(ref, str):
        return ref
    own = {} if ref == "" else {REF: ref}
    whole = {**own, **{name: value for name, value in ids.items() if value != ""}}
    return msgspec.json.encode(whole).decode() if whole else ""


def unpacked(text: str) -> Mapping[str, Identity]:
    """The identities in a text, by their names; that of a listing without `ids` is its `ref`."""
    import json

    # A cache of before `ids` were described has a plain ref.
    try:
        found = json.loads(text) if text.startswith("{") else None
    except ValueError:
        found = None
    if isinstance(found, dict) and all(type(part) in (str, int) for part in found.values()):
        return found
    return {REF: text} if text else {}


def joined(text: str, known: str) -> str:
    """Add to a listing's identities what another text knows and this one does not say."""
    if text == known or not known:
        return text
    mine, others = unpacked(text), unpacked(known)
    # An id that one answer has as a number and another as text is the same.
    if all(str(others.get(name)) == str(value) for name, value in mine.items()):
        return known
    whole = {**others, **mine}
    return packed(whole.pop(REF, ""), whole)
