"""`skew approve`, `reject`, `snooze`, `undo`, `retry`, `accept`, `unfreeze`: a person decides."""

import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import click

from console.context import by_option, cache, config_option, example, json_option, load, note, text

if TYPE_CHECKING:
    from store.database.connection import Database
    from store.model import Correction, CorrectionStatus, Decision, Millis
    from sync.corrections.decide import BlastRadius
    from sync.settings import Settings

KINDS = ("quantity", "state", "negative")


class Chosen(NamedTuple):
    """Which corrections a command names: ids, or `--all` with filters."""

    ids: tuple[str, ...]
    everything: bool
    channels: tuple[str, ...]
    skus: tuple[str, ...]
    kinds: tuple[str, ...]

    def check(self) -> Self:
        """Refuse ids together with `--all`, and neither of them."""
        filtered = self.channels or self.skus or self.kinds
        if self.everything and self.ids:
            raise click.UsageError("Give IDs or --all, not both.")
        if not self.everything and not self.ids:
            raise click.UsageError("Give IDs (see `skew updates`), or --all with filters.")
        if not self.everything and filtered:
            raise click.UsageError("--channel, --sku and --kind choose among --all.")
        return self


def chosen_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the ids, `--all` and its filters; the command gets them as `chosen`."""

    @functools.wraps(command)
    def with_chosen(**options: object) -> int:
        named = {name: options.pop(name) for name in Chosen._fields}
        return command(chosen=Chosen(**named).check(), **options)  # type: ignore[arg-type]

    wrapped: Callable[..., int] = with_chosen
    for option in (
        click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS)),
        click.option("--sku", "skus", multiple=True, help="With --all: this SKU, or a pattern."),
        click.option("--channel", "channels", multiple=True, help="With --all: this channel."),
        click.option("--all", "everything", is_flag=True, help="All that the filters leave."),
        click.argument("ids", nargs=-1, metavar="[ID…]"),
    ):
        wrapped = option(wrapped)
    return wrapped


class Selected:
    """What was chosen, found in the open cache."""

    def __init__(
        self,
        settings: "Settings",
        database: "Database",
        chosen: Chosen,
        statuses: "Sequence[CorrectionStatus]",
    ) -> None:
        from console.commands import options as options_module
        from sync.clock import SystemClock

        self.now: Millis = SystemClock().now()
        self.corrections: list[Correction] | None = None
        if not chosen.everything:
            self.seen = options_module.seen(chosen.ids)
            return
        wanted, is_meant = options_module.disagreement_filter(
            settings, channels=chosen.channels, skus=chosen.skus, kinds=chosen.kinds
        )
        self.corrections = options_module.proposals(
            database, wanted, is_meant, statuses=statuses, now=self.now
        )
        self.seen = [(one.id, one.version) for one in self.corrections]


@click.command(
    epilog=example(
        "skew approve 881 882",
        "skew approve 881@3 --note 'counted by hand'",
        "skew approve --all --channel shop --by ana",
    )
)
@config_option
@json_option
@by_option
@click.option("--note", "note_text", metavar="TEXT", callback=text, help="Why, for the audit.")
@click.option("--yes", is_flag=True, help="Do not ask before approving many in a terminal.")
@chosen_options
def approve(
    config: Path, *, as_json: bool, by: str, note_text: str | None, yes: bool, chosen: Chosen
) -> int:
    """Let pending updates be written, once their hold has passed.

    ID@VERSION approves only the version that you saw. Exits 1 if any was void.
    """
    from store.model import CorrectionStatus
    from sync.corrections import decide

    settings = load(config, secrets=False)
    with cache(settings) as database:
        selected = Selected(settings, database, chosen, (CorrectionStatus.PROPOSED,))
        effect = None
        if selected.corrections is not None:
            effect = decide.blast_radius(selected.corrections)
            _show_effect(effect, len(selected.corrections), as_json=as_json)
            if not _confirmed(len(selected.corrections), yes=yes or as_json):
                return 1
        made = decide.approve(
            database, settings, selected.seen, who=by, now=selected.now, note=note_text
        )
    return _report(made, "approved", effect, as_json=as_json)


@click.command(epilog=example("skew reject 881 --note 'recount tomorrow'"))
@config_option
@json_option
@by_option
@click.option(
    "--note", "--reason", "reason", metavar="TEXT", callback=text, help="Why, for the audit."
)
@chosen_options
def reject(config: Path, *, as_json: bool, by: str, reason: str | None, chosen: Chosen) -> int:
    """Refuse pending updates; they stay silent until the target or the reading moves.

    In a terminal it asks for a reason if none is given.
    """
    if not reason:
        reason = click.prompt("Reason") if sys.stdin.isatty() else "no reason given"
    from store.model import CorrectionStatus
    from sync.corrections import decide

    settings = load(config, secrets=False)
    with cache(settings) as database:
        statuses = (CorrectionStatus.PROPOSED, CorrectionStatus.SNOOZED)
        selected = Selected(settings, database, chosen, statuses)
        made = decide.reject(database, selected.seen, who=by, now=selected.now, reason=reason)
    return _report(made, "rejected", as_json=as_json)


@click.command(epilog=example("skew snooze 881 --for 2h"))
@config_option
@json_option
@by_option
@click.option("--for", "span", default="1h", show_default=True, help="How long: 30m, 2h, 1d.")
@chosen_options
def snooze(config: Path, *, as_json: bool, by: str, span: str, chosen: Chosen) -> int:
    """Put pending updates off; they are proposed again afterwards."""
    from store.model import CorrectionStatus
    from sync.corrections import decide
    from sync.units import period

    try:
        span_ms = period(span)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--for") from None
    settings = load(config, secrets=False)
    with cache(settings) as database:
        selected = Selected(settings, database, chosen, (CorrectionStatus.PROPOSED,))
        until = selected.now + span_ms
        made = decide.snooze(database, selected.seen, who=by, now=selected.now, until=until)
    return _report(made, f"snoozed for {span}", as_json=as_json)


@click.command(epilog=example("skew undo 881"))
@config_option
@json_option
@by_option
@chosen_options
def undo(config: Path, *, as_json: bool, by: str, chosen: Chosen) -> int:
    """Take approvals back while their hold lasts."""
    from store.model import CorrectionStatus
    from sync.corrections import decide

    settings = load(config, secrets=False)
    with cache(settings) as database:
        selected = Selected(settings, database, chosen, (CorrectionStatus.APPROVED,))
        made = decide.undo(database, selected.seen, who=by, now=selected.now)
    return _report(made, "taken back", as_json=as_json)


@click.command(epilog=example("skew retry 881 --note 'the token is renewed'"))
@config_option
@json_option
@by_option
@click.option("--note", "note_text", metavar="TEXT", callback=text, help="Why, for the audit.")
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
def retry(
    config: Path, *, as_json: bool, by: str, note_text: str | None, ids: tuple[str, ...]
) -> int:
    """Ask anew for updates that failed, were not applied, have no known outcome or expired.

    Each is proposed again, to be approved like any other, if its listing still disagrees. Nothing
    but this lifts the silence after a bad end, unless the target or the reading moves.
    """
    from console.commands import options as options_module
    from sync.clock import SystemClock
    from sync.corrections import decide

    with cache(load(config, secrets=False)) as database:
        seen = options_module.seen(ids)
        made = decide.retry(database, seen, who=by, now=SystemClock().now(), note=note_text)
    return _report(made, "asked for anew", as_json=as_json)


@click.command(epilog=example("skew unfreeze SKU-0004411 --channel shop"))
@config_option
@click.argument("sku", callback=text)
@click.option("--channel", help="Only on this channel.")
def unfreeze(config: Path, *, sku: str, channel: str | None) -> int:
    """Let a SKU be corrected again that a second writer or a loop has frozen.

    Stop what fights first: the next time that it sets the number back, it freezes again.
    """
    from console.commands.options import known_channel
    from console.text.format import clean, plural
    from store.corrections import freeze
    from sync.clock import SystemClock

    settings = load(config, secrets=False)
    if channel is not None:
        known_channel(settings, channel)
    with cache(settings) as database:
        thawed = database.write(freeze.unfreeze, sku, channel, now=SystemClock().now())
    click.echo(f"{plural(thawed, 'listing')} of {clean(sku)} can be corrected again.")
    return 0


def _show_effect(effect: "BlastRadius", count: int, *, as_json: bool) -> None:
    from console.reports import tables
    from console.reports.table import Paper

    if not as_json:
        click.echo("\n".join(tables.effect(effect, count, Paper.stdout())))


def _confirmed(count: int, *, yes: bool) -> bool:
    """Ask a person at a terminal; a script that says --all means it."""
    if yes or count == 0 or not sys.stdin.isatty():
        return True
    answer: str = click.prompt(f"Type {count} to approve", default="", show_default=False)
    if answer.strip() == str(count):
        return True
    note("nothing was approved")
    return False


def _report(
    made: "list[Decision]", done: str, effect: "BlastRadius | None" = None, *, as_json: bool
) -> int:
    from console.reports import json_documents, tables
    from console.reports.table import Paper

    if as_json:
        click.echo(json_documents.write(json_documents.decisions(made, effect)))
    else:
        click.echo("\n".join(tables.decisions(made, done, Paper.stdout())))
    return 0 if all(one.ok for one in made) else 1
