"""Which updates a decision is about: IDs, or `--all` with `--channel`, `--sku` and `--kind`."""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

import click

from console.commands.filters import disagreement_filter
from console.commands.options import channel_names, is_id, text

if TYPE_CHECKING:
    from store.database.connection import Database
    from store.model import Correction, CorrectionStatus, Millis
    from store.queries.values import DisagreementFilter
    from sync.settings import Settings

KINDS = ("quantity", "state", "negative")


class UpdateSelection(NamedTuple):
    """The updates that a command names: by ID, or by `--all` with filters."""

    ids: tuple[str, ...]
    everything: bool
    channels: tuple[str, ...]
    skus: tuple[str, ...]
    kinds: tuple[str, ...]

    def check(self) -> Self:
        """Refuse IDs together with `--all`, and neither of them."""
        filtered = self.channels or self.skus or self.kinds
        if self.everything and self.ids:
            raise click.UsageError("Give IDs or --all, not both.")
        if not self.everything and not self.ids:
            raise click.UsageError("Give IDs (`skew updates` lists them), or --all with filters.")
        if not self.everything and filtered:
            raise click.UsageError("--channel, --sku and --kind work only with --all.")
        return self


def selection_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the IDs, `--all` and its filters; the command gets them as `selection`."""

    @functools.wraps(command)
    def with_selection(**options: object) -> int:
        named = {name: options.pop(name) for name in UpdateSelection._fields}
        selection = UpdateSelection(**named).check()  # type: ignore[arg-type]
        return command(selection=selection, **options)

    wrapped: Callable[..., int] = with_selection
    for option in (
        click.option(
            "--kind",
            "kinds",
            multiple=True,
            type=click.Choice(KINDS),
            help="With --all: only this kind.",
        ),
        click.option(
            "--sku",
            "skus",
            multiple=True,
            callback=text,
            help="With --all: only this SKU, or a pattern with *.",
        ),
        click.option(
            "--channel",
            "channels",
            multiple=True,
            help="With --all: only this channel.",
            shell_complete=channel_names,
        ),
        click.option(
            "--all", "everything", is_flag=True, help="Every update that the filters leave."
        ),
        click.argument("ids", nargs=-1, metavar="[ID…]"),
    ):
        wrapped = option(wrapped)
    return wrapped


class SelectedUpdates:
    """A selection, found in the open cache."""

    def __init__(
        self,
        settings: "Settings",
        database: "Database",
        selection: UpdateSelection,
        statuses: "Sequence[CorrectionStatus]",
    ) -> None:
        from sync.clock import SystemClock

        self.corrections: list[Correction] | None = None
        """With `--all`, what the filters leave; None where IDs are given."""
        if not selection.everything:
            self.seen = seen_versions(selection.ids)
            return
        wanted, is_wanted = disagreement_filter(
            settings, channels=selection.channels, skus=selection.skus, kinds=selection.kinds
        )
        self.corrections = corrections_of(
            database, wanted, is_wanted, statuses=statuses, now=SystemClock().now()
        )
        self.seen = [(correction.id, correction.version) for correction in self.corrections]


def corrections_of(
    database: "Database",
    wanted: "DisagreementFilter",
    is_wanted: Callable[[str], bool],
    *,
    statuses: "Sequence[CorrectionStatus]",
    now: "Millis",
) -> "list[Correction]":
    """Find the corrections in these statuses whose disagreement the filter leaves, each once."""
    from store.corrections import lifecycle
    from store.queries import views

    # One correction may end two disagreements, of a quantity and of a state: a dict keeps their
    # order and drops the second.
    ids = dict.fromkeys(
        disagreement.correction_id
        for disagreement in database.read(views.disagreements, wanted, now=now)
        if disagreement.correction_id and is_wanted(disagreement.sku)
    )
    return [
        correction
        for correction in database.read(lifecycle.by_id, [*ids])
        if correction.status in statuses
    ]


def seen_versions(ids: Sequence[str]) -> list[tuple[int, int | None]]:
    """Read `881`, `#881` or `881@3`: an update, and the version that was seen; each once."""
    return list(dict.fromkeys(_seen_version(text) for text in ids))


def _seen_version(text: str) -> tuple[int, int | None]:
    number, at, version = text.removeprefix("#").partition("@")
    if not is_id(number) or (at and not is_id(version)):
        raise click.UsageError(
            f"{text!r} is not the ID of an update, nor ID@VERSION; `skew updates` lists them"
        )
    return int(number), int(version) if at else None
