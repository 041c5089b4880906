"""A changed configuration, taken up while the engine runs: what did not change is not disturbed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from store.channels import incidents
from store.errors import StoreError
from store.model import IncidentKind
from sync.engine.fleet import Fleet
from sync.engine.surroundings import PollSchedule
from sync.errors import ConfigError, ConfigErrors
from sync.polling.recovery import EngineContext
from sync.settings import ChannelSettings, Settings
from sync.targets import terms

LoadSettings = Callable[[], Settings]

END_S = 8.0
"""How long writes to a channel that is closed have to end."""


class ConfigurationChange(msgspec.Struct, frozen=True):
    """The channels that another configuration opens, closes, and opens again."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @classmethod
    def between(
        cls, old: Mapping[str, ChannelSettings], new: Mapping[str, ChannelSettings]
    ) -> "ConfigurationChange":
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
    schedule: PollSchedule,
    before: Settings,
    load: LoadSettings,
) -> Settings | None:
    """Have what runs work by another configuration, and answer it; None where it is wrong.

    Then an incident says what is wrong, and all goes on by `before`. Raises StoreError where the
    cache can't be written; this may be called again, then or with another configuration.
    """
    try:
        settings = await _load_checked(load, before)
        # By what runs, not by what was configured: the last time may have ended half way.
        runs = {name: running.settings for name, running in fleet.channels.items()}
        change = ConfigurationChange.between(runs, settings.channels)
        opened = await fleet.open_channels(settings, change.begun)
    except (ConfigError, ConfigErrors) as error:
        await _refuse(context, error)
        return None
    try:
        await _end_and_configure(context, fleet, schedule, change.ended, settings)
    except BaseException:
        await fleet.close_channels(opened.values())
        raise
    fleet.take_over(settings, opened)
    for name in change.begun:
        schedule.add(name, settings.channels[name].every_ms)
    context.log.info(
        "configuration reloaded",
        added=list(change.added), removed=list(change.removed), changed=list(change.changed),
    )  # fmt: skip
    return settings


async def _end_and_configure(
    context: EngineContext,
    fleet: Fleet,
    schedule: PollSchedule,
    ended: Sequence[str],
    settings: Settings,
) -> None:
    """Stop what ends, and bring the cache in line. Raises StoreError, with the terms of before."""
    for name in ended:
        schedule.remove(name)
    await fleet.end_channels(ended, END_S)
    before = context.comparison, context.ahead_ms
    # A poll of another channel that is merged after this line is compared by these terms, and the
    # cache's one writer brings everything in line with them before: no await in between.
    context.comparison = terms.comparison(settings)
    context.ahead_ms = settings.events.ahead_ms
    database, now = context.database, context.clock.now()
    try:
        await database.awrite(context.comparison.take_up, rates(settings), now=now)
    except StoreError:
        context.comparison, context.ahead_ms = before
        raise


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
