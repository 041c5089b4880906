"""The kind `csv`: what can be configured of it, and what it can do."""

from dataclasses import replace

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.csv.layout import FIELDS
from sync.channels.csv.options import ROWS_MAX, CsvOptions

_FIGURES = tuple(name for name in FIELDS[2:] if name not in {"threshold", "title", "updated_at"})
OPTIONS = CsvOptions
ABILITIES = Abilities(
    kind="csv",
    reads=_FIGURES,
    states=frozenset(State),
    is_local=True,
    files=True,
    described=True,
    writes=("quantity", "state"),
    batch_max=ROWS_MAX,
    later=True,
    changes=True,
    recognises=True,
    notes="a file or the newest of a folder; updates become files that something else imports",
)


def abilities(options: CsvOptions) -> Abilities:
    """Say what the channel can do: states are compared where `columns` names them."""
    has_states = "state" in options.columns
    writes = ("quantity", "state") if has_states else ("quantity",)
    return replace(
        ABILITIES,
        reads=tuple(name for name in _FIGURES if name in (options.columns or FIELDS)),
        states=ABILITIES.states if has_states else frozenset(),
        writes=writes if options.export is not None else (),
        later=options.export is not None,
        is_local=not options.is_remote,
        changes=options.changes is not None,
        recognises=options.changes is None,
    )
