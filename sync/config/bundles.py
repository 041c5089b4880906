"""Bundles in bundles → what each one contains of single pieces. Pure."""

from collections.abc import Container, Mapping

from store.model import QUANTITY_MAX
from sync import values

COMPONENTS_MAX = 500_000
"""Of all bundles together, once nesting is unfolded: it can square their number."""

_NAMED_MAX = 8
"""How much of a long cycle is written out."""

Bundles = Mapping[str, Mapping[str, int]]
"""Bundle → component → how many pieces of it."""


def flatten(
    components_of: Bundles, incomplete: Container[str]
) -> tuple[dict[str, dict[str, int]], dict[str, str]]:
    """Multiply nested bundles out: bundle → component → pieces. And bundle → why it can't be used.

    `incomplete` are bundles with a line that could not be read: whatever contains one can't be
    used either. Raises ValueError where more than `COMPONENTS_MAX` components come out.
    """
    inner = {
        bundle: [
            component
            for component in components
            if component in components_of or component in incomplete
        ]
        for bundle, components in components_of.items()
    }
    flat: dict[str, dict[str, int]] = {}
    reasons: dict[str, str] = {}
    count = 0
    for bundle in _innermost_first(inner):
        whole = _unfolded(components_of[bundle], flat)
        count += len(whole)
        if count > COMPONENTS_MAX:
            raise ValueError(f"more than {COMPONENTS_MAX:,} components, nested ones unfolded")
        unused = next((component for component in inner[bundle] if component in reasons), None)
        if unused is not None:
            reasons[bundle] = f"it contains {_unused(unused)}"
        elif max(whole.values()) > QUANTITY_MAX:
            most = max(whole, key=whole.__getitem__)
            reasons[bundle] = f"it needs more than {QUANTITY_MAX:,} of {values.quoted(most)}"
        else:
            flat[bundle] = whole
    _explain_cycles(inner, flat, reasons)
    return {bundle: flat[bundle] for bundle in components_of if bundle in flat}, reasons


def _innermost_first(inner: Mapping[str, list[str]]) -> list[str]:
    """Order bundles so that each comes after those in it; what hangs on a cycle is left out."""
    waits = {bundle: len(inside) for bundle, inside in inner.items()}
    users: dict[str, list[str]] = {}
    for bundle, inside in inner.items():
        for component in inside:
            users.setdefault(component, []).append(bundle)
    order = [bundle for bundle, count in waits.items() if not count]
    # The list grows while it is walked: a bundle is added once the last of its own bundles is in.
    # What is on a cycle, or contains one, never gets there. (Kahn's topological sort.)
    for bundle in order:
        for user in users.get(bundle, ()):
            waits[user] -= 1
            if not waits[user]:
                order.append(user)
    return order


def _unfolded(components: Mapping[str, int], flat: Bundles) -> dict[str, int]:
    if flat.keys().isdisjoint(components):
        return dict(components)
    whole: dict[str, int] = {}
    for component, quantity in components.items():
        for part, pieces in flat.get(component, {component: 1}).items():
            whole[part] = whole.get(part, 0) + quantity * pieces
    return whole


def _explain_cycles(inner: Mapping[str, list[str]], flat: Bundles, reasons: dict[str, str]) -> None:
    """Give each bundle without an end the cycle that it is on or contains as its reason."""
    # `ends` remembers where each bundle led, so that every bundle is walked once: a file of a
    # hundred thousand bundles that all lead to one long cycle must not cost their product.
    ends: dict[str, str] = {}
    for bundle in inner:
        if bundle in flat or bundle in reasons:
            continue
        path: dict[str, int] = {}
        here = bundle
        while here in inner and not (here in path or here in flat or here in reasons):
            path[here] = len(path)
            here = next(component for component in inner[here] if component not in flat)
        if here in path:
            cycle = list(path)[path[here] :]
            ends |= dict.fromkeys(cycle, _cycle(cycle))
            reasons |= {member: ends[member] for member in cycle}
        words = ends.get(here) or _unused(here)
        for step in path:
            ends.setdefault(step, words)
            reasons.setdefault(step, f"it contains {words}")


def _cycle(cycle: list[str]) -> str:
    shown = cycle if len(cycle) <= _NAMED_MAX else [*cycle[:_NAMED_MAX], "…"]
    return f"the cycle {' → '.join([*shown, cycle[0]])}"


def _unused(bundle: str) -> str:
    return f"{values.quoted(bundle)}, which is not used"
