"""What `--channel`, `--sku` and `--kind` leave of the disagreements."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from store.model import Kind
from store.queries.values import DisagreementFilter
from sync.config.decoding import nearest

if TYPE_CHECKING:
    from sync.settings import Settings

_WILD = "*?"
_CHOICE = "["


def disagreement_filter(
    settings: "Settings",
    *,
    channels: Sequence[str] = (),
    skus: Sequence[str] = (),
    kinds: Sequence[str] = (),
    ignored: bool = False,
) -> tuple[DisagreementFilter, Callable[[str], bool]]:
    """Translate the options; the second part says whether a SKU matches.

    Raises click's UsageError for a channel that is not configured: a typing error must not look
    like good news.
    """
    for channel in channels:
        check_channel(settings, channel)
    # The store knows `*` and `?`. Where a pattern says more, everything is read and the second part
    # leaves out what does not match.
    in_sql = not any(_CHOICE in sku for sku in skus)
    wanted = DisagreementFilter(
        skus=tuple(sku for sku in skus if in_sql and not _is_wild(sku)),
        patterns=tuple(sku for sku in skus if in_sql and _is_wild(sku)),
        channels=tuple(channels),
        kinds=tuple(Kind(kind) for kind in kinds),
        ignored=ignored or None,
    )
    return wanted, lambda sku: _matches(sku, skus)


def check_channel(settings: "Settings", channel: str) -> None:
    """Raise click's UsageError unless the configuration has the channel."""
    if channel not in settings.channels:
        advice = nearest(channel, settings.channels)
        raise click.UsageError(f"{channel!r} is not a channel; {advice}")


def _is_wild(sku: str) -> bool:
    return any(sign in sku for sign in _WILD)


def _matches(sku: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(sku == pattern or fnmatchcase(sku, pattern) for pattern in patterns)
