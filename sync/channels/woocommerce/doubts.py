"""What about a reading of a shop is doubtful, for the operator. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sync.channels.api.tally import Tally
from sync.values import quoted

NO_SKU = "no SKU of its own, so left out"
POOLED = "its stock is its product's, whose SKU stands for it"
HIDDEN_POOL = "its variations share its stock, and it has no SKU: give it one"
ORPHAN = "a variation of nothing that has variations, so left out"
NOT_SOLD_OUT = (
    "units left, and out of stock all the same: see the out of stock threshold in WooCommerce, "
    "Settings, Products, Inventory"
)
_NOTHING_MANAGED = (
    "WooCommerce manages the stock of no product: turn it on in WooCommerce, Settings, Products, "
    "Inventory, and in each product"
)


@dataclass(slots=True)
class Doubts:
    """Those of one reading."""

    tally: Tally = field(default_factory=Tally)
    whole: dict[str, None] = field(default_factory=dict)
    """Sentences about the whole reading."""
    managed: int = 0
    """Listings whose stock is managed."""
    unmanaged: int = 0

    def add(self, what: str, name: str) -> None:
        self.tally.note(what, name)

    def add_unknown(self, field_name: str, word: object, name: str) -> None:
        self.tally.note(f"a {field_name} that Skew does not know, {quoted(word)}", name)

    def say(self, sentence: str) -> None:
        self.whole[sentence] = None

    def sentences(self) -> Sequence[str]:
        nothing = [_NOTHING_MANAGED] if self.unmanaged and not self.managed else []
        return [*self.whole, *self.tally.warnings(), *nothing]
