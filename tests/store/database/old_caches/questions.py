"""What a cache is asked, by the code of its time and by today's: commands, the past, the store."""

import importlib.util
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import msgspec

from .life import run_command, text

MINUTE = 60_000
SKUS_ASKED = (
    *(f"SKU-{number:04}" for number in (*range(1, 23), 24, 25, 26, 27)),
    "P-1", "P-2", "P-3", "BOX-1", "BOX-2", "DS-1", "ONLY-HERE", "NOT-KNOWN",
)  # fmt: skip


def of_commands(folder: Path, now: int) -> list[dict[str, Any]]:
    """What the commands answer: arguments, exit code and document of each."""
    asked = [
        ["diff"],
        ["diff", "--channel", "shop", "--kind", "quantity"],
        ["updates"],
        ["updates", "--all"],
        ["status"],
        *(["history", sku] for sku in SKUS_ASKED),
        *(
            ["history", sku, "--at", text(now - hours * 60 * MINUTE)]
            for sku in ("SKU-0001", "SKU-0006", "SKU-0014", "SKU-0020", "P-1", "BOX-1")
            for hours in (1, 3, 23, 30, 47, 70)
        ),
        ["incidents", "--all"],
        ["accept", "market", "--show"],
    ]
    answers = []
    for arguments in asked:
        code, out, err = run_command(folder, *arguments, "--json")
        if code in (0, 1) and out.strip():
            answers.append({"arguments": arguments, "code": code, "out": json.loads(out)})
        else:
            click.echo(f"no answer to {arguments}: {err.strip()[:200]}")
    return answers


def has_past() -> bool:
    """Whether the code at hand can show the past to every query."""
    try:
        return importlib.util.find_spec("store.history.rewind") is not None
    except ModuleNotFoundError:
        return False


def of_the_past(cache: Path, instants: list[int]) -> list[dict[str, Any]]:
    """What the screens show at each instant, replayed."""
    if not has_past():
        return []
    from store.history.rewind import open_at

    found = []
    with open_at(cache, instants[-1]) as then:
        for at in moments(cache, instants):
            then.rewind(at)
            try:
                found.append({"at": at, "answers": all_asked(then, at)})
            except sqlite3.OperationalError as error:
                click.echo(f"the past can't be shown: {error}")
                break
    return found


def moments(cache: Path, instants: list[int]) -> list[int]:
    """These instants, and some just before and after something was written."""
    with closing(sqlite3.connect(cache)) as connection:
        written = [
            at for (at,) in connection.execute(
                """SELECT finished_at FROM polls WHERE finished_at IS NOT NULL
                UNION SELECT at FROM audit ORDER BY 1"""
            )
        ]  # fmt: skip
    step = max(1, len(written) // 16)
    return sorted({*instants, *(at + by for at in written[::step] for by in (-1, 0))})


def of_the_store(cache: Path, now: int) -> dict[str, Any]:
    """What lies beneath the reports: accounts, causes' facts, audits, plots."""
    if not has_past():
        return {}
    from store.database.connection import Database

    try:
        from store.accounts import balance
    except ModuleNotFoundError:  # Where it was until schema 20.
        from store.targets import balance  # type: ignore[no-redef, attr-defined]
    with Database.open(cache) as database:
        answers = all_asked(database, now)
        answers["balances"] = {
            sku: data(database.read(balance.balances, sku)) for sku in SKUS_ASKED
        }
    return answers


def all_asked(database: Any, at: int) -> dict[str, Any]:
    """Ask what the screens ask, of the SKUs that are asked about."""
    from tests.store import random_life

    before = random_life.SKUS
    random_life.SKUS = SKUS_ASKED  # type: ignore[assignment]
    try:
        answers: dict[str, Any] = data(random_life.ask(database, at))
    finally:
        random_life.SKUS = before
    return answers


def data(value: object) -> Any:
    """The value as JSON has it."""
    return json.loads(msgspec.json.encode(value, enc_hook=_plain))


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    return list(value) if hasattr(value, "__iter__") else repr(value)
