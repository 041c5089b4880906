"""What a channel's row keeps of its configuration, and by what it is seen that this changed."""

import hashlib
import sqlite3
from collections.abc import Mapping

import msgspec

from store.model import Authority, ChannelTerms, Millis, Policy, Pool, State, Terms


class Fingerprint(msgspec.Struct, frozen=True):
    """What moves a channel's targets or disagreements if it changes: kept as JSON.

    Of bundles a digest alone, for the cache keeps them itself.
    """

    authorities: tuple[Authority, ...]
    pools: tuple[Pool, ...]
    bundles: str
    settle_ms: tuple[Millis, Millis]
    lag_ms: int
    writes: tuple[str, ...]
    report_missing: bool
    places: tuple[str, ...]
    inflow: tuple[str, ...]
    states: tuple[State, ...]
    hides: tuple[State, ...]
    policies: tuple[Policy, ...]

    @property
    def everywhere(self) -> tuple[object, ...]:
        """What counts for each listing, whatever its SKU, beyond how high its target is."""
        return (self.lag_ms, self.report_missing, self.places, self.inflow)

    @property
    def judged(self) -> tuple[object, ...]:
        """What counts only for the listings that disagree: when it can be decided, and how."""
        return (self.settle_ms, self.writes)


def fingerprints(terms: Terms) -> dict[str, Fingerprint]:
    """What is kept of each channel's configuration, by its name."""
    bundles = hashlib.sha256(msgspec.json.encode(terms.bundles)).hexdigest()
    # An authority's lag decides which events it has seen; any other channel's lag moves no target.
    deciding = {rule.quantity for rule in terms.authorities}
    return {
        channel.name: Fingerprint(
            authorities=terms.authorities,
            pools=terms.pools,
            bundles=bundles,
            settle_ms=(channel.settle_reduce_ms, channel.settle_raise_ms),
            lag_ms=channel.lag_ms if channel.name in deciding else 0,
            writes=channel.writes,
            report_missing=channel.report_missing,
            places=channel.places,
            inflow=channel.inflow,
            states=channel.states,
            hides=channel.hides,
            policies=channel.policies,
        )
        for channel in terms.channels
    }


def encoded(kept: Mapping[str, Fingerprint]) -> dict[str, str]:
    """The same as text, as the channels' rows keep it."""
    return {name: msgspec.json.encode(found).decode() for name, found in kept.items()}


def save(
    connection: sqlite3.Connection, terms: Terms, channel: ChannelTerms, fingerprint: str
) -> None:
    """Bring one channel's row up to its configuration; `fingerprint` is of `encoded`."""
    values = {
        "name": channel.name,
        "kind": channel.kind,
        "direction": channel.direction,
        "roles": ", ".join(channel.roles),
        "writes": ", ".join(channel.writes),
        "every_ms": channel.every_ms,
        "stale_after_ms": channel.stale_after_ms,
        "max_source_age_ms": channel.max_source_age_ms,
        "lag_ms": channel.lag_ms,
        "settle_reduce_ms": channel.settle_reduce_ms,
        "settle_raise_ms": channel.settle_raise_ms,
        "configured": 1,
        "unseen_after_ms": terms.unseen_after_ms,
        "collapses": int(bool(channel.hides)),
        "terms": fingerprint,
    }
    columns = ", ".join(values)
    slots = ", ".join(f":{name}" for name in values)
    sets = ", ".join(f"{name} = excluded.{name}" for name in values)
    connection.execute(
        f"""INSERT INTO channels ({columns}) VALUES ({slots})
        ON CONFLICT (name) DO UPDATE SET {sets}""",
        values,
    )
