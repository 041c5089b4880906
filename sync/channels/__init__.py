"""The registry of kinds of channel.

A kind is one package here and one line in `KINDS`; or a module of another package, which meets
`KindModule` (`sync/channels/plugins.py`). Of ours `kind.py` says what can be configured and what it
can do, and `channel.py` does it. Each is imported when it is first asked for, so that a command
pays only for what it uses: most read the configuration, and few open a channel.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from sync.channels import plugins
from sync.clock import Clock
from sync.units import PPM

if TYPE_CHECKING:
    from sync.channels.abilities import Abilities
    from sync.channels.base import Channel
    from sync.settings import ChannelSettings
    from sync.transport.rate_limit import RateLimitMeter
    from sync.transport.transport import Transport

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "adobe-commerce": "sync.channels.adobe_commerce.kind",
        "amazon": "sync.channels.amazon.kind",
        "bigcommerce": "sync.channels.bigcommerce.kind",
        "csv": "sync.channels.csv.kind",
        "ebay": "sync.channels.ebay.kind",
        "erpnext": "sync.channels.erpnext.kind",
        "http": "sync.channels.http.kind",
        "medusa": "sync.channels.medusa.kind",
        "odoo": "sync.channels.odoo.kind",
        "shopify": "sync.channels.shopify.kind",
        "simulated": "sync.channels.simulated.kind",
        "sql": "sync.channels.sql.kind",
        "square": "sync.channels.square.kind",
        "tryton": "sync.channels.tryton.kind",
        "vendure": "sync.channels.vendure.kind",
        "woocommerce": "sync.channels.woocommerce.kind",
    }
)

GENERAL = frozenset({"csv", "http", "sql", "simulated"})
"""The kinds that are not made for one system: what they read is described."""


class KindModule(Protocol):
    """What the module of a kind offers."""

    OPTIONS: type[Any]
    """A frozen msgspec Struct of the keys that only this kind has; where it has a `url`, that is
    the origin that the channel's transport never leaves."""

    ABILITIES: "Abilities"
    """The most that the kind can do, however it is configured: a row of `skew channels`."""

    def abilities(self, options: Any) -> "Abilities":  # noqa: ANN401  # Each kind has its own.
        """Say what a channel with these options can do, without opening it."""
        ...

    def open_channel(
        self,
        name: str,
        options: Any,  # noqa: ANN401
        transport: "Transport",
        clock: Clock,
        base: Path,
    ) -> "Channel":
        """Make the channel ready; nothing is sent. It owns the transport and closes it.

        Raises ConfigError where a secret is missing or a setting cannot work.
        """
        ...


def names() -> tuple[str, ...]:
    """The names of all kinds: ours, then those of other packages, also where they are broken."""
    return (*KINDS, *(name for name in plugins.found() if name not in KINDS))


def kind(name: str) -> KindModule:
    """Load the module of a kind.

    Raises KeyError for a name that no kind has, and BrokenPlugin for one of another package that
    cannot be used, or that takes the name of one of ours.
    """
    plugin = plugins.found().get(name)
    if plugin is not None:
        return cast("KindModule", plugin.module(KINDS))
    return _ours(name)


def _ours(name: str) -> KindModule:
    return cast("KindModule", _OurKind(KINDS[name]))


class _OurKind:
    """One of our own as a `KindModule`: its `kind.py`, and `channel.py` beside it if need be."""

    def __init__(self, module: str) -> None:
        self._module = importlib.import_module(module)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the kind has.
        if name == "open_channel" and not hasattr(self._module, name):
            package = self._module.__name__.rpartition(".")[0]
            return importlib.import_module(f"{package}.channel").open_channel
        return getattr(self._module, name)


class ListedKind(NamedTuple):
    """One kind, or what keeps one of another package from being used."""

    name: str
    package: str = ""
    """Name and version of the package that brings it along; empty for one of ours."""
    abilities: "Abilities | None" = None
    wrong: str = ""


def listed() -> list[ListedKind]:
    """Every kind with the most that it can do: for `skew channels`."""
    kinds = [ListedKind(name, abilities=_ours(name).ABILITIES) for name in KINDS]
    for name, plugin in plugins.found().items():
        try:
            module = plugin.module(KINDS)
        except plugins.BrokenPlugin as error:
            kinds.append(ListedKind(name, plugin.package, wrong=str(error)))
        else:
            kinds.append(ListedKind(name, plugin.package, module.ABILITIES))
    return kinds


def package_of(name: str) -> str:
    """Name and version of the package that brings a kind along; empty for one of ours."""
    plugin = plugins.found().get(name)
    return plugin.package if plugin is not None and name not in KINDS else ""


def open_channel(
    settings: "ChannelSettings", clock: Clock, base: Path, meter: "RateLimitMeter | None" = None
) -> "Channel":
    """Open a configured channel, in our names, with a transport of its own.

    `base` is the settings' folder; `meter` notes what its answers say of its rate limit.
    """
    from sync.channels.struck import StruckChannel
    from sync.channels.translation import translated
    from sync.channels.twins import write_all
    from sync.transport.transport import Limits, Transport

    limits = Limits(
        timeout_ms=settings.timeout_ms,
        rate_per_s=settings.rate_per_s,
        rate_share=settings.rate_share_ppm / PPM,
    )
    written = getattr(settings.options, "url", "")
    url = written if isinstance(written, str) else ""
    transport = Transport(settings.name, url, clock=clock, limits=limits, meter=meter)
    module = kind(settings.kind)
    opened = module.open_channel(settings.name, settings.options, transport, clock, base)
    # Its redactor knows each credential that was sent, and those of files and databases.
    clean = StruckChannel(opened, transport.redactor.struck)
    return write_all(translated(clean, settings), settings)
