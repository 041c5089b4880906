"""From a configuration to the terms of the comparison: authorities, policies, pools, directions.

The comparison itself is SQL in `store.polling.comparison`; the formula in words is
`sync.targets.policy`.
"""

from typing import TYPE_CHECKING

from store.model import Authority, ChannelTerms, Policy, Terms
from sync import channels, locations
from sync.targets import directions
from sync.targets.policy import OUT_STATES, hides

if TYPE_CHECKING:
    from store.polling.comparison import Comparison
    from sync.settings import ChannelSettings, Settings


def comparison(settings: "Settings") -> "Comparison":
    """The comparison that this configuration asks for."""
    # A console needs the terms at its start, and nothing that compares.
    from store.polling.comparison import Comparison

    return Comparison(terms(settings))


def terms(settings: "Settings") -> Terms:
    """What of the configuration decides what is compared."""
    narrower = tuple(
        Authority(
            rule.skus,
            rule.quantity or settings.authority_quantity,
            rule.state or settings.authority_state,
        )
        for rule in settings.authority_rules
    )
    everything = Authority("*", settings.authority_quantity, settings.authority_state)
    authorities = (*narrower, everything)
    maps = [channel.locations for channel in settings.channels.values()]
    pools = {pool.location: pool for location_map in maps for pool in locations.pools(location_map)}
    return Terms(
        authorities,
        tuple(_channel(channel, authorities) for channel in settings.channels.values()),
        bundles=settings.bundles,
        pools=tuple(pools.values()),
        unseen_after_ms=settings.events.unseen_after_ms,
    )


def _channel(settings: "ChannelSettings", authorities: tuple[Authority, ...]) -> ChannelTerms:
    can = channels.kind(settings.kind).abilities(settings.options)
    writes = directions.writes(settings)
    # Where a quantity is all that can be written, a target of 0 is the only way to take a listing
    # off sale. Its states are then hidden in the quantity, although the channel can show them.
    shown = can.states if "state" in writes or not writes else ()
    return ChannelTerms(
        name=settings.name,
        kind=settings.kind,
        direction=settings.direction,
        roles=_roles(settings.name, authorities),
        every_ms=settings.every_ms,
        stale_after_ms=settings.stale_after_ms,
        max_source_age_ms=settings.max_source_age_ms,
        lag_ms=settings.lag_ms,
        settle_reduce_ms=settings.settle_reduce_ms,
        settle_raise_ms=settings.settle_raise_ms,
        states=tuple(sorted(can.states)),
        writes=writes,
        report_missing=settings.report_missing,
        policies=policies(settings),
        hides=hides(shown),
        places=tuple(dict.fromkeys(map(locations.place_name, settings.locations.values()))),
        inflow=directions.inflow(settings),
    )


def _roles(name: str, authorities: tuple[Authority, ...]) -> tuple[str, ...]:
    """`quantity authority` and `state authority`, where the channel is one for any SKU."""
    roles = []
    if any(rule.quantity == name for rule in authorities):
        roles.append("quantity authority")
    if any(rule.state == name for rule in authorities):
        roles.append("state authority")
    return tuple(roles)


def policies(settings: "ChannelSettings") -> tuple[Policy, ...]:
    """The channel's policy per SKU pattern, first match first; the last is for all SKUs."""
    when_out = OUT_STATES[settings.when_out]
    narrower = tuple(
        Policy(
            skus=rule.skus,
            buffer=settings.buffer if rule.buffer is None else rule.buffer,
            share_ppm=settings.share_ppm if rule.share_ppm is None else rule.share_ppm,
            cap=settings.cap if rule.cap is None else rule.cap,
            sold=rule.sold is not False,
            state=rule.state,
            units=settings.units if rule.units is None else rule.units,
            made_of=settings.made_of if rule.made_of is None else rule.made_of,
            when_out=when_out,
        )
        for rule in settings.rules
    )
    everything = Policy(
        "*",
        settings.buffer,
        settings.share_ppm,
        settings.cap,
        units=settings.units,
        made_of=settings.made_of,
        when_out=when_out,
    )
    return (*narrower, everything)
