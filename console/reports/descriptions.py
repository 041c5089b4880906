"""Ready-made descriptions: those that there are, and where a channel's comes from."""

from collections.abc import Iterable

from console.reports.json_documents import Json
from console.reports.table import Paper, TableCell, TableColumn
from sync import channels
from sync.config.described import adapter_for
from sync.config.ready_made import ReadyMade
from sync.settings import ChannelSettings, DescriptionOrigin


def listed(ready_made: Iterable[ReadyMade], paper: Paper) -> list[str]:
    """Every description, with what it writes and how it is proven."""
    columns = (TableColumn("USE"), TableColumn("WRITES"), TableColumn("PROOF", flexible=True))
    return paper.table(columns, map(_row, ready_made))


def listed_json(ready_made: Iterable[ReadyMade]) -> list[Json]:
    return [_document(found) for found in ready_made]


def origin(channel: ChannelSettings) -> str:
    """Where the description of a channel comes from, and how it is proven."""
    found = channel.described_by
    assert found is not None, channel.name
    if found.path is None:
        where = "which comes with Skew"
    elif found.hides_ours:
        where = f"your own in {found.path}, instead of the one that comes with Skew"
    else:
        where = f"your own in {found.path}"
    adapter = f"; read by {_adapter(channel.kind)}" if _is_adapter(channel.kind) else ""
    return f"described by `{found.name}`, {where} ({found.title}, {proof(found)}){adapter}"


def origin_json(channel: ChannelSettings) -> Json:
    found = channel.described_by
    assert found is not None, channel.name
    return {
        "channel": channel.name,
        "use": found.name,
        "kind": channel.kind,
        "title": found.title,
        "file": None if found.path is None else str(found.path),
        "instead_of_ours": found.hides_ours,
        **_proof_json(found),
    }


def proof(found: DescriptionOrigin) -> str:
    """How sure a description is: `proven on django-oscar 4.2.1, 2026-11-30`."""
    if found.proof == "own":
        return "your own" if found.path is not None else "not proven"
    on = " on" if found.proof == "proven" else ":"
    return f"{found.proof}{on} {found.version}, {found.date}"


def writes(found: ReadyMade) -> str:
    """What a description can write."""
    return ", ".join(found.abilities.writes if found.abilities else ()) or "nothing"


def _row(found: ReadyMade) -> tuple[TableCell | str, ...]:
    if found.description is None or found.abilities is None or found.wrong:
        return (found.file.name, TableCell("can't be used", "red"), found.wrong)
    told = found.description.origin()
    words = [proof(told)]
    if _is_adapter(found.description.kind):
        words.append(_adapter(found.description.kind))
    kind = adapter_for(found.description)
    if kind:
        words.append(f'better: kind = "{kind}"')
    if told.path is not None:
        words.append(f"{told.path}, instead of ours" if told.hides_ours else str(told.path))
    return (TableCell(found.file.name, "bold"), writes(found), "; ".join(words))


def _document(found: ReadyMade) -> Json:
    document: Json = {"use": found.file.name, "shipped": found.file.shipped}
    document["file"] = None if found.file.shipped else str(found.file.path)
    if found.description is None or found.abilities is None or found.wrong:
        return {**document, "wrong": found.wrong}
    head = found.description.head
    return {
        **document,
        "title": found.description.title,
        "kind": found.description.kind,
        "adapter": _is_adapter(found.description.kind),
        "better_kind": adapter_for(found.description) or None,
        "reads": list(found.abilities.reads),
        "writes": list(found.abilities.writes),
        "events": found.abilities.events,
        **_proof_json(found.description.origin()),
        "sources": list(head.sources),
        "notes": list(head.notes),
        "sign_in": [
            {
                "scheme": way.scheme,
                "credentials": [
                    {"key": part.key, "env": part.variable("shop"), "what": part.what}
                    for part in way.credentials
                ],
            }
            for way in head.sign_in
        ],
    }


def _proof_json(found: DescriptionOrigin) -> Json:
    return {"proof": found.proof, "version": found.version, "date": found.date}


def _adapter(kind: str) -> str:
    package = channels.package_of(kind)
    return f"`{kind}` of the package {package}" if package else f"Skew's own adapter `{kind}`"


def _is_adapter(kind: str) -> bool:
    """Whether a kind is coded for one system, rather than described."""
    return kind not in channels.GENERAL
