"""Bad records of a channel with locations that don't say at which of them they stand. Pure.

What can't be decoded at all has a SKU at best. Its listings stand at locations, so that the record
is of none of them by name; but none of them may count as gone for it (rule 12).
"""

from collections.abc import Sequence

import msgspec

from store.model import Refused
from sync.channels.abilities import Abilities
from sync.channels.base import FreshReadings, ListingRef


def of_poll(refused: Sequence[Refused], can: Abilities) -> Sequence[Refused]:
    """Make them records without a SKU, which may be any listing that the poll lacks."""
    if not can.locations or not any(map(_is_placeless, refused)):
        return refused
    return [_nameless(bad) if _is_placeless(bad) else bad for bad in refused]


def of_reading(
    answer: FreshReadings, wanted: Sequence[ListingRef], can: Abilities
) -> FreshReadings:
    """Make them bad records of each wanted listing of their SKU that has no answer."""
    if not can.locations or not any(map(_is_placeless, answer.refused)):
        return answer
    places = {(listing.sku, listing.location) for listing in wanted}
    came = {(record.sku, record.location) for record in answer.records}
    kept = [bad for bad in answer.refused if not _is_placeless(bad) or (bad.sku, "") in places]
    spread = [
        msgspec.structs.replace(bad, location=location)
        for bad in answer.refused
        if _is_placeless(bad)
        for sku, location in sorted(places - came)
        if sku == bad.sku and location
    ]
    return msgspec.structs.replace(answer, refused=[*kept, *spread])


def _is_placeless(bad: Refused) -> bool:
    return bad.sku is not None and not bad.location


def _nameless(bad: Refused) -> Refused:
    return msgspec.structs.replace(bad, sku=None, reason=f"{bad.sku}: {bad.reason}")
