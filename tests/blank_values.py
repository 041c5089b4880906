"""Values with everything left blank but what a test is about."""

from typing import Any

from store.model import Correction, CorrectionStatus


def correction(**known: Any) -> Correction:
    """A proposal on the shop, of nothing in particular."""
    blank: dict[str, Any] = dict.fromkeys(Correction.__struct_fields__)
    some = {"id": 1, "listing_id": 1, "sku": "S1", "title": "", "channel": "shop", "location": ""}
    life = {"status": CorrectionStatus.PROPOSED, "version": 1, "proposed_at": 0}
    return Correction(**(blank | some | life | known))
