"""The shape of `skew.toml`, every key and its default, table by table.

A kind of channel has keys of its own beside `ChannelTable`'s: its `OPTIONS`.
"""

from typing import Annotated, Literal

import msgspec

from store.model import QUANTITY_MAX, Figure, State
from sync import sku_patterns
from sync.channels import product_links
from sync.channels.api import addresses
from sync.conditions import Condition
from sync.locations import LocationMap
from sync.secrets import SecretSource
from sync.times.quiet_hours import QuietHours
from sync.times.time_zones import TimeZone, zone_of
from sync.units import PPM, Day, Duration, Flow, ListenAddress, Period, Portion

Units = Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)]
Money = Annotated[float, msgspec.Meta(ge=0)]
Pieces = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
FilePath = Annotated[str, msgspec.Meta(min_length=1)]
Pattern = Annotated[str, msgspec.Meta(min_length=1)]
Name = Annotated[str, msgspec.Meta(min_length=1)]


class SkewTable(msgspec.Struct, kw_only=True):
    """`[skew]`."""

    database: FilePath | None = None


class AuthorityRuleTable(msgspec.Struct, kw_only=True):
    """`[[authority.rules]]`."""

    skus: Pattern
    quantity: Name | None = None
    state: Name | None = None

    def __post_init__(self) -> None:
        sku_patterns.check(self.skus)
        if self.quantity is None and self.state is None:
            raise ValueError("changes nothing: add `quantity` or `state`, a channel's name")


class AuthorityTable(msgspec.Struct, kw_only=True):
    """`[authority]`."""

    quantity: Name
    state: Name | None = None
    rules: list[AuthorityRuleTable] = []


class GuardTable(msgspec.Struct, kw_only=True):
    """`[guard]`, and a channel's own over it."""

    max_zeroed: Portion | None = None
    max_changed: Portion | None = None
    max_shrunk: Portion | None = None
    max_jumped: Portion | None = None


class SettleTable(msgspec.Struct, kw_only=True):
    """`[channels.NAME.settle]`: how long a difference may last before it counts."""

    reduce: Duration = Duration(0)
    raise_: Duration = msgspec.field(default=Duration(0), name="raise")


class ChannelRuleTable(msgspec.Struct, kw_only=True):
    """`[[channels.NAME.rules]]`."""

    skus: Pattern
    buffer: Units | None = None
    share: Portion | None = None
    cap: Units | None = None
    units: Pieces | None = None
    made_of: Figure | None = None
    sold: bool | None = None
    state: State | None = None

    def __post_init__(self) -> None:
        sku_patterns.check(self.skus)
        changes = [name for name in self.__struct_fields__ if name != "skus"]
        if all(getattr(self, name) is None for name in changes):
            raise ValueError(f"changes nothing: add {', '.join(changes[:-1])} or {changes[-1]}")


class FlowsTable(msgspec.Struct, kw_only=True):
    """Which way each attribute flows, where the direction is two-way."""

    quantity: Flow | None = None
    state: Flow | None = None


class WebhookTable(msgspec.Struct, kw_only=True):
    """`[channels.NAME.webhook]`."""

    scheme: Literal["shopify", "woocommerce", "square", "bigcommerce", "standard", "hmac"]
    secret: SecretSource
    url: Name | None = None
    header: Name | None = None
    encoding: Literal["hex", "base64"] = "hex"
    timestamp: Name | None = None
    id: Name | None = None

    def __post_init__(self) -> None:
        if self.scheme == "square" and self.url is None:
            raise ValueError("Square signs its address too: add `url`, as you gave it there")
        allowed: dict[str, tuple[str, ...]] = {
            "square": ("url",), "bigcommerce": ("header",), "hmac": ("header", "timestamp", "id"),
        }  # fmt: skip
        for key in ("url", "header", "timestamp", "id"):
            if getattr(self, key) is not None and key not in allowed.get(self.scheme, ()):
                raise ValueError(f'`{key}` does not go with scheme "{self.scheme}": remove it')


class ChannelTable(msgspec.Struct, kw_only=True):
    """`[channels.NAME]`: the keys that every kind has."""

    kind: str
    use: Name | None = None
    """A ready-made description, whose keys lie under the channel's own."""
    direction: Literal["observe", "push", "two-way"] = "observe"
    flows: FlowsTable = msgspec.field(default_factory=FlowsTable)
    every: Period = Period(60_000)
    sweep_every: Period | None = None
    """Only for kinds that can list what changed."""
    stale_after: Period | None = None
    max_source_age: Period | None = None
    lag: Duration = Duration(0)
    timeout: Period = Period(30_000)
    rate: Annotated[float, msgspec.Meta(gt=0, le=100_000)] | None = None
    rate_share: Portion = Portion(PPM // 2)
    credentials_expire: Day | None = None
    read_back_within: Period | None = None
    missing: Literal["report", "ignore"] = "report"
    duplicates: Literal["report", "write-all"] = "report"
    settle: SettleTable = msgspec.field(default_factory=SettleTable)
    buffer: Units = 0
    share: Portion = Portion(PPM)
    cap: Units | None = None
    units: Pieces = 1
    made_of: Figure = Figure.AVAILABLE
    when_out: Literal["sold-out", "backorder", "preorder", "disable"] = "sold-out"
    locations: LocationMap | None = None
    aliases: FilePath | None = None
    link: Name | None = None
    rules: list[ChannelRuleTable] = []
    webhook: WebhookTable | None = None
    guard: GuardTable = msgspec.field(default_factory=GuardTable)

    def __post_init__(self) -> None:
        if self.rate_share == 0:
            raise ValueError(
                'rate_share must be above 0%, or nothing could be asked; write "10%", or '
                "pause the channel"
            )
        if self.link is not None:
            product_links.check(self.link)


class ApprovalRuleTable(msgspec.Struct, kw_only=True):
    """`[[approval.rules]]`."""

    channel: Name | None = None
    skus: Pattern | None = None
    only: Literal["reduce", "raise"] | None = None
    attribute: Literal["quantity", "state"] | None = None
    max_units: Units | None = None

    def __post_init__(self) -> None:
        sku_patterns.check(self.skus or "")


class ApprovalWindowTable(msgspec.Struct, kw_only=True):
    """`[[approval.windows]]`."""

    cron: Name
    timezone: TimeZone | None = None
    duration: Period
    effect: Literal["allow", "freeze"]
    reason: Name

    def __post_init__(self) -> None:
        from sync.corrections.cron import trigger_of

        try:
            trigger_of(self.cron, zone_of(self.timezone))
        except ValueError as error:
            raise ValueError(f"`cron`: {error}") from None


class ApprovalTable(msgspec.Struct, kw_only=True):
    """`[approval]`."""

    mode: Literal["manual", "rules"] = "manual"
    hold: Duration = Duration(5_000)
    expires: Duration = Duration(900_000)
    second_person_above: Units | None = None
    ask_above: Units = 20
    ask_above_money: Money | None = None
    people: list[Name] | None = None
    rules: list[ApprovalRuleTable] = []
    windows: list[ApprovalWindowTable] = []
    max_failed: Portion = Portion(200_000)
    max_disagreeing: Portion = Portion(500_000)

    def __post_init__(self) -> None:
        if self.expires <= self.hold:
            raise ValueError("`expires` must be longer than `hold`, or nothing is ever written")


class PushTable(msgspec.Struct, kw_only=True):
    """`[push]`."""

    max_skus: Units | None = None
    max_units: Units | None = None
    max_to_zero: Units | None = None
    max_money: Money | None = None
    max_skus_per_hour: Units | None = None
    max_units_per_hour: Units | None = None
    max_to_zero_per_hour: Units | None = None
    max_money_per_hour: Money | None = None


class HistoryTable(msgspec.Struct, kw_only=True):
    """`[history]`."""

    keep: Duration = Duration(90 * 86_400_000)


class EventsTable(msgspec.Struct, kw_only=True):
    """`[events]`."""

    unseen_after: Period = Period(3_600_000)
    ahead: Duration = Duration(300_000)


class NotifyTable(msgspec.Struct, kw_only=True):
    """`[[notify]]`."""

    url: SecretSource
    on: list[Condition]
    quiet: QuietHours | None = None

    def __post_init__(self) -> None:
        if not self.on:
            raise ValueError('`on` is empty, so nothing is ever sent: write on = ["incident"]')


class ServeTable(msgspec.Struct, kw_only=True):
    """`[serve]`: what the daemon answers over HTTP."""

    listen: ListenAddress | None = None
    webhooks: bool = False

    def __post_init__(self) -> None:
        if self.webhooks and self.listen is None:
            raise ValueError('webhooks need an address: add listen = "127.0.0.1:9464"')


class WebTable(msgspec.Struct, kw_only=True):
    """`[web]`: the console in a browser."""

    url: str | None = None

    def __post_init__(self) -> None:
        if self.url is not None:
            addresses.check("url", self.url, "https://skew.example")


class ConsoleTable(msgspec.Struct, kw_only=True):
    """`[console]`: how the console opens on this configuration, whoever opens it."""

    banner: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    banner_tone: Literal["red", "yellow", "green", "blue", "grey"] | None = None
    read_only: bool = False
    views: FilePath | None = None

    def __post_init__(self) -> None:
        if self.banner is not None and not self.banner.isprintable():
            raise ValueError("banner has a character that can't be shown; write letters and signs")
        if self.banner is None and self.banner_tone is not None:
            raise ValueError('banner_tone colours nothing: add banner = "PRODUCTION"')


class CatalogueTable(msgspec.Struct, kw_only=True):
    """`[catalogue]`."""

    bundles: FilePath | None = None
