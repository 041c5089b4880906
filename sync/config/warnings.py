"""What a configuration allows but hardly means: warnings, for stderr. Pure."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from store.model import Direction, Figure
from sync import channels
from sync.config.decoding import secrets_of
from sync.settings import ChannelSettings, Settings
from sync.targets import directions


def of(settings: Settings) -> Iterator[str]:
    """Warn of what is allowed but hardly meant, one sentence each, by its dotted key."""
    for name, channel in settings.channels.items():
        key = f"channels.{name}"
        if channel.stale_after_ms < channel.every_ms:
            yield f"{key}.stale_after: shorter than `every`: the channel is stale between polls"
        if _sent_in_the_clear(channel):
            yield f"{key}.url: http:// sends its credential unencrypted: write https://"
        if channel.direction is Direction.PUSH and _is_never_written(settings, name):
            yield f"{key}.direction: this is the authority for everything: nothing is ever pushed"
        if channel.when_out != "sold-out" and settings.authority_state == name:
            yield f"{key}.when_out: this is the authority for states: its own are never set"
        yield from _lacking_figures(settings, channel, key)
    yield from _serving(settings)
    if settings.approval.mode == "rules" and not settings.approval.rules:
        yield 'approval.mode: "rules" without [[approval.rules]] approves nothing'


def _serving(settings: Settings) -> Iterator[str]:
    taken = settings.serve is not None and settings.serve.webhooks
    for name, channel in settings.channels.items():
        if channel.webhook is not None and not taken:
            yield f"channels.{name}.webhook: is not taken: add webhooks = true to [serve]"
    if taken and not any(channel.webhook for channel in settings.channels.values()):
        yield "serve.webhooks: no channel takes any: add [channels.NAME.webhook]"
    if settings.serve and not ipaddress.ip_address(settings.serve.host).is_loopback:
        yield (
            f"serve.listen: whoever reaches {settings.serve.host} can read the metrics: listen at "
            "127.0.0.1, or let only Prometheus in"
        )


def _sent_in_the_clear(channel: ChannelSettings) -> bool:
    """Whether a credential goes over plain HTTP to another machine."""
    url = str(getattr(channel.options, "url", ""))
    if not url.lower().startswith("http:") or not any(secrets_of(channel.options, "")):
        return False
    host = urlsplit(url).hostname or ""
    # Loopback never leaves the machine, so the demo and a development shop may use plain HTTP.
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _lacking_figures(settings: Settings, channel: ChannelSettings, key: str) -> Iterator[str]:
    """Warn of a target that is made of a figure that the authority does not report."""
    source = settings.channels[settings.authority_quantity]
    reads = channels.kind(source.kind).abilities(source.options).reads
    asked = {channel.made_of, *(rule.made_of for rule in channel.rules)}
    needed = {Figure.ON_HAND: "on_hand", Figure.AVAILABLE_AND_INCOMING: "incoming"}
    for figure, name in needed.items():
        if figure in asked and name not in reads:
            yield f"{key}.made_of: {source.name} does not report {name}: available is used instead"


def _is_never_written(settings: Settings, name: str) -> bool:
    """Whether it is the authority for everything, and nothing flows in to it from another."""
    ruled = {rule.quantity for rule in settings.authority_rules}
    ruled |= {rule.state for rule in settings.authority_rules}
    alone = {settings.authority_quantity, settings.authority_state} == {name}
    return (
        alone
        and ruled <= {name, None}
        and not any(map(directions.inflow, settings.channels.values()))
    )
