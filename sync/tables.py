"""The shape of `skew.toml`, table by table, as it is written in the file.

`sync/config.py` turns these into the settings that the rest runs on. A kind of channel has keys of
its own beside `ChannelTable`'s: its `Options`.
"""

from typing import Annotated, Literal

import msgspec

from store.model import QUANTITY_MAX, State
from sync.units import PPM, Duration, Period, Portion

Units = Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)]
Pattern = Annotated[str, msgspec.Meta(min_length=1)]
Name = Annotated[str, msgspec.Meta(min_length=1)]


class SkewTable(msgspec.Struct, kw_only=True):
    """`[skew]`."""

    database: Annotated[str, msgspec.Meta(min_length=1)] | None = None


class AuthorityRuleTable(msgspec.Struct, kw_only=True):
    """`[[authority.rules]]`."""

    skus: Pattern
    quantity: Name | None = None
    state: Name | None = None

    def __post_init__(self) -> None:
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


class SettleTable(msgspec.Struct, kw_only=True):
    reduce: Duration = Duration(0)
    raise_: Duration = msgspec.field(default=Duration(0), name="raise")


class ChannelRuleTable(msgspec.Struct, kw_only=True):
    """`[[channels.NAME.rules]]`."""

    skus: Pattern
    buffer: Units | None = None
    share: Portion | None = None
    cap: Units | None = None
    sold: bool | None = None
    state: State | None = None

    def __post_init__(self) -> None:
        if (self.buffer, self.share, self.cap, self.sold, self.state) == (None,) * 5:
            raise ValueError("changes nothing: add buffer, share, cap, sold or state")


class ChannelTable(msgspec.Struct, kw_only=True):
    """`[channels.NAME]`: the keys that every kind has."""

    kind: str
    direction: Literal["observe", "push"] = "observe"
    every: Period = Period(60_000)
    stale_after: Period | None = None
    max_source_age: Period | None = None
    lag: Duration = Duration(0)
    timeout: Period = Period(30_000)
    rate: Annotated[float, msgspec.Meta(gt=0, le=100_000)] | None = None
    read_back_within: Period = Period(10_000)
    missing: Literal["report", "ignore"] = "report"
    settle: SettleTable = msgspec.field(default_factory=SettleTable)
    buffer: Units = 0
    share: Portion = Portion(PPM)
    cap: Units | None = None
    when_out: Literal["sold-out"] = "sold-out"
    rules: list[ChannelRuleTable] = []
    guard: GuardTable = msgspec.field(default_factory=GuardTable)


class ApprovalRuleTable(msgspec.Struct, kw_only=True):
    """`[[approval.rules]]`."""

    channel: Name | None = None
    skus: Pattern | None = None
    only: Literal["reduce", "raise"] | None = None
    max_units: Units | None = None


class ApprovalTable(msgspec.Struct, kw_only=True):
    """`[approval]`."""

    mode: Literal["manual", "rules"] = "manual"
    hold: Duration = Duration(5_000)
    expires: Duration = Duration(900_000)
    second_person_above: Units | None = None
    rules: list[ApprovalRuleTable] = []

    def __post_init__(self) -> None:
        if self.expires <= self.hold:
            raise ValueError("`expires` must be longer than `hold`, or nothing is ever written")


class PushTable(msgspec.Struct, kw_only=True):
    """`[push]`."""

    max_skus: Units | None = None
    max_units: Units | None = None
    max_to_zero: Units | None = None
    max_skus_per_hour: Units | None = None
    max_units_per_hour: Units | None = None
    max_to_zero_per_hour: Units | None = None


class HistoryTable(msgspec.Struct, kw_only=True):
    """`[history]`."""

    keep: Duration = Duration(90 * 86_400_000)
