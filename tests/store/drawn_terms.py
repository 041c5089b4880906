"""Configurations drawn at random, each a little other than the one before."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from store.model import Authority, ChannelTerms, Component, Direction, Policy, Pool, State, Terms
from tests.store.world import MINUTE, channel, warehouse

Pick = Callable[[int], int]
"""A number below the one given: what is drawn."""

SKUS = ("A-1", "A-2", "AB", "B*", "B-1", "[1]", "KIT", "BOX")
PLACES = ("", "north", "south", "both")
NAMES = ("warehouse", "supplier", "shop", "market")
PATTERNS = (
    "A-1", "A-2", "KIT", "BOX", "A*", "A-?", "A[-B]*", "[AB]*", "[!A]*", "*1", "*", "?-*", "B[*]",
    "[[]1]", "K*", "B*", "AB", "*-*",
)  # fmt: skip
_POOLS = (Pool("both", ("north", "south")), Pool("both", ("", "north")), Pool("south", ("north",)))


class Drawn(msgspec.Struct):
    """What a configuration is made of, to be changed in one place at a time."""

    authorities: list[Authority]
    policies: dict[str, list[Policy]]
    bundles: dict[str, dict[str, int]]
    pools: list[Pool]
    pushed: dict[str, bool]
    market_places: tuple[str, ...] = ()
    lag_ms: int = 0
    settle_ms: int = 0
    flows_in: bool = False

    def terms(self) -> Terms:
        """The configuration."""
        components = [
            Component(bundle, part, quantity)
            for bundle, parts in self.bundles.items()
            for part, quantity in parts.items()
        ]
        rules = (*self.authorities, Authority("*", "warehouse", "warehouse"))
        made = (
            warehouse(lag_ms=self.lag_ms, policies=self._of("warehouse")),
            self._channel("supplier", roles=("quantity authority",)),
            self._channel("shop", inflow=("quantity",) if self.flows_in else ()),
            self._channel(
                "market",
                states=(State.ACTIVE,),
                settle_reduce_ms=self.settle_ms,
                settle_raise_ms=2 * self.settle_ms,
                places=self.market_places,
            ),
        )
        return Terms(rules, made, tuple(components), tuple(self.pools))

    def _channel(self, name: str, **more: object) -> ChannelTerms:
        pushed = self.pushed.get(name, True)
        chosen = {
            "direction": Direction.PUSH if pushed else Direction.OBSERVE,
            "writes": ("quantity", "state") if pushed else (),
            "policies": self._of(name),
        }
        return channel(name, **(chosen | more))

    def _of(self, name: str) -> tuple[Policy, ...]:
        rules = self.policies.get(name, [])
        return (*rules, Policy("*")) if all(rule.skus != "*" for rule in rules) else tuple(rules)


def plain() -> Drawn:
    """No rules of anything."""
    return Drawn([], {name: [] for name in NAMES}, {}, [], {})


def change(drawn: Drawn, pick: Pick) -> None:
    """Change one thing."""
    _CHANGES[pick(len(_CHANGES))](drawn, pick)


def _reorder(rules: list[Any], pick: Pick) -> None:
    if rules:
        rules.insert(pick(len(rules)), rules.pop(pick(len(rules))))


def _policy(pick: Pick) -> Policy:
    skus = PATTERNS[pick(len(PATTERNS))]
    kinds: Sequence[dict[str, object]] = (
        {"buffer": 1 + pick(3)},
        {"cap": pick(4)},
        {"share_ppm": 500_000},
        {"sold": False},
        {"units": 1 + pick(3)},
        {"state": State.DISABLED},
        {"when_out": State.DISABLED},
        {},
    )
    return Policy(skus, **kinds[pick(len(kinds))])  # type: ignore[arg-type]


def _change_policies(drawn: Drawn, pick: Pick) -> None:
    rules = drawn.policies[NAMES[pick(len(NAMES))]]
    act = pick(4)
    if act == 0 and rules:
        rules.pop(pick(len(rules)))
    elif act == 1:
        _reorder(rules, pick)
    elif act == 2 and rules:
        place = pick(len(rules))
        rules[place] = msgspec.structs.replace(_policy(pick), skus=rules[place].skus)
    else:
        rules.insert(pick(len(rules) + 1), _policy(pick))


def _change_authorities(drawn: Drawn, pick: Pick) -> None:
    rules = drawn.authorities
    act = pick(3)
    if act == 0 and rules:
        rules.pop(pick(len(rules)))
    elif act == 1:
        _reorder(rules, pick)
    else:
        quantity, state = (("supplier", "warehouse")[pick(2)] for _ in range(2))
        skus = PATTERNS[pick(len(PATTERNS))]
        rules.insert(pick(len(rules) + 1), Authority(skus, quantity, state))


def _change_bundles(drawn: Drawn, pick: Pick) -> None:
    bundle = ("KIT", "BOX")[pick(2)]
    if pick(3) == 0:
        drawn.bundles.pop(bundle, None)
        return
    parts = drawn.bundles.setdefault(bundle, {})
    part = SKUS[pick(len(SKUS) - 2)]
    if len(parts) > 1 and pick(2):
        parts.pop(part, None)
    else:
        parts[part] = 1 + pick(3)


def _change_pools(drawn: Drawn, pick: Pick) -> None:
    pool = _POOLS[pick(len(_POOLS))]
    others = [other for other in drawn.pools if other.location != pool.location]
    if pool in drawn.pools:
        drawn.pools = others
    elif not any(
        pool.location in (other.location, *other.members) or other.location in pool.members
        for other in others
    ):
        drawn.pools = [*others, pool]


def _change_direction(drawn: Drawn, pick: Pick) -> None:
    name = NAMES[1 + pick(3)]
    drawn.pushed[name] = not drawn.pushed.get(name, True)


def _change_rest(drawn: Drawn, pick: Pick) -> None:
    act = pick(4)
    if act == 0:
        drawn.market_places = ((), ("both",), ("", "south"))[pick(3)]
    elif act == 1:
        drawn.lag_ms = (0, MINUTE)[pick(2)]
    elif act == 2:
        drawn.settle_ms = (0, 2 * MINUTE)[pick(2)]
    else:
        drawn.flows_in = not drawn.flows_in


_CHANGES: tuple[Callable[[Drawn, Pick], None], ...] = (
    *[_change_policies] * 6,
    *[_change_authorities] * 2,
    *[_change_bundles] * 3,
    *[_change_pools] * 2,
    _change_direction,
    _change_rest,
)
