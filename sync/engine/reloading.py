"""A changed configuration, taken up while the engine runs: what did not change is not disturbed."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from store.channels import incidents, polls
from store.model import IncidentKind
from sync.engine.fleet import Fleet
from sync.errors import ConfigError, ConfigErrors
from sync.polling.recovery import EngineContext
from sync.settings import Settings
from sync.targets import terms

if TYPE_CHECKING:
    from sync.engine.schedule import Schedule

LoadSettings = Callable[[], Settings]

END_S = 8.0
"""How long writes to a channel that is closed have to end."""


class ConfigurationChange(msgspec.Struct, frozen=True):
    """The channels that another configuration opens, closes, and opens again."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @classmethod
    def between(cls, before: Settings, after: Settings) -> "ConfigurationChange":
        old, new = before.channels, after.channels
        return cls(
            added=tuple(name for name in new if name not in old),
            removed=tuple(name for name in old if name not in new),
            changed=tuple(name for name in new if name in old and new[name] != old[name]),
        )

    @property
    def ended(self) -> tuple[str, ...]:
        """Those that are closed."""
        return (*self.removed, *self.changed)

    @property
    def begun(self) -> tuple[str, ...]:
        """Those that are opened."""
        return (*self.added, *self.changed)


async def take_up(
    context: EngineContext,
    fleet: Fleet,
    schedule: "Schedule",
    before: Settings,
    load: LoadSettings,
) -> Settings | None:
    """Have what runs work by another configuration, and answer it; None where it is wrong.

    Then an incident says what is wrong, and all goes on by `before`.
    """
    try:
        settings = await _load_checked(load, before)
        change = ConfigurationChange.between(before, settings)
        opened = await fleet.open_channels(settings, change.begun)
    except (ConfigError, ConfigErrors) as error:
        await _refuse(context, error)
        return None
    for name in change.ended:
        schedule.remove(name)
    await fleet.end_channels(change.ended, END_S)
    # A poll of another channel that is merged after this line is compared by these terms, and the
    # cache's one writer brings everything in line with them before: no await in between.
    context.comparison = terms.comparison(settings)
    context.ahead_ms = settings.events.ahead_ms
    await context.database.awrite(context.comparison.configure, now=context.clock.now())
    await context.database.awrite(polls.set_rates, rates(settings))
    fleet.take_over(settings, opened)
    for name in change.begun:
        schedule.add(name, settings.channels[name].every_ms)
    await context.database.awrite(
        incidents.resolve, None, IncidentKind.CONFIGURATION, now=context.clock.now()
    )
    context.log.info(
        "configuration reloaded",
        added=list(change.added), removed=list(change.removed), changed=list(change.changed),
    )  # fmt: skip
    return settings


def rates(settings: Settings) -> dict[str, float | None]:
    """How many requests a second each channel is sent at most, as configured."""
    return {name: channel.rate_per_s for name, channel in settings.channels.items()}


async def _load_checked(load: LoadSettings, now: Settings) -> Settings:
    """Load it on a thread; refuse what a running engine can't take up."""
    settings = await asyncio.to_thread(load)
    if settings.database != now.database:
        raise ConfigError(
            f"[skew] database is {settings.database} now, and this engine works on {now.database}",
            "restart it",
        )
    return settings


async def _refuse(context: EngineContext, error: ConfigError | ConfigErrors) -> None:
    words = f"not reloaded, the configuration from before stays in force: {error}"
    await context.database.awrite(
        incidents.raise_incident, None, IncidentKind.CONFIGURATION, words,
        now=context.clock.now(),
    )  # fmt: skip
    context.log.warning("configuration not reloaded", error=str(error))
