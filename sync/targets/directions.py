"""Which way an attribute flows between two channels, and what of it contradicts itself (rule 2).

Two-way needs a contract: `flows = { quantity = "in", state = "out" }` says that the channel's
quantities are taken to the authority, and the authority's states written to the channel. Called
by `sync.config.decoding` and `sync.config.build`. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence

from store.model import Direction, Figure
from sync import channels, locations
from sync.settings import ChannelSettings
from sync.units import PPM

ATTRIBUTES = ("quantity", "state")
BOTH_WAYS = "the same attribute can't flow both ways"

Wrong = tuple[str, str]
"""A dotted key, and what is wrong with it."""


def inflow(channel: ChannelSettings) -> tuple[str, ...]:
    """Name the attributes whose word flows in from the channel."""
    return tuple(attribute for attribute in ATTRIBUTES if channel.flows.get(attribute) == "in")


def writes(channel: ChannelSettings) -> tuple[str, ...]:
    """Name the attributes that may be written to the channel, as its kind and direction allow."""
    can = channels.kind(channel.kind).abilities(channel.options).writes
    if channel.direction is Direction.TWO_WAY:
        return tuple(attribute for attribute in can if channel.flows.get(attribute) == "out")
    return can if channel.direction is Direction.PUSH else ()


def wrong_in(channel: ChannelSettings) -> Iterator[Wrong]:
    """Find what of one channel's direction, flows and locations cannot be."""
    key = f"channels.{channel.name}"
    abilities = channels.kind(channel.kind).abilities(channel.options)
    if channel.direction is not Direction.TWO_WAY and channel.flows:
        yield f"{key}.flows", 'is only for direction = "two-way": write that, or remove the key'
        return
    if channel.direction is Direction.TWO_WAY and not channel.flows:
        yield (
            f"{key}.flows",
            (
                "two-way must say which way each attribute flows: "
                'add `flows = { quantity = "in", state = "out" }`'
            ),
        )
    for attribute in ATTRIBUTES:
        flow = channel.flows.get(attribute)
        if flow == "out" and attribute not in abilities.writes:
            yield f"{key}.flows.{attribute}", f'"out" needs a way to write the {attribute}'
        if flow == "in":
            yield from _not_the_whole(channel, attribute)
    if "state" in inflow(channel) and not abilities.states:
        yield f"{key}.flows.state", '"in" needs states, and this channel has none'
    shared = locations.summed(channel.locations)
    if shared and writes(channel):
        owns = " and ".join(f'"{own}"' for own in next(iter(shared.values())))
        yield (
            f"{key}.direction",
            (
                f"{owns} of `locations` are summed, and a correction could go to any of them: "
                'write direction = "observe"'
            ),
        )


def wrong_between(
    known: Mapping[str, ChannelSettings], authorities: Mapping[str, Sequence[str]]
) -> Iterator[Wrong]:
    """Find what contradicts itself between channels. `authorities`: attribute → the channels.

    Only what is in `known` is looked at: the others have errors of their own.
    """
    for attribute in ATTRIBUTES:
        sources = [name for name, channel in known.items() if attribute in inflow(channel)]
        for name in sources[1:]:
            yield (
                f"channels.{name}.flows.{attribute}",
                f'channel {sources[0]} has "in" already: only one channel can be taken at its word',
            )
        for name in authorities[attribute]:
            if name in known:
                yield from _wrong_at_authority(known[name], attribute, sources)


def _wrong_at_authority(
    authority: ChannelSettings, attribute: str, sources: Sequence[str]
) -> Iterator[Wrong]:
    """What flows in is written to the authority, so that it must be writable, and that one way."""
    key = f"channels.{authority.name}"
    if authority.name in sources:
        yield (
            f"{key}.flows.{attribute}",
            f"it is the authority for the {attribute} already, and {BOTH_WAYS}: remove it here",
        )
        return
    if not sources:
        if authority.flows.get(attribute) == "out":
            yield (
                f"{key}.flows.{attribute}",
                (
                    f"it is the authority for the {attribute}, which flows from it to the others, "
                    f"and {BOTH_WAYS}: remove it here"
                ),
            )
        return
    source = f"channels.{sources[0]}.flows.{attribute}"
    if attribute not in writes(authority):
        yield (
            source,
            (
                f'"in" writes the {attribute} to its authority, {authority.name}, which cannot be '
                f'written: its kind must be able to, and its direction be "push", or "two-way" '
                f'with flows.{attribute} = "out"'
            ),
        )


def _not_the_whole(channel: ChannelSettings, attribute: str) -> Iterator[Wrong]:
    """A part cannot be the truth of the whole: nothing may stand between the two words."""
    narrowed = {
        "buffer": attribute == "quantity" and channel.buffer != 0,
        "share": attribute == "quantity" and channel.share_ppm != PPM,
        "cap": attribute == "quantity" and channel.cap is not None,
        "made_of": attribute == "quantity" and channel.made_of is not Figure.AVAILABLE,
        "when_out": attribute == "state" and channel.when_out != "sold-out",
        "locations": any(len(members) > 1 for members in channel.locations.values()),
    }
    for name, is_narrowed in narrowed.items():
        if is_narrowed:
            yield f"channels.{channel.name}.{name}", _partial(attribute)
    for number, rule in enumerate(channel.rules):
        narrowing: tuple[object, ...] = (rule.sold, rule.state)
        if attribute == "quantity":
            narrowing = (*narrowing, rule.buffer, rule.share_ppm, rule.cap, rule.made_of)
        if any(value is not None for value in narrowing):
            yield f"channels.{channel.name}.rules[{number}]", _partial(attribute)


def _partial(attribute: str) -> str:
    return (
        f'flows.{attribute} = "in" takes the {attribute} from here, and what this makes of it '
        "can't be the truth of the whole: remove it"
    )
