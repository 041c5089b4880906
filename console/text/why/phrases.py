"""Parts of an explanation in plain words: a difference, a policy, how fresh a channel is. Pure."""

from console.text.format import age, clean, plural, shown, units
from store.model import Disagreement, Freshness, Kind, Millis, Policy
from store.queries.values import ChannelHealth
from sync.targets.policy import WHOLE_PPM


def difference(disagreement: Disagreement) -> str:
    """One disagreement: what is shown, and what should be."""
    has = shown(disagreement.available, disagreement.state, at_least=disagreement.at_least)
    by_kind = {
        Kind.MISSING: f"does not list it; should show {units(disagreement.target)}",
        Kind.UNLISTED: f"shows {has}; the authority does not have it",
        Kind.DUPLICATE: "lists it more than once: which one counts is unknown",
        Kind.STATE: f"is {disagreement.state}; should be {disagreement.target_state}",
    }
    if disagreement.kind in by_kind:
        return by_kind[disagreement.kind]
    off, how = disagreement.oversell_units, "too many"
    if not off:
        off, how = disagreement.undersell_units, "too few"
    by = f": {units(off)} {how}" if off else ""
    return f"shows {has}; should show {units(disagreement.target)}{by}"


def policy_text(policy: Policy) -> str:
    """What a policy says: `2 buffer, share 50 %, cap 100`."""
    stock = str(policy.made_of).replace("_", " ").replace("+", " and ")
    parts = [f"from what is {stock}"]
    if policy.buffer:
        parts.append(f"buffer {policy.buffer}")
    if policy.share_ppm != WHOLE_PPM:
        parts.append(f"share {policy.share_ppm / 10_000:g} %")
    if policy.cap is not None:
        parts.append(f"cap {policy.cap}")
    if policy.units != 1:
        parts.append(f"{plural(policy.units, 'piece')} a unit")
    if policy.state is not None:
        parts.append(f"state {policy.state}")
    if policy.when_out is not None:
        parts.append(f"{policy.when_out} when out")
    if not policy.sold:
        parts.append("not sold")
    if len(parts) == 1:
        parts.append("nothing kept back")
    return ", ".join(parts)


def freshness(health: ChannelHealth, now: Millis) -> str:
    """How fresh a channel is: `shop read 0:12 ago`, `shop stale: read 3h 12m ago`."""
    name = clean(health.name)
    if health.last_success_at is None:
        return f"{name} was never read"
    read = f"read {age(now - health.last_success_at)} ago"
    if health.freshness is Freshness.FRESH:
        return f"{name} {read}"
    error = f" ({clean(health.last_error)})" if health.last_error else ""
    return f"{name} is {health.freshness}: {read}{error}"
