"""What every question is answered from, and how an answer looks. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from store.checklist.values import ChannelBehaviour, Measured, Spans
from store.model import Direction
from sync.channels.abilities import Abilities
from sync.settings import ChannelSettings, Settings

NOT_YET = "nothing measured yet"
DAYS = "in the last 7 days"

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS


class Answer(NamedTuple):
    """One question of the checklist, answered."""

    question: str
    answer: str
    evidence: tuple[str, ...]
    wrong: tuple[str, ...] = ()
    """What of the behaviour contradicts the settings, a sentence each; empty where nothing does."""

    @property
    def ok(self) -> bool:
        return not self.wrong


@dataclass(frozen=True, slots=True)
class ChecklistCase:
    """What the questions are answered from: settings, abilities and, if known, behaviour."""

    settings: Settings
    abilities: Mapping[str, Abilities]
    measured: Measured | None

    def behaviour(self, name: str) -> ChannelBehaviour | None:
        """How the channel behaved; None where the cache does not know it."""
        channels = self.measured.channels if self.measured else ()
        return next((channel for channel in channels if channel.name == name), None)

    def channels(self) -> Iterator[tuple[ChannelSettings, ChannelBehaviour | None]]:
        """Every configured channel with its behaviour, in the order of the file."""
        return (
            (channel, self.behaviour(channel.name)) for channel in self.settings.channels.values()
        )

    def authorities(self, attribute: str) -> tuple[str, ...]:
        """The channels that are the authority for the attribute of any SKU, each once."""
        settings = self.settings
        if attribute == "quantity":
            named = [
                settings.authority_quantity,
                *(rule.quantity for rule in settings.authority_rules),
            ]
        else:
            named = [settings.authority_state, *(rule.state for rule in settings.authority_rules)]
        return tuple(dict.fromkeys(name for name in named if name))

    def writes(self, channel: ChannelSettings) -> tuple[str, ...]:
        """The attributes that may be written to the channel, as its kind and direction allow."""
        can = self.abilities[channel.name].writes
        if channel.direction is Direction.TWO_WAY:
            return tuple(attribute for attribute in can if channel.flows.get(attribute) == "out")
        return can if channel.direction is Direction.PUSH else ()

    def sellers(self) -> tuple[ChannelSettings, ...]:
        """The channels whose quantities are written from the authority."""
        every = self.settings.channels.values()
        authority = self.settings.authority_quantity
        return tuple(
            channel
            for channel in every
            if "quantity" in self.writes(channel) and channel.name != authority
        )


def span(span_ms: int) -> str:
    """Write a measured span in one unit: `0.4 s`, `40 s`, `4.5 min`, `3 h`, `2 d`."""
    for unit_ms, name in ((_DAY_MS, "d"), (_HOUR_MS, "h"), (_MINUTE_MS, "min")):
        if span_ms >= unit_ms:
            return f"{_short(span_ms / unit_ms)} {name}"
    return f"{_short(span_ms / 1000)} s"


def delay_text(spans: Spans, noun: str) -> str:
    """Write percentiles in words: `typical delay 1.3 s, 95 % within 5 s (70 events)`."""
    typical, most = span(spans.p50_ms), span(spans.p95_ms)
    return f"typical delay {typical}, 95 % within {most} ({count(spans.count, noun)})"


def count(number: int, noun: str, many: str | None = None) -> str:
    """Count things in words: `1 SKU`, `1,200 SKUs`."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def listed(counts: Mapping[str, int]) -> str:
    """Write counts by name, the most first: `ordered 100, cancelled 20`."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in ordered if number)


def _short(number: float) -> str:
    """At most one decimal, and none where it would be a zero or the number is not small."""
    small = 10
    return f"{number:.1f}".removesuffix(".0") if number < small else f"{number:.0f}"
