"""What about a reading of a shop is doubtful, counted, with the names of a few. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sync.values import quoted

NAMED_MAX = 3


class Doubt(StrEnum):
    """What may be wrong with one listing: a sentence for one of them, `|`, one for several."""

    NO_SKU = (
        "product or variation has no SKU of its own: it is left out"
        "|products and variations have no SKU of their own: they are left out"
    )
    POOLED = (
        "variation shares the stock of its product: the product's SKU stands for it"
        "|variations share the stock of their product: the product's SKU stands for them"
    )
    HIDDEN_POOL = (
        "product has stock that its variations share, and no SKU: give it one"
        "|products have stock that their variations share, and no SKU: give them one"
    )
    NOT_SOLD_OUT = (
        "listing has units, but is out of stock: see the out of stock threshold, in WooCommerce, "
        "Settings, Products, Inventory"
        "|listings have units, but are out of stock: see the out of stock threshold, in "
        "WooCommerce, Settings, Products, Inventory"
    )
    ORPHAN = (
        "variation belongs to nothing that has variations: it is left out"
        "|variations belong to nothing that has variations: they are left out"
    )


@dataclass(slots=True)
class Doubts:
    """Those of one reading."""

    found: dict[Doubt, list[str]] = field(default_factory=dict)
    unknown: dict[tuple[str, str], int] = field(default_factory=dict)
    """The name of a field and a word in it that we do not know → how often."""
    whole: dict[str, None] = field(default_factory=dict)
    """Sentences about the whole reading."""
    counted: int = 0
    """Listings whose stock is managed."""
    uncounted: int = 0

    def add(self, doubt: Doubt, name: str) -> None:
        self.found.setdefault(doubt, []).append(name)

    def add_unknown(self, field_name: str, word: object) -> None:
        key = (field_name, quoted(word))
        self.unknown[key] = self.unknown.get(key, 0) + 1

    def say(self, sentence: str) -> None:
        self.whole[sentence] = None

    def sentences(self) -> Sequence[str]:
        """Each as a sentence for the operator."""
        said = [_sentence(doubt, names) for doubt, names in self.found.items()]
        said += [
            f"{count:,} listing{'s have' if count > 1 else ' has'} a {name} that Skew does not "
            f"know: {word}"
            for (name, word), count in self.unknown.items()
        ]
        if self.uncounted and not self.counted:
            said.append(
                "WooCommerce manages the stock of no product: turn it on in WooCommerce, Settings, "
                "Products, Inventory, and in each product"
            )
        return [*self.whole, *said]


def _sentence(doubt: Doubt, names: Sequence[str]) -> str:
    one, _, several = doubt.partition("|")
    shown = ", ".join(names[:NAMED_MAX])
    if len(names) == 1:
        return f"1 {one} ({shown})"
    more = f", and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
    return f"{len(names):,} {several} ({shown}{more})"
