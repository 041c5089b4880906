"""Which way an attribute flows between two channels, and what contradicts itself in it. Pure.

Two-way needs a contract: `flows = { quantity = "in", state = "out" }` means that the channel's
quantities are written to the authority, and the authority's states to the channel. Rule 2,
docs/architecture.md.
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
    """Name the attributes that flow in from the channel."""
    return tuple(attribute for attribute in ATTRIBUTES if channel.flows.get(attribute) == "in")


def writes(channel: ChannelSettings) -> tuple[str, ...]:
    """Name the attributes that may be written to the channel, as its kind and direction allow."""
    can = channels.kind(channel.kind).abilities(channel.options).writes
    if channel.direction is Direction.TWO_WAY:
        return tuple(attribute for attribute in can if channel.flows.get(attribute) == "out")
    return can if channel.direction is Direction.PUSH else ()


def wrong_in(channel: ChannelSettings) -> Iterator[Wrong]:
    """Find what can't be in one channel's direction, flows and locations."""
    key = f"channels.{channel.name}"
    abilities = channels.kind(channel.kind).abilities(channel.options)
    if channel.direction is not Direction.TWO_WAY and channel.flows:
        yield f"{key}.flows", 'is only for direction = "two-way": write that, or remove the key'
        return
    if channel.direction is Direction.TWO_WAY and not channel.flows:
        yield (
            f"{key}.flows",
            (
                "two-way needs a direction for each attribute: "
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
                f"{owns} of `locations` are summed, so a correction has no place to go: "
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
                f'channel {sources[0]} already has "in": only one channel can be the source',
            )
        for name in authorities[attribute]:
            if name in known:
                yield from _wrong_at_authority(known[name], attribute, sources)
    for name in authorities["quantity"]:
        if name in known and known[name].writes_all:
            yield (
                f"channels.{name}.duplicates",
                (
                    "this is the authority for the quantity: of two numbers of a SKU nobody could "
                    "say which is the truth. Remove it here"
                ),
            )


def _wrong_at_authority(
    authority: ChannelSettings, attribute: str, sources: Sequence[str]
) -> Iterator[Wrong]:
    """Find what keeps the authority from being written: what flows in is written to it."""
    key = f"channels.{authority.name}"
    if authority.name in sources:
        yield (
            f"{key}.flows.{attribute}",
            f"this is already the authority for the {attribute}, and {BOTH_WAYS}: remove it here",
        )
        return
    if not sources:
        if authority.flows.get(attribute) == "out":
            yield (
                f"{key}.flows.{attribute}",
                (
                    f"this is the authority for the {attribute}, which flows from here to the "
                    f"others, and {BOTH_WAYS}: remove it here"
                ),
            )
        return
    source = f"channels.{sources[0]}.flows.{attribute}"
    if attribute not in writes(authority):
        yield (
            source,
            (
                f'"in" writes the {attribute} to its authority, {authority.name}, which can\'t be '
                'written: use a kind that can be, with direction = "push", or "two-way" and '
                f'flows.{attribute} = "out"'
            ),
        )


def _not_the_whole(channel: ChannelSettings, attribute: str) -> Iterator[Wrong]:
    """Find the keys that would make what flows in a part of the channel's quantity."""
    # A buffer or a share on the way out of the source would publish a part of the stock as if it
    # were all of it. Every other channel would then be corrected down to that part.
    narrowed = {
        "buffer": attribute == "quantity" and channel.buffer != 0,
        "share": attribute == "quantity" and channel.share_ppm != PPM,
        "duplicates": attribute == "quantity" and channel.writes_all,
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
        f'flows.{attribute} = "in" takes the whole {attribute} from this channel, and this key '
        "would leave a part of it: remove it"
    )
