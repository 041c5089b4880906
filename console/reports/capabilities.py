"""What each kind of channel can do: `skew channels`, its JSON, and the table of docs/channels.md.

All of it is from the kinds' own `ABILITIES`, which the engine obeys too.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from console.reports.table import Paper, TableCell
from sync.channels.abilities import Abilities

if TYPE_CHECKING:
    from sync.channels import ListedKind

NO_PACKAGES: Mapping[str, str] = MappingProxyType({})
NOT_RUN = "contract-tested, not run against the live service"
_NAME = 16
"""The longest name of a kind, and space."""
_INDENT = " " * (_NAME + 8)
_USUAL_MS = Abilities("", ()).applies_within_ms
_LONG_S = 120


def proof(kind: Abilities, package: str = "") -> str:
    """What shows that the kind works. `package` is the one that it is from; empty for ours."""
    if kind.proven:
        return f"run against {kind.proven}"
    if package:
        return f"the tests of {package}"
    if kind.kind == "simulated":
        return "comes with Skew"
    if kind.described:
        return "yours: `skew check --online` tries it"
    return NOT_RUN


def result(kind: Abilities) -> str:
    """How a call of `write` is answered: `whole call`, `per item`, `later`; empty: it writes none.

    A whole call is applied or refused as one. `later`: it is accepted, and shows some time after.
    """
    if not kind.writes:
        return ""
    if kind.later:
        return "later"
    return "per item" if kind.per_item else "whole call"


def since(kind: Abilities) -> str:
    """Whether it can be asked for what changed."""
    return "yes, true for stock" if kind.since else "no"


def channels_json(
    kinds: Iterable[Abilities], packages: Mapping[str, str] = NO_PACKAGES
) -> list[dict[str, Any]]:
    """The document of `skew channels --json`, an entry for each kind.

    `packages` are those that kinds are from which are not ours, by the kind.
    """
    return [
        {
            **asdict(kind),
            "reads": list(kind.reads),
            "states": sorted(str(state) for state in kind.states),
            "writes": list(kind.writes),
            "absolute": bool(kind.writes),
            "result": result(kind),
            "limit": kind.rate_limit,
            "proof": proof(kind, packages.get(kind.kind, "")),
            "package": packages.get(kind.kind),
        }
        for kind in kinds
    ]


def broken_json(kinds: Iterable["ListedKind"]) -> list[dict[str, Any]]:
    """The kinds of other packages that can't be used."""
    return [
        {"kind": kind.name, "package": kind.package, "wrong": kind.wrong}
        for kind in kinds
        if kind.wrong
    ]


def broken(kinds: Iterable["ListedKind"], paper: Paper) -> list[str]:
    """The kinds of other packages that can't be used, and why, a paragraph each."""
    lines: list[str] = []
    for kind in kinds:
        if kind.wrong:
            title = TableCell(f"{kind.name:{_NAME - 1}} ", "bold")
            lines += ["", paper.line(title, TableCell("can't be used", "red"))]
            lines += paper.paragraph(kind.wrong, " " * _NAME)
    return lines


def channels(
    kinds: Iterable[Abilities], paper: Paper, packages: Mapping[str, str] = NO_PACKAGES
) -> list[str]:
    """The kinds of channel and what each can do, a paragraph each."""
    lines: list[str] = []
    for kind in kinds:
        package = packages.get(kind.kind, "")
        lines += _titled(
            paper, TableCell(f"{kind.kind:{_NAME - 1}} ", "bold"), kind.notes, " " * _NAME
        )
        for title, words in (
            ("reads", ", ".join(kind.reads)),
            ("writes", _writing(kind)),
            ("states", ", ".join(sorted(kind.states)) or "none"),
            ("has", ", ".join(name for is_there, name in _promises(kind) if is_there)),
            ("limit", kind.rate_limit),
            ("proof", proof(kind, package)),
            ("from", package and f"the package {package}"),
        ):
            if words:
                cell = TableCell(f"{title:8}", "dim")
                lines += _titled(paper, cell, words, _INDENT, before=" " * _NAME)
        lines.append("")
    return lines[:-1]


def markdown(
    kinds: Iterable[Abilities],
    pages: Container[str],
    *,
    folder: str = "channels",
    of: Container[str] | None = None,
) -> str:
    """The table of docs/channels.md, and the short one of the README: the columns `of` it.

    A kind that has a page in `folder`, one of `pages`, is a link to it.
    """
    columns = [column for column in COLUMNS if of is None or column[0] in of]
    titles = ["kind", *(title for title, _ in columns)]
    rows = [titles, ["---"] * len(titles)]
    for kind in kinds:
        name = f"`{kind.kind}`"
        linked = f"[{name}]({folder}/{kind.kind}.md)" if kind.kind in pages else name
        rows.append([linked, *(_in_a_cell(cell(kind)) for _, cell in columns)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _writing(kind: Abilities) -> str:
    if not kind.writes:
        return "nothing"
    return f"{', '.join(kind.writes)}: absolute; result: {_result_in_words(kind)}"


def _result_in_words(kind: Abilities) -> str:
    is_usual = kind.applies_within_ms == _USUAL_MS
    return result(kind) if is_usual else f"{result(kind)}, shows within {_span(kind)}"


def _promises(kind: Abilities) -> Sequence[tuple[bool, str]]:
    return (
        (kind.compare_and_set, "compare-and-set"),
        (kind.idempotency, "idempotency keys"),
        (kind.reads_one, "one listing by itself"),
        (kind.batch_max > 1, f"{kind.batch_max:,} writes at once"),
        (kind.since, "what changed since a time, true for stock"),
        (kind.locations, "locations"),
        (kind.events, "events"),
    )


def _titled(
    paper: Paper, title: TableCell, words: str, indent: str, *, before: str = ""
) -> list[str]:
    """A title and a text beside it, broken at the edge of the paper."""
    first, *more = paper.paragraph(words, indent) or [""]
    return [paper.line(before, title, first.strip()), *more]


def _span(kind: Abilities) -> str:
    seconds = kind.applies_within_ms / 1000
    return f"{seconds:g} s" if seconds < _LONG_S else f"{seconds / 60:g} min"


def _yes(is_so: bool) -> str:  # noqa: FBT001 - it is only its word.
    return "yes" if is_so else "no"


def _in_a_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


COLUMNS: Sequence[tuple[str, Callable[[Abilities], str]]] = (
    ("reads", lambda kind: ", ".join(kind.reads)),
    ("states", lambda kind: ", ".join(sorted(kind.states)) or "none"),
    ("writes", lambda kind: ", ".join(kind.writes) or "nothing"),
    ("absolute", lambda kind: _yes(bool(kind.writes))),
    ("delta", lambda kind: "not used" if kind.delta else "no"),
    ("compare-and-set", lambda kind: _yes(kind.compare_and_set)),
    ("idempotency key", lambda kind: _yes(kind.idempotency)),
    ("batch", lambda kind: f"{kind.batch_max:,}" if kind.writes else ""),
    ("result", _result_in_words),
    ("since", since),
    ("limit", lambda kind: kind.rate_limit or "none known"),
    ("proof", proof),
)
"""The columns of the table in docs/channels.md, after the kind's name."""

IN_SHORT = ("writes", "compare-and-set", "idempotency key", "batch", "result", "proof")
"""Those that the README shows."""
