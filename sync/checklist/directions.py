"""Is one-way safer than two-way here? What is written, and who else writes. Pure."""

from collections.abc import Iterator

from store.checklist.values import ChannelBehaviour
from store.model import CorrectionStatus, Direction
from sync.checklist.case import DAYS, NOT_YET, Answer, ChecklistCase, count, listed
from sync.settings import ChannelSettings

QUESTION = "Is one-way safer than two-way here?"


def answer(case: ChecklistCase) -> Answer:
    """Say which way each channel's attributes flow; red where something else writes too."""
    every = case.settings.channels.values()
    two_way = [channel for channel in every if channel.direction is Direction.TWO_WAY]
    pushed = [channel.name for channel in every if channel.direction is Direction.PUSH]
    if two_way:
        text = "it is two-way, as configured: " + "; ".join(
            f"{channel.name} ({_flows(channel)})" for channel in two_way
        )
        text += f"; {', '.join(pushed)} one way" if pushed else ""
    elif pushed:
        text = f"yes, and it is one way: {', '.join(pushed)} written from the authority"
    else:
        text = "yes, and nothing is written: every channel is only observed"
    evidence = (
        *(_channel(case, *pair) for pair in case.channels()),
        *(() if case.measured else (NOT_YET,)),
    )
    return Answer(QUESTION, text, evidence, tuple(_wrong(case)))


def _channel(case: ChecklistCase, channel: ChannelSettings, known: ChannelBehaviour | None) -> str:
    name = channel.name
    can = " and ".join(case.writes(channel))
    means = {
        Direction.OBSERVE: "compared, never written",
        Direction.PUSH: f"{can} written from the authority",
        Direction.TWO_WAY: _flows(channel),
    }[channel.direction]
    text = f'channels.{name}.direction = "{channel.direction}": {means}'
    if known is None or channel.direction is Direction.OBSERVE:
        return text
    verified = known.ended.get(CorrectionStatus.VERIFIED, 0)
    fought = f", {listed(known.fought)}" if known.fought else ""
    return (
        f"{text}; {DAYS} {count(verified, 'update')} verified, {known.changed_back:,} of them "
        f"changed back by something else; {known.frozen:,} frozen{fought}"
    )


def _flows(channel: ChannelSettings) -> str:
    return ", ".join(f"{attribute} {way}" for attribute, way in channel.flows.items())


def _wrong(case: ChecklistCase) -> Iterator[str]:
    for channel, known in case.channels():
        if known is None:
            continue
        if channel.direction is Direction.TWO_WAY and known.fought:
            yield (
                f"{channel.name} is two-way, and both sides changed the same listings {DAYS}: "
                f"{listed(known.fought)}; let one side write"
            )
        elif channel.direction is Direction.PUSH and known.frozen:
            cells = count(known.frozen, "listing")
            yield (
                f"{cells} of {channel.name} {'is' if known.frozen == 1 else 'are'} frozen: "
                "something other than Skew writes there too; stop it, then unfreeze them"
            )
