"""The configurations that `skew init` writes, and what there is to do next."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from console.reports.descriptions import proof
from console.text.format import clean

if TYPE_CHECKING:
    from sync.config.examples import KindExample
    from sync.config.ready_made import ReadyMade

_EVERY = 'every = "60s"\n'
_PUSH = '"push"                # what you approve is written; "observe" only compares'
_EXPORT = "Export these variables before you start Skew; or write { file = … } or { keyring = … }:"


def template() -> str:
    """The one to fill in, which has a warehouse's file only."""
    return files("console").joinpath("skew.toml").read_text(encoding="utf-8")


def for_shop(found: "ReadyMade", channel: str, url: str | None) -> str:
    """The one for a shop that is described already: complete but for what the credentials are."""
    from sync.config import toml

    description = found.description
    assert description is not None, found.wrong
    writes = found.abilities is not None and bool(found.abilities.writes)
    name = description.file.name
    told = clean(proof(description.origin()))
    table = f"use = {toml.text(name)}\n"
    table += "" if url is None else f"url = {toml.text(url)}\n"
    return _framed(
        {
            "title": clean(description.title),
            "intro": _comment(
                f"The shop. `use` names a description of its API: {told}. What you write here "
                "takes the place of what the description says; "
                f"`skew channels {name}` shows that."
            ),
            "notes": "".join(_comment(note) for note in description.head.notes),
            "channel": channel,
            "table": table + "".join(_sign_in(found, channel, url)),
            # What the description says of it is not to be undone by a default of ours.
            "every": "" if "every" in description.channel else _EVERY,
            "direction": _PUSH if writes else _observe("this description writes nothing"),
        }
    )


def for_kind(found: "KindExample", channel: str) -> str:
    """The one for a shop of a kind that has an example."""
    whose = f"the package {found.package}'s" if found.package else "Skew's own"
    credentials = _EXPORT if found.credentials else ""
    return _framed(
        {
            "title": found.kind,
            "intro": _comment(f"The shop, by {whose} kind `{found.kind}`."),
            "notes": _comment(f"{found.abilities.notes}.") if found.abilities.notes else "",
            "channel": channel,
            "table": f'kind = "{found.kind}"\n{_comment(credentials)}{found.lines}',
            "every": "" if "every" in found.table else _EVERY,
            "direction": _PUSH if found.abilities.writes else _observe("this kind writes nothing"),
        }
    )


def _framed(meanings: dict[str, str]) -> str:
    frame = files("console").joinpath("skew_from.toml").read_text(encoding="utf-8")
    return re.sub("@([a-z_]+)@", lambda slot: meanings[slot.group(1)], frame)


def _observe(why: str) -> str:
    return f'"observe"             # compared; {why}'


def next_steps(found: "ReadyMade", channel: str, url: str | None, path: Path) -> Iterator[str]:
    """What to do once it is written, a line each."""
    from sync.config.described import suggested

    description = found.description
    assert description is not None, found.wrong
    credentials = [
        (credential.variable(channel), credential.what)
        for credential in suggested(description, url)
    ]
    yield from _steps(description.title, credentials, path)


def next_steps_of_kind(found: "KindExample", channel: str, path: Path) -> Iterator[str]:
    """The same for a kind that has an example."""
    yield from _steps(f'kind = "{found.kind}"', found.credentials, path)
    yield f"Look at the lines of [channels.{channel}] first: they are an example."


def _steps(title: str, credentials: Sequence[tuple[str, str]], path: Path) -> Iterator[str]:
    yield f"Wrote {path}: a warehouse's file, and your shop ({clean(title)})."
    if credentials:
        yield "Next, export its credentials where you start Skew:"
    for variable, what in credentials:
        yield f"  export {variable}=…   # {clean(what)}" if what else f"  export {variable}=…"
    yield (
        f"Put the warehouse's stock into {path.parent / 'warehouse.csv'}, with the heading "
        "sku,available."
    )
    yield f"Then run: skew check --online --config {path}"


def _sign_in(found: "ReadyMade", channel: str, url: str | None) -> Iterator[str]:
    from sync.config.described import suggested

    assert found.description is not None, found.wrong
    credentials = suggested(found.description, url)
    if credentials:
        yield _comment(_EXPORT)
    for credential in credentials:
        yield _comment(f"{credential.variable(channel)}: {credential.what}")
        yield f"{credential.line(channel)}\n"


def _comment(sentence: str) -> str:
    """Lines of a comment; none for an empty text."""
    return "".join(f"# {line}\n" for line in textwrap.wrap(clean(sentence), 96))
