"""A changed configuration, taken up while the engine runs: what did not change is not disturbed."""

import asyncio
from collections.abc import Callable

import msgspec

from store.channels import incidents
from store.model import IncidentKind
from sync.errors import ConfigError, ConfigErrors
from sync.polling.recovery import EngineContext
from sync.settings import Settings

LoadSettings = Callable[[], Settings]


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


async def load_checked(load: LoadSettings, now: Settings) -> Settings:
    """Load the configuration on a thread; refuse what a running engine can't take up.

    Raises ConfigError, ConfigErrors.
    """
    settings = await asyncio.to_thread(load)
    if settings.database != now.database:
        raise ConfigError(
            f"[skew] database is {settings.database} now, and this engine works on {now.database}",
            "restart it",
        )
    return settings


async def refuse(context: EngineContext, error: ConfigError | ConfigErrors) -> None:
    """Say that the configuration is wrong, and that the engine goes on with the one before."""
    words = f"not reloaded, the configuration from before stays in force: {error}"
    await context.database.awrite(
        incidents.raise_incident, None, IncidentKind.CONFIGURATION, words,
        now=context.clock.now(),
    )  # fmt: skip
    context.log.warning("configuration not reloaded", error=str(error))


async def accept(context: EngineContext, change: ConfigurationChange) -> None:
    """Say that another configuration is in force, and what it moved."""
    await context.database.awrite(
        incidents.resolve, None, IncidentKind.CONFIGURATION, now=context.clock.now()
    )
    context.log.info(
        "configuration reloaded",
        added=list(change.added), removed=list(change.removed), changed=list(change.changed),
    )  # fmt: skip
