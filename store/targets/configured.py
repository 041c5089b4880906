"""What a channel's row keeps of its configuration, and by what it is seen that this changed."""

import hashlib
import sqlite3

import msgspec

from store.model import ChannelTerms, Terms


def fingerprint(terms: Terms, channel: ChannelTerms) -> str:
    """What moves this channel's targets or disagreements if it changes, as JSON: (shape, sums).

    The shape decides which listings are expected, what the truth is made of and what counts as a
    disagreement; the sums only how high a target is.
    """
    unsold = any(not rule.sold for rule in channel.policies)
    sold = [(rule.skus, rule.sold) for rule in channel.policies if unsold]
    units = [(rule.skus, rule.units) for rule in channel.policies if rule.units != 1]
    settle = (channel.settle_reduce_ms, channel.settle_raise_ms)
    # An authority's lag decides which events it has seen; any other channel's lag moves no target.
    decides = any(rule.quantity == channel.name for rule in terms.authorities)
    lag_ms = channel.lag_ms if decides else 0
    catalogue = msgspec.json.encode((terms.bundles, terms.pools))
    shape = (
        (terms.authorities, sold, settle, channel.writes, channel.report_missing),
        (units, channel.places, channel.inflow, lag_ms, hashlib.sha256(catalogue).hexdigest()),
    )
    sums = (channel.states, channel.hides, channel.policies)
    return msgspec.json.encode((shape, sums)).decode()


def shapes(fingerprints: dict[str, str]) -> dict[str, object]:
    """The shapes alone, by channel, of those that have a fingerprint."""
    return {name: msgspec.json.decode(text)[0] for name, text in fingerprints.items() if text}


def save(connection: sqlite3.Connection, terms: Terms, channel: ChannelTerms) -> None:
    """Bring one channel's row up to its configuration."""
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
        "terms": fingerprint(terms, channel),
    }
    columns = ", ".join(values)
    slots = ", ".join(f":{name}" for name in values)
    sets = ", ".join(f"{name} = excluded.{name}" for name in values)
    connection.execute(
        f"""INSERT INTO channels ({columns}) VALUES ({slots})
        ON CONFLICT (name) DO UPDATE SET {sets}""",
        values,
    )
