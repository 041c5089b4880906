"""Which disagreements and corrections a command means: `--channel`, `--sku`, `--kind`, ids."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from store.model import CorrectionStatus, Kind
from store.queries.values import DisagreementFilter
from sync.config.decoding import nearest

if TYPE_CHECKING:
    from store.database.connection import Database
    from store.model import Correction, Millis
    from sync.settings import Settings

_PATTERN = "*?["


def disagreement_filter(
    settings: "Settings",
    *,
    channels: Sequence[str] = (),
    skus: Sequence[str] = (),
    kinds: Sequence[str] = (),
) -> tuple[DisagreementFilter, Callable[[str], bool]]:
    """Translate the options; the second part says whether a SKU is meant, for patterns.

    Raises click's UsageError for a channel that is not configured: a typing error must not look
    like good news.
    """
    for channel in channels:
        known_channel(settings, channel)
    exact = not any(set(sku) & set(_PATTERN) for sku in skus)
    wanted = DisagreementFilter(
        skus=tuple(skus) if exact else (),
        channels=tuple(channels),
        kinds=tuple(Kind(kind) for kind in kinds),
    )
    return wanted, lambda sku: _meant(sku, skus)


def known_channel(settings: "Settings", channel: str) -> None:
    """Raise click's UsageError unless the configuration has the channel."""
    if channel not in settings.channels:
        advice = nearest(channel, settings.channels)
        raise click.UsageError(f"no channel {channel!r} is configured; {advice}")


def proposals(
    database: "Database",
    wanted: DisagreementFilter,
    chosen: Callable[[str], bool],
    *,
    statuses: Sequence[CorrectionStatus],
    now: "Millis",
) -> "list[Correction]":
    """Find the corrections in these statuses whose disagreement the filter means.

    Each once: one may end two disagreements, of a quantity and of a state.
    """
    from store.corrections import lifecycle
    from store.queries import views

    found = database.read(views.disagreements, wanted, now=now)
    ids = dict.fromkeys(one.correction_id for one in found if one.correction_id and chosen(one.sku))
    return [one for one in database.read(lifecycle.by_id, [*ids]) if one.status in statuses]


def seen(ids: Sequence[str]) -> list[tuple[int, int | None]]:
    """Read `881`, `#881` or `881@3`: a correction, and the version that was seen; each once."""
    return list(dict.fromkeys(_seen(text) for text in ids))


def numbers(ids: Sequence[str], what: str, remedy: str) -> list[int]:
    """Read `17` or `#17`, each once. Raises click's UsageError with the remedy."""
    read = [text.removeprefix("#") for text in ids]
    for text, number in zip(ids, read, strict=True):
        if not _is_number(number):
            raise click.UsageError(f"{text!r} is not {what}: write {remedy}")
    return list(dict.fromkeys(map(int, read)))


def _seen(text: str) -> tuple[int, int | None]:
    number, at, version = text.removeprefix("#").partition("@")
    if not _is_number(number) or (at and not _is_number(version)):
        raise click.UsageError(f"{text!r} is not an update: write its ID, or ID@VERSION")
    return int(number), int(version) if at else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18  # noqa: PLR2004 - fits SQLite.


def _meant(sku: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(sku == each or fnmatchcase(sku, each) for each in patterns)
