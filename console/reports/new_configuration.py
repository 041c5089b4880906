"""The configurations that `skew init` writes, and what there is to do next."""

import re
import textwrap
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from console.reports.descriptions import proof
from console.text.format import clean

if TYPE_CHECKING:
    from sync.config.ready_made import ReadyMade


def template() -> str:
    """The one to fill in, which has a warehouse's file only."""
    return files("console").joinpath("skew.toml").read_text(encoding="utf-8")


def for_shop(found: "ReadyMade", channel: str, url: str | None) -> str:
    """The one for a shop that is described already: complete but for what the credentials are."""
    description = found.description
    assert description is not None, found.wrong
    writes = found.abilities is not None and bool(found.abilities.writes)
    meanings = {
        "title": clean(description.title),
        "proof": clean(proof(description.origin())),
        "name": description.file.name,
        "notes": "".join(_comment(note) for note in description.head.notes),
        "channel": channel,
        "use": _quoted(description.file.name),
        "url": "" if url is None else f"url = {_quoted(url)}\n",
        "sign_in": "".join(_sign_in(found, channel, url)),
        # What the description says of it is not to be undone by a default of ours.
        "every": "" if "every" in description.channel else 'every = "60s"\n',
        "direction": (
            '"push"                # what you approve is written; "observe" only compares'
            if writes
            else '"observe"             # compared; this description writes nothing'
        ),
    }
    frame = files("console").joinpath("skew_from.toml").read_text(encoding="utf-8")
    return re.sub("@([a-z_]+)@", lambda slot: meanings[slot.group(1)], frame)


def next_steps(found: "ReadyMade", channel: str, url: str | None, path: Path) -> Iterator[str]:
    """What to do once it is written, a line each."""
    from sync.config.described import suggested

    description = found.description
    assert description is not None, found.wrong
    yield f"Wrote {path}: a warehouse's file, and your shop ({clean(description.title)})."
    credentials = suggested(description, url)
    if credentials:
        yield "Next, export its credentials where you start Skew:"
    for credential in credentials:
        yield f"  export {credential.variable(channel)}=…   # {clean(credential.what)}"
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
        yield _comment("Export these variables before you start Skew; or write { file = … } or "
                       "{ keyring = … }:")  # fmt: skip
    for credential in credentials:
        yield _comment(f"{credential.variable(channel)}: {credential.what}")
        yield f"{credential.line(channel)}\n"


def _comment(sentence: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(clean(sentence), 96))


def _quoted(value: str) -> str:
    """Write a TOML text."""
    plain = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(
        character if character.isprintable() else f"\\U{ord(character):08x}" for character in plain
    ) + '"'  # fmt: skip
