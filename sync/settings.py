"""What `skew.toml` means: frozen values that everything runs on, with every default filled in."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

from store.model import Component, Direction, Figure, Millis, State
from sync.conditions import Condition
from sync.secrets import SecretSource
from sync.times.quiet_hours import QuietHours
from sync.times.time_zones import TimeZone
from sync.units import PPM


class GuardSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a channel may change in one poll before the poll is quarantined.

    In parts per million of the known listings. Rule 8, docs/architecture.md.
    """

    max_zeroed_ppm: int = 100_000
    max_changed_ppm: int = 400_000
    max_shrunk_ppm: int = 100_000
    max_jumped_ppm: int = 50_000


class ChannelRule(msgspec.Struct, frozen=True, kw_only=True):
    """A narrower policy for the SKUs that match; None leaves the channel's own value."""

    skus: str
    buffer: int | None = None
    share_ppm: int | None = None
    cap: int | None = None
    sold: bool | None = None
    state: State | None = None
    units: int | None = None
    made_of: Figure | None = None


class DescriptionOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """Which ready-made description a channel uses (`use`), and where that comes from."""

    name: str
    title: str
    proof: Literal["proven", "cited", "own"]
    version: str | None = None
    """Of the server that it was proven on, or of the vendor's document."""
    date: str | None = None
    """When that was: `2026-11-30`."""
    path: Path | None = None
    """The user's own file; None: it comes with Skew."""
    hides_ours: bool = False
    """Whether the user's file is taken instead of one that comes with Skew."""
    notes: tuple[str, ...] = ()


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[channels.NAME.webhook]`: how the channel's webhooks are signed."""

    scheme: Literal["shopify", "woocommerce", "square", "bigcommerce", "standard", "hmac"]
    secret: SecretSource
    url: str | None = None
    """Square's: the address that it was told, which it signs too."""
    header: str | None = None
    """Where the signature is (`hmac`) or the secret (`bigcommerce`)."""
    encoding: Literal["hex", "base64"] = "hex"
    timestamp: str | None = None
    """The header with the seconds that are signed before the body, and a dot between (`hmac`)."""
    id: str | None = None
    """The header with the delivery's own name (`hmac`)."""


class ChannelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One `[channels.NAME]` table, with every default filled in."""

    name: str
    kind: str
    direction: Direction = Direction.OBSERVE
    every_ms: int = 60_000
    sweep_every_ms: int = 3_600_000
    """How long polls may ask only for what changed, where the kind can, until one reads all."""
    stale_after_ms: int = 180_000
    """Three times `every_ms` where the file says nothing."""
    max_source_age_ms: int | None = None
    lag_ms: int = 0
    timeout_ms: int = 30_000
    rate_per_s: float | None = None
    """None: the kind's own default."""
    rate_share_ppm: int = 500_000
    """How much of a limit that the vendor gives to all of a merchant's apps it takes."""
    credentials_expire_at: Millis | None = None
    """When its credentials end, as the file says; None: it does not."""
    read_back_within_ms: int = 10_000
    report_missing: bool = True
    writes_all: bool = False
    """It lists a SKU several times on purpose: each of these listings is to show the stock."""
    settle_reduce_ms: int = 0
    settle_raise_ms: int = 0
    buffer: int = 0
    share_ppm: int = PPM
    cap: int | None = None
    when_out: Literal["sold-out", "backorder", "preorder", "disable"] = "sold-out"
    units: int = 1
    """How many of the smallest pieces one unit of this channel holds."""
    made_of: Figure = Figure.AVAILABLE
    locations: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """Its own location → the authority's that it sells from, sorted; empty: the same names."""
    aliases: Mapping[str, str] = MappingProxyType({})
    """Its own SKU → ours, where they differ: the file `aliases`, as far as it could be used."""
    link: str | None = None
    """The address of a product's page there, with placeholders (`sync.channels.product_links`)."""
    flows: Mapping[str, Literal["in", "out"]] = MappingProxyType({})
    """Which way each attribute flows, where the direction is two-way."""
    rules: tuple[ChannelRule, ...] = ()
    guard: GuardSettings = GuardSettings()
    """`[guard]`, overlaid by the channel's own."""
    described_by: DescriptionOrigin | None = None
    """None: it is described in the configuration itself."""
    webhook: WebhookSettings | None = None
    """None: it takes none."""
    options: msgspec.Struct
    """The kind's own `OPTIONS`, decoded."""


class AuthorityRule(msgspec.Struct, frozen=True, kw_only=True):
    """Another authority for the SKUs that match; None leaves `[authority]`'s channel."""

    skus: str
    quantity: str | None = None
    state: str | None = None


class ApprovalRule(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that meets every condition of one rule is approved without a person."""

    channel: str | None = None
    skus: str | None = None
    only: Literal["reduce", "raise"] | None = None
    attribute: Literal["quantity", "state"] | None = None
    """Only corrections that change this, and nothing else."""
    max_units: int | None = None


class ApprovalWindow(msgspec.Struct, frozen=True, kw_only=True):
    """`[[approval.windows]]`: a time in which raises may be approved, or may not."""

    cron: str
    """When it begins: minute, hour, day of month, month, weekday."""
    timezone: TimeZone | None = None
    """None: UTC."""
    duration_ms: int
    effect: Literal["allow", "freeze"]
    reason: str


class WindowStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What the approval windows say at an instant."""

    held: bool
    """Raises and rules wait; else they go on, within an `allow`."""
    until: Millis | None
    """When that ends; None: never, as far as can be seen."""
    reason: str


class ApprovalSettings(msgspec.Struct, frozen=True, kw_only=True):
    mode: Literal["manual", "rules"] = "manual"
    hold_ms: int = 5_000
    expires_ms: int = 900_000
    second_person_above: int | None = None
    """Units; a correction that moves more needs two names."""
    ask_above: int = 20
    """Units; the console asks nothing before one reduction by so many or fewer."""
    ask_above_money: float | None = None
    """And by no more than this worth, where a price is known; None: whatever its worth."""
    people: tuple[str, ...] | None = None
    """Who may approve and accept; None: everybody."""
    rules: tuple[ApprovalRule, ...] = ()
    windows: tuple[ApprovalWindow, ...] = ()
    max_failed_ppm: int = 200_000
    """Where more of a channel's updates by rules than this ended badly within an hour, no rule
    approves there until a person has looked; nor where more of its listings disagree."""
    max_disagreeing_ppm: int = 500_000


class PushLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much may be written in one batch and in any hour; None is no limit."""

    max_skus: int | None = None
    max_units: int | None = None
    max_to_zero: int | None = None
    max_money: float | None = None
    """What the units are worth, where a price is known, in the channels' own currencies."""
    max_skus_per_hour: int | None = None
    max_units_per_hour: int | None = None
    max_to_zero_per_hour: int | None = None
    max_money_per_hour: float | None = None


class ServeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[serve]`: where the daemon answers over HTTP."""

    host: str
    """An IP address."""
    port: int
    webhooks: bool = False
    """Whether the channels' webhooks are taken there."""


class NotifySettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[[notify]]`: a place that is told of trouble."""

    name: str
    """Of where its URL is kept: `SKEW_CHAT`."""
    url: SecretSource
    on: tuple[Condition, ...]
    quiet: QuietHours | None = None


class EventSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[events]`."""

    unseen_after_ms: int = 3_600_000
    """Longer than this unseen by the authority, an event is an incident."""
    ahead_ms: int = 300_000
    """How far ahead of our clock an event's time may be: clocks differ."""


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[console]`: how the console opens on this configuration, whoever opens it."""

    banner: str | None = None
    """Stands at the left of the header, at every size; None: nothing does."""
    banner_tone: Literal["red", "yellow", "green", "blue", "grey"] = "red"
    read_only: bool = False
    """No console on it decides anything, whatever the command line says."""
    views: Path | None = None
    """The file with the team's views; None: `views.toml` beside the configuration, if there."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration that has passed every check."""

    path: Path
    """The file that it came from; relative paths in it are relative to its folder."""
    database: Path
    authority_quantity: str
    authority_state: str
    authority_rules: tuple[AuthorityRule, ...] = ()
    channels: Mapping[str, ChannelSettings]
    """By name, in the order of the file."""
    approval: ApprovalSettings = ApprovalSettings()
    push: PushLimits = PushLimits()
    events: EventSettings = EventSettings()
    history_keep_ms: int = 90 * 86_400_000
    notify: tuple[NotifySettings, ...] = ()
    serve: ServeSettings | None = None
    """None: it does not listen."""
    console: ConsoleSettings = ConsoleSettings()
    web_url: str | None = None
    """Where people open the console in a browser; None: nobody said."""
    bundles: tuple[Component, ...] = ()
    """What is sold as a bundle of what, flattened: the file `catalogue.bundles`."""
    warnings: tuple[str, ...] = ()
    """Doubtful settings, and skipped lines of its files: for stderr, by every command."""
    content: bytes = b""
    """The file as it was read; empty where it came from none, or names a catalogue's files too."""

    @property
    def compared(self) -> tuple[str, ...]:
        """The channels that have targets: all but the authority for quantities."""
        return tuple(
            name
            for name, channel in self.channels.items()
            if name != self.authority_quantity or channel.direction is not Direction.OBSERVE
        )
