"""Location maps: a channel's own locations → those of the authority that each one sells from.

Written `{ berlin = "BER", web = ["BER-2", "HAM"] }`, or as a plain list by a channel that has no
locations of its own. An entry with several locations is a pool: their sum. Pure.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

from store.model import Pool
from sync import values

JOIN = "+"


class LocationMap(dict[str, tuple[str, ...]]):
    """A location map that has been checked: own location → the authority's, sorted."""

    __slots__ = ()


def location_map(value: object) -> LocationMap:
    """Read a location map. Raises ValueError with the remedy.

    Two entries name the same locations of the authority, or have none in common.
    """
    written = {"": value} if isinstance(value, list) else value
    if not isinstance(written, dict):
        raise ValueError(  # noqa: TRY004 - msgspec passes on a ValueError's words only.
            'must be a table such as { berlin = "BER", web = ["BER-2", "HAM"] }, '
            "or a list of the authority's locations"
        )
    if not written:
        raise ValueError("is empty: name the locations, or remove the key")
    found = LocationMap({own: _members(own, there) for own, there in written.items()})
    _refuse_overlaps(found)
    return found


def place_name(members: tuple[str, ...]) -> str:
    """Name an entry as a place: the authority's location, or its members joined with `+`."""
    return JOIN.join(members)


def summed(entries: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Find the places that several of the channel's own locations share: place → those."""
    shared: dict[str, tuple[str, ...]] = {}
    for own, members in entries.items():
        place = place_name(members)
        shared[place] = (*shared.get(place, ()), own)
    return {place: owns for place, owns in shared.items() if len(owns) > 1}


def pools(entries: Mapping[str, tuple[str, ...]]) -> tuple[Pool, ...]:
    """Make a pool of each entry that sells from several of the authority's locations."""
    several = dict.fromkeys(members for members in entries.values() if len(members) > 1)
    return tuple(Pool(place_name(members), members) for members in several)


def wrong_between(
    maps: Mapping[str, Mapping[str, tuple[str, ...]]], authorities: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Find what of the channels' maps cannot be together: a channel's name, and what is wrong.

    `authorities` are the channels whose quantities are the truth; their locations are what the
    others' sums are made of, so they can't have sums themselves.
    """
    known = {pool.location for entries in maps.values() for pool in pools(entries)}
    for name, entries in maps.items():
        for own, members in entries.items():
            if len(members) > 1 and name in authorities:
                yield (
                    name,
                    (
                        f"{_own(own)} names several locations, but this channel is the authority, "
                        "whose locations they are: name one"
                    ),
                )
            elif len(members) == 1 and members[0] in known:
                yield (
                    name,
                    f"{_own(own)} names {values.quoted(members[0])}, which is a pool's name",
                )


def _members(own: str, there: object) -> tuple[str, ...]:
    values.location(own)
    names = [there] if isinstance(there, str) else there
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"{_own(own)} must name one of the authority's locations in quotes, or a list of them"
        )
    if not names:
        raise ValueError(f"{_own(own)} has an empty list: name a location, or remove the entry")
    members = tuple(sorted(values.location(name) for name in names))
    for member, after in pairwise(members):
        if member == after:
            raise ValueError(f"{_own(own)} names {values.quoted(member)} twice: name it once")
    for member in members if len(members) > 1 else ():
        if JOIN in member or not member:
            raise ValueError(
                f"{_own(own)} has {values.quoted(member)}: "
                "a location of a pool needs a name without +"
            )
    return members


def _refuse_overlaps(found: LocationMap) -> None:
    # A unit that two sums both contain would be promised to customers twice. Entries that name
    # exactly the same locations are one pool under two names, so they are allowed.
    first: dict[str, str] = {}
    for own, members in found.items():
        for member in members:
            other = first.setdefault(member, own)
            if found[other] != members:
                raise ValueError(
                    f"{_own(other)} and {_own(own)} both have {values.quoted(member)}, "
                    "but differ otherwise: give them the same locations, or none in common"
                )


def _own(own: str) -> str:
    return values.quoted(own) if own else "it"
