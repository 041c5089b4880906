"""What about a list is doubtful, counted, with a few names of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sync.values import quoted

_NAMES_SHOWN = 3


@dataclass(slots=True)
class AmazonTally:
    """SKUs by what is to be said of them. In a sentence, `{}` stands for how many listings."""

    _skus: dict[str, list[str]] = field(default_factory=dict)

    def note(self, sentence: str, sku: str) -> None:
        self._skus.setdefault(sentence, []).append(sku)

    def sentences(self) -> Sequence[str]:
        return [
            f"{sentence.format(_listings(len(skus)))}: {_names(skus)}"
            for sentence, skus in self._skus.items()
        ]


def _listings(count: int) -> str:
    return "1 listing" if count == 1 else f"{count:,} listings"


def _names(skus: Sequence[str]) -> str:
    shown = ", ".join(quoted(sku).strip('"') for sku in skus[:_NAMES_SHOWN])
    return f"{shown}, …" if len(skus) > _NAMES_SHOWN else shown
