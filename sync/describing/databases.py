"""Proposes a description of a database from its tables and a sample of each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sync import extras
from sync.channels.sql.options import check_url, extra_of
from sync.describing import names
from sync.describing.fields import FieldChoice, choose
from sync.describing.proposal import Proposal, of_columns
from sync.describing.record_lists import expression
from sync.describing.seen import counted, scan
from sync.errors import ConfigError, ContractBroken
from sync.secrets import SecretSource, resolve
from sync.values import quoted

if TYPE_CHECKING:
    from sync.channels.sql.inspection import TableSample

_TIMEOUT_S = 30.0
_NAMED = 20


async def describe_database(
    name: str, url: str | SecretSource, base: Path, table: str | None
) -> Proposal:
    """Look at the tables, and propose a select of the one that looks most like stock.

    Raises ChannelError where it does not answer, and ConfigError where it can't be asked.
    """
    from sync.transport.redaction import Redactor

    if isinstance(url, str):
        try:
            check_url(url)
        except ValueError as error:
            raise ConfigError("DATABASE", str(error)) from None
    source = resolve(url, key="DATABASE", base=base) if isinstance(url, SecretSource) else url
    if extras.lack("sql"):
        raise ConfigError("DATABASE", extras.lack(extra_of(source)) or "")
    from sync.channels.sql import inspection
    from sync.channels.sql.database import SqlDatabase, Work

    database = SqlDatabase(
        name, source, base=base, timeout_s=_TIMEOUT_S, redactor=Redactor(), key="DATABASE"
    )
    work = Work(database)
    found, tables = await work.run(inspection.samples, database, work, rate, table)
    if not found:
        there = ", ".join(tables[:_NAMED]) or "none"
        lacking = (
            f"no table {quoted(table)}" if table is not None else "no table that looks like stock"
        )
        raise ContractBroken(f"{lacking}; tables: {there}", path="tables", subject=name)
    pairs = [(sample, choose(scan(sample.rows), expression)) for sample in found]
    sample, choice = max(pairs, key=lambda pair: _points(*pair))
    proposed = _proposed(name, url, sample, choice)
    others = [other.title for other, its in pairs if other is not sample and its.is_enough]
    rows = f"{counted(len(sample.rows), 'row')} of {sample.title}"
    proposed.seen.insert(0, f"{database.backend}: {rows}, looked at by `skew describe`")
    if others:
        proposed.notes.append(f"these look like stock, too: {', '.join(others)} (--table NAME)")
    return proposed


def rate(columns: Sequence[str]) -> float:
    """Say how much columns look like stock, by their names alone."""
    plain = [names.plain(column) for column in columns]
    points = 0.0
    for field, sure, guess in (("sku", 10, 5), ("available", 8, 5), ("on_hand", 8, 0)):
        if any(name in names.SURE[field] for name in plain):
            points += sure
        elif any(name in names.GUESS.get(field, {}) for name in plain):
            points += guess
    return points


def _points(sample: "TableSample", choice: FieldChoice) -> tuple[bool, float, int, bool]:
    """How much a sample looks like stock: whole, by clear names, with rows, one table alone."""
    sure = sum(
        2.0 if chosen.is_sure else 1.0
        for name, chosen in choice.fields.items()
        if name in {"sku", "available", "on_hand", "committed"}
    )
    return choice.is_enough, sure, len(sample.rows), bool(sample.table)


def _proposed(
    name: str, url: str | SecretSource, sample: "TableSample", choice: FieldChoice
) -> Proposal:
    chosen = {field: found.place.path[-1] for field, found in choice.fields.items()}
    picked = list(dict.fromkeys(chosen.values()))
    select = ", ".join(sample.columns[column] for column in picked) or "*"
    own: Mapping[str, object] = {
        "kind": "sql",
        "url": url if isinstance(url, str) else _place(url),
        "select": f"SELECT {select} FROM {sample.source}",  # noqa: S608 - a text to read.
    }
    proposed = of_columns(name, own, choice)
    quantity = chosen.get("available") or chosen.get("on_hand")
    if sample.table and quantity and "sku" in chosen:
        where = [f"{sample.columns[chosen['sku']]} = :sku"]
        if "location" in chosen:
            where.append(f"{sample.columns[chosen['location']]} = :location")
        where.append(f"{sample.columns[quantity]} = :previous")
        update = f"UPDATE {sample.table} SET {sample.columns[quantity]} = :quantity"  # noqa: S608
        proposed.notes.append(
            "to write it, if nothing else keeps the number: direction = 'push' and "
            f"update = '{update} WHERE {' AND '.join(where)}'"
        )
    return proposed


def _place(source: SecretSource) -> Mapping[str, str]:
    kinds = ("env", "file", "keyring")
    return {kind: getattr(source, kind) for kind in kinds if getattr(source, kind) is not None}
