"""A description that is proposed: its keys with what was seen of each. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sync.describing import inside
from sync.describing.fields import ChosenField, FieldChoice
from sync.describing.paging import PagingProposal, PagingSigns, SeenAnswer
from sync.describing.record_lists import RecordList, expression
from sync.describing.seen import counted
from sync.describing.toml_text import TomlTable, comment, table_lines

_SHOWN = 15
_WANTED = ("location", "state", "price", "updated_at")
"""Fields whose absence is said, because something depends on them."""


@dataclass(slots=True)
class Proposal:
    """A channel's table, and what is to be said above it."""

    name: str
    table: TomlTable
    seen: list[str] = field(default_factory=list)
    """What was looked at, a sentence each."""
    missing: list[str] = field(default_factory=list)
    """What a channel needs and what was not found: it can't be used as it stands."""
    notes: list[str] = field(default_factory=list)
    """What is to be checked by a person."""

    @property
    def is_usable(self) -> bool:
        return not self.missing

    def lines(self, *, whole: bool) -> list[str]:
        """Write it as TOML; `whole`: a configuration that runs by itself."""
        lines = [comment(text) for text in self.seen]
        lines += [comment(f"NOT FOUND: {text}") for text in self.missing]
        lines += [comment(f"check: {text}") for text in self.notes]
        if whole:
            authority = TomlTable({"quantity": self.name})
            lines += ["", *table_lines(("authority",), authority)]
        described = table_lines(("channels", self.name), self.table)
        if not self.is_usable:
            # What can't be read must not break the rest of the file that it is pasted into.
            described = [f"# {line}" for line in described]
        return [*lines, "", *described]

    def plain(self) -> Mapping[str, object]:
        """The channel's table without remarks."""
        return _plain(self.table)


def of_api(
    name: str,
    answer: SeenAnswer,
    records: RecordList,
    signs: PagingSigns,
    way: PagingProposal,
    sign_in: Mapping[str, object],
) -> Proposal:
    """Put a description of an API together."""
    table = TomlTable()
    table.put("kind", "http")
    table.put("url", answer.url)
    for key, value in sign_in.items():
        table.put(key, value)
    if answer.method != "GET":
        table.put("method", answer.method)
    body = answer.body if way.body is None else way.body
    if body is not None:
        table.put("body", body)
    if records.each is None:
        table.put("items", records.items, f"{counted(records.count, 'record')} came")
    else:
        table.put("items", records.items, f"{records.count:,} came, each with items of its own")
        table.put("each", dict(records.each), f"{counted(records.inside, 'item')} in them")
    if signs.total is not None:
        table.put("total", signs.total, f"says {signs.total_says:,}")
    for key, value in way.keys.items():
        guess = "guess: " if way.is_guess else ""
        table.put(key, value, f"{guess}{way.why}")
    proposal = Proposal(name, table)
    _add_fields(proposal, "fields", records.choice, records.each)
    if proposal.missing:
        proposal.seen += inside.lists_of(records)
    proposal.notes += [*inside.notes_of(records), *signs.notes]
    return proposal


def of_columns(name: str, own: Mapping[str, object], choice: FieldChoice) -> Proposal:
    """Put a description of a file's or table's columns together."""
    table = TomlTable(dict(own))
    proposal = Proposal(name, table)
    _add_fields(proposal, "columns", choice, None)
    left = choice.left(expression)
    if left and proposal.is_usable:
        proposal.seen.append(f"columns left over: {_some(left)}")
    return proposal


def _add_fields(
    proposal: Proposal, key: str, choice: FieldChoice, each: Mapping[str, str] | None
) -> None:
    fields = TomlTable()
    for name, chosen in choice.fields.items():
        fields.put(name, _written(chosen, key), chosen.remark())
    if each is not None and "keys" in each:
        fields.values = {"sku": "item.key", **fields.values}
        fields.remarks["sku"] = "guess: the names of the entries are the SKUs"
    proposal.table.put(key, fields)
    if choice.states:
        proposal.table.put("states", TomlTable(dict(choice.states)))
    if choice.words:
        proposal.table.put("words", TomlTable(dict(choice.words)))
    if "sku" not in fields.values:
        proposal.missing.append(f"a SKU; add it to `{key}` as sku = …")
    if not fields.values.keys() & {"available", "on_hand"}:
        proposal.missing.append(f"a quantity; add it to `{key}` as available = … or on_hand = …")
    if proposal.missing:
        there = _some(choice.there) or "nothing that can be read"
        proposal.seen.append(f"a record has: {there}")
    proposal.notes += choice.notes
    absent = [name for name in _WANTED if name not in fields.values]
    if absent:
        proposal.seen.append(f"not found, and not needed: {', '.join(absent)}")


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + (", …" if len(texts) > _SHOWN else "")


def _written(chosen: ChosenField, key: str) -> str:
    path = chosen.place.path
    if key == "columns":
        return path[-1]
    written = expression(path)
    # In an API's answer a number is no SKU unless the description says so.
    return f"to_string({written})" if chosen.is_number else written


def _plain(table: TomlTable) -> Mapping[str, object]:
    return {
        name: _plain(value) if isinstance(value, TomlTable) else value
        for name, value in table.values.items()
    }
