"""What of a sweep is odd without being wrong: counted, with a few names, for the operator."""

from collections.abc import Sequence
from dataclasses import dataclass, field

NAMES_MAX = 3


@dataclass(slots=True)
class Tally:
    """Counts listings by what is odd about them. A listing is counted once for each."""

    _found: dict[str, dict[str, None]] = field(default_factory=dict)

    def note(self, what: str, name: str) -> None:
        """Count one. `what` follows the number: `put together by the shop from others`."""
        self._found.setdefault(what, {})[name] = None

    def warnings(self) -> Sequence[str]:
        """A sentence for each oddity: `4 listings, no SKU, so left out: 17, 18, 23 and 1 more`."""
        return [_sentence(what, list(names)) for what, names in self._found.items()]


def _sentence(what: str, names: Sequence[str]) -> str:
    count = f"{len(names):,} listing{'' if len(names) == 1 else 's'}"
    more = f" and {len(names) - NAMES_MAX:,} more" if len(names) > NAMES_MAX else ""
    return f"{count}, {what}: {', '.join(names[:NAMES_MAX])}{more}"
