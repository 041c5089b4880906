"""The kind `http`: what can be configured of it, and what it can do."""

from dataclasses import replace

from store.model import State
from sync.channels.abilities import Abilities
from sync.channels.http import placeholders
from sync.channels.http.options import HttpOptions

OPTIONS = HttpOptions
ABILITIES = Abilities(
    kind="http",
    reads=("available", "on_hand", "committed", "unavailable", "incoming", "state", "price"),
    states=frozenset(State),
    writes=("quantity", "state"),
    compare_and_set=True,
    reads_one=True,
    events=True,
    described=True,
    recognises=True,
    notes="any JSON API, described in JMESPath",
)


def abilities(options: HttpOptions) -> Abilities:
    """Say what the channel can do as it is described."""
    write = options.write
    used = write.used() if write else frozenset()
    states: frozenset[State] = frozenset()
    if "state" in options.fields:
        states = frozenset(options.states.values() or State)
    return replace(
        ABILITIES,
        reads=tuple(name for name in ABILITIES.reads if name in options.fields),
        states=states,
        writes=tuple(name for name in ABILITIES.writes if f"${name}" in used),
        compare_and_set=bool(write and (write.compares or write.if_match is not None)),
        batch_max=write.batch.max if write and write.batch else 1,
        by_address=bool(write and write.batch and placeholders.used_in_url(write.url)),
        reads_one=bool(write and write.read),
        refs="ref" in options.fields and (write is None or "{ref}" in write.url or "$ref" in used),
        events=options.events is not None,
    )
