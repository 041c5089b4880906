"""What was truly free of each SKU, and when: what the numbers of a trial are measured against."""

from collections.abc import Callable

from store.model import Millis
from sync.simulation.world import World


class TruthLog:
    """Notes each change of what is truly free."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._moves: dict[str, list[tuple[Millis, int]]] = {}
        for item in (
            *world.warehouse.items(),
            *(item for supplier in world.suppliers.values() for item in supplier.items()),
        ):
            self._moves[item.sku] = [(0, item.available)]

    def note(self, sku: str) -> None:
        """Note what is free of a SKU now."""
        free, moves = self._world.truly_free(sku), self._moves[sku]
        if moves[-1][1] != free:
            moves.append((self._world.now, free))

    def span(self, sku: str, since: Millis) -> range:
        """All that there could seem to be since then: some sales are known before others."""
        parts = self._world.parts_of(sku)
        lows, highs = [], []
        for part, count in parts:
            moves = self._moves[part]
            found = [_at(moves, since), *(free for at, free in moves if at > since)]
            lows.append(min(found) // count)
            highs.append(max(found) // count)
        return range(min(lows), min(highs) + 1)

    def last(self, sku: str, fits: Callable[[int], bool]) -> Millis | None:
        """When a number last fitted what was free; None: never."""
        parts = self._world.parts_of(sku)
        if len(parts) == 1 and parts[0][0] == sku:
            return _last(self._moves[sku], fits, self._world.now)
        instants = sorted({at for part, _ in parts for at, _ in self._moves[part]})
        whole = [
            (at, min(_at(self._moves[part], at) // count for part, count in parts))
            for at in instants
        ]
        return _last(whole, fits, self._world.now)


def _last(
    moves: list[tuple[Millis, int]], fits: Callable[[int], bool], now: Millis
) -> Millis | None:
    until = now
    for at, free in reversed(moves):
        if fits(free):
            return until
        until = at
    return None


def _at(moves: list[tuple[Millis, int]], at: Millis) -> int:
    return next((free for since, free in reversed(moves) if since <= at), moves[0][1])
