"""Seeds that once broke a promise, each with how many steps it took: they are run for ever."""

from collections.abc import Mapping
from types import MappingProxyType

ONCE_FAILED: Mapping[int, tuple[int, str]] = MappingProxyType(
    {
        37: (400, "a sale dated ahead of our clock held the other channels down until its time"),
        38: (1000, "a sale at a number that a connector had set was blamed on Skew"),
        83: (
            250,
            "what a reduction had kept from being sold was sold over the counter, then missed",
        ),
        88: (1000, "a sale that was deducted twice and a delivery together found no cause"),
        101: (1000, "an engine that found its cache busy when it began never began again"),
        122: (1000, "what somebody else wrote was taken for a list that shows our write late"),
        154: (1000, "an engine that was killed while it ended kept its successor from its cache"),
        168: (
            1000,
            "a bundle of which one part was read before its sale was booked found no cause",
        ),
        221: (1000, "a poll that nobody accepted at the end hid an update that was applied later"),
        326: (1000, "what ceased to be for sale just before a write found no cause"),
        374: (1000, "what began to be for sale just before a write found no cause"),
        375: (1000, "a bundle of which a part ceased to be for sale found no cause"),
        377: (1000, "an approval that a busy cache kept from being expired was called lost"),
        458: (1000, "an approval that ran out while its engine was ending was called lost"),
        837: (1000, "a stocktake took away what a reduction had kept from being sold"),
        918: (1000, "what began to be for sale while a write was under way found no cause"),
        923: (1000, "what a write raised for an engine that was killed meanwhile was told of"),
        929: (1000, "an update that its channel refused, and then a person, was called written"),
    }
)
