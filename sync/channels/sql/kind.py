"""The kind `sql`: what can be configured of it, and what it can do."""

from dataclasses import replace

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.sql.options import SqlOptions
from sync.channels.sql.statements import statement

OPTIONS = SqlOptions
ABILITIES = Abilities(
    kind="sql",
    reads=("available", "on_hand", "committed", "unavailable", "incoming", "state", "price"),
    states=frozenset(State),
    writes=("quantity", "state"),
    compare_and_set=True,
    reads_one=True,
    described=True,
    notes="any database, described in SQL",
)


def abilities(options: SqlOptions) -> Abilities:
    """Say what the channel can do as it is described."""
    used = statement(options.update).placeholders if options.update is not None else frozenset()
    states: frozenset[State] = frozenset()
    if "state" in options.columns or options.states:
        states = frozenset(options.states.values() or State)
    return replace(
        ABILITIES,
        reads=tuple(name for name in ABILITIES.reads if name in options.fields),
        states=states,
        writes=tuple(name for name in ABILITIES.writes if name in used),
        compare_and_set="previous" in used,
        # A file of SQLite is looked at like any other file that stands in the configuration.
        is_local=isinstance(options.url, str) and options.url.lower().startswith("sqlite"),
        refs="ref" in used or ("ref" in options.columns and options.update is None),
    )
