"""The JSON of what is not counted: it stands apart from the disagreements."""

from store.queries.uncounted import UncountedListing
from sync.clock import rfc3339


def uncounted(listing: UncountedListing) -> dict[str, object]:
    """One listing that can't be compared, as `skew diff` has it."""
    return {
        "sku": listing.sku,
        "channel": listing.channel,
        "location": listing.location,
        "reading": {
            "available": listing.available,
            "state": listing.state,
            "observed_at": rfc3339(listing.observed_at),
        },
        "target": {"quantity": listing.target, "state": listing.target_state},
    }
