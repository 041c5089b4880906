"""`skew retry`: propose again what ended badly."""

from pathlib import Path

import click

from console.commands.decide.updates.outcome import print_outcome
from console.commands.decide.updates.selection import seen_versions
from console.commands.options import by_option, config_option, example, json_option, text
from console.context import load, open_cache


@click.command(epilog=example("skew retry 881 --note 'the token is renewed'"))
@config_option
@json_option
@by_option
@click.option("--note", "note_text", metavar="TEXT", callback=text, help="Why, for the audit.")
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
def retry(
    config: Path, *, as_json: bool, by: str, note_text: str | None, ids: tuple[str, ...]
) -> int:
    """Propose again what failed, was not applied, expired, or has no known outcome.

    Each is proposed again if its listing still disagrees, and you approve it like any other.
    Without a retry, nothing is proposed there until the stock changes. Exits 1 if any could not
    be retried.
    """
    from store.corrections import decisions
    from sync.clock import SystemClock

    with open_cache(load(config, secrets=False)) as database:
        seen = seen_versions(ids)
        decided = database.write(
            decisions.retry, seen, who=by, now=SystemClock().now(), note=note_text
        )
    return print_outcome(decided, "proposed again", as_json=as_json)
