"""What a change of the configuration can move: which items, found without comparing the others."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from store.cells.cell_ids import cell
from store.model import ChannelTerms, Pool
from store.targets import bundles, pending_events, rule_changes
from store.targets.configured import Fingerprint
from store.targets.policy_sql import PolicySql
from store.targets.rule_changes import EVERY_SKU


class TermsChange(msgspec.Struct, frozen=True):
    """What one configuration has otherwise than another: all that can move anything."""

    figures: Mapping[tuple[str, ...], tuple[str, ...]] = {}
    """By patterns of SKUs, the channels of which only the targets can be others."""
    before: Mapping[str, Fingerprint] = {}
    """What was kept of each channel, by name: its targets are those that this makes."""
    judged: tuple[str, ...] = ()
    """The channels of which what disagrees is judged otherwise."""
    skus: tuple[str, ...] = ()
    """Patterns of SKUs of which anything can be otherwise."""
    pools: frozenset[str] = frozenset()
    """The locations of pools that came, went or have other members."""
    places: frozenset[str] = frozenset()
    """Those with the members that these have or had, and with the pools that draw on the same."""
    bundles: bool = False

    @property
    def moves_truths(self) -> bool:
        """Whether it can move what there is of a SKU."""
        return bool(self.skus or self.pools or self.bundles)


def between(before: Mapping[str, str], after: Mapping[str, Fingerprint]) -> TermsChange | None:
    """What has changed since `before`, the texts of the configured channels, by name.

    None: what counts for every SKU, or `before` was kept in another form.
    """
    try:
        old = {name: msgspec.json.decode(text, type=Fingerprint) for name, text in before.items()}
    except msgspec.DecodeError:
        return None
    if old.keys() != after.keys():
        return None
    if any(kept.everywhere != after[name].everywhere for name, kept in old.items()):
        return None
    skus = {
        pattern
        for name, kept in old.items()
        for found in (_authorities(kept, after[name]), _presence(kept, after[name]))
        for pattern in found
    }
    if EVERY_SKU in skus:
        return None
    pairs = [(kept, after[name]) for name, kept in old.items()]
    pools = frozenset().union(*(_pools(kept, new) for kept, new in pairs))
    return TermsChange(
        figures=_by_patterns(old, after),
        before=old,
        judged=tuple(name for name, kept in old.items() if kept.judged != after[name].judged),
        skus=tuple(sorted(skus)),
        pools=pools,
        places=_places(pools, {pool for pair in pairs for kept in pair for pool in kept.pools}),
        bundles=any(kept.bundles != new.bundles for kept, new in pairs),
    )


def _authorities(old: Fingerprint, new: Fingerprint) -> tuple[str, ...]:
    """Patterns of the SKUs that another channel can be right about."""
    if old.authorities == new.authorities:
        return ()

    def rules(kept: Fingerprint) -> Iterable[tuple[str, object]]:
        return ((rule.skus, (rule.quantity, rule.state)) for rule in kept.authorities)

    return rule_changes.changed(rules(old), rules(new))


def _presence(old: Fingerprint, new: Fingerprint) -> tuple[str, ...]:
    """Patterns of the SKUs that can be sold or not, or counted in units, otherwise than before."""
    if old.policies == new.policies:
        return ()

    def rules(kept: Fingerprint) -> Iterable[tuple[str, tuple[bool, int]]]:
        return ((rule.skus, (rule.sold, rule.units)) for rule in kept.policies)

    # Mostly they all say the same, and then it plays no part which of them is the first.
    if len({rule for _, rule in (*rules(old), *rules(new))}) == 1:
        return ()
    return rule_changes.changed(rules(old), rules(new))


def _pools(old: Fingerprint, new: Fingerprint) -> set[str]:
    """The locations of the pools that are not made of what they were."""
    kept, made = (
        {(pool.location, frozenset(pool.members)) for pool in either.pools} for either in (old, new)
    )
    return {location for location, _ in kept ^ made}


def _places(changed: AbstractSet[str], pools: Iterable[Pool]) -> frozenset[str]:
    """The locations at which a change of some of the pools can move something."""
    members = {member for pool in pools if pool.location in changed for member in pool.members}
    # What one pool has sold, another one that draws on the same place has no more.
    sharing = {pool.location for pool in pools if not members.isdisjoint(pool.members)}
    return frozenset(changed | members | sharing)


def _by_patterns(
    old: Mapping[str, Fingerprint], new: Mapping[str, Fingerprint]
) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The channels whose targets can be others, by the patterns of their SKUs."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for name, kept in old.items():
        patterns: tuple[str, ...] = (EVERY_SKU,)
        if (kept.states, kept.hides) == (new[name].states, new[name].hides):
            if kept.policies == new[name].policies:
                continue
            patterns = rule_changes.changed(
                *(((rule.skus, rule) for rule in either.policies) for either in (kept, new[name]))
            )
        if patterns:
            found[patterns] = (*found.get(patterns, ()), name)
    return found


def note(connection: sqlite3.Connection, compiled: PolicySql, change: TermsChange) -> str | None:
    """Note as moved what the change can move, and bring bundles, pools and movements up to it.

    Of the listings of which only the target can be another one, those are noted whose target is.
    Returns the channel that is the only one whose listings can be moved; None: there may be others.
    """
    if change.bundles:
        bundles.change(connection, compiled.terms)
    if change.pools:
        bundles.change_pools(connection, change.pools, change.places)
    if change.skus:
        rule_changes.note_matching(connection, compiled, change.skus)
        connection.execute("INSERT OR IGNORE INTO moved (item_id) SELECT item_id FROM matching")
    if change.moves_truths:
        pending_events.remake_moved(connection, compiled)
    for name in change.judged:
        connection.execute(
            """INSERT OR IGNORE INTO moved (item_id)
            SELECT item_id FROM open_disagreements WHERE channel_id = ?""",
            (compiled.ids[name],),
        )
    for patterns, channels in change.figures.items():
        among = "items i"
        if EVERY_SKU not in patterns:
            rule_changes.note_matching(connection, compiled, patterns)
            among = "matching m CROSS JOIN items i ON i.id = m.item_id"
        _note_retargeted(connection, compiled, change.before, channels, among)
    names = {name for channels in change.figures.values() for name in channels}
    is_one = len(names) == 1 and not (change.moves_truths or change.judged)
    return names.pop() if is_one else None


def _note_retargeted(
    connection: sqlite3.Connection,
    compiled: PolicySql,
    before: Mapping[str, Fingerprint],
    channels: Sequence[str],
    among: str,
) -> None:
    """Note the items of which a policy makes another target for one of the channels than before.

    `among` is SQL for the items i to look at. No cell is read but those of the items found: the
    targets that are kept are what the former policy makes of the truth that is known.
    """
    new = [channel for channel in compiled.terms.channels if channel.name in channels]
    old = [_as_it_was(channel, before[channel.name]) for channel in new]
    former = compiled.under(msgspec.structs.replace(compiled.terms, channels=tuple(old)))
    if former.has_many_rules():
        compiled.rules.register(connection)
    # Channels that follow the same policies are asked about once.
    sharing: dict[str, list[int]] = {}
    for was, is_now in zip(old, new, strict=True):
        pairs = (
            (former.policy_quantity(was), compiled.policy_quantity(is_now)),
            (former.policy_state(was), compiled.policy_state(is_now)),
        )
        differs = " OR ".join(f"{kept} IS NOT {made}" for kept, made in pairs if kept != made)
        if differs:
            sharing.setdefault(differs, []).append(compiled.ids[was.name])
    for differs, ids in sharing.items():
        listed = " OR ".join(
            f"EXISTS (SELECT 1 FROM cells c WHERE c.id = {cell(str(channel_id), 'i.id')})"
            for channel_id in ids
        )
        connection.execute(
            f"""INSERT OR IGNORE INTO moved (item_id) SELECT i.id FROM {among}
            WHERE ({differs}) AND ({listed})""",
            compiled.values,
        )


def _as_it_was(channel: ChannelTerms, before: Fingerprint) -> ChannelTerms:
    """The channel with what makes its targets as it was kept."""
    return msgspec.structs.replace(
        channel, policies=before.policies, states=before.states, hides=before.hides
    )
