"""What a write sends: the body as it is described, filled in for one change or for several.

A body is an object or a list, sent as JSON or as a form, or a text. A text that is JSON or XML is
filled in as that is; in any other, only values that could be nothing else stand.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from sync.channels.http import placeholders
from sync.values import quoted

Body = dict[str, object] | list[object] | str
Meanings = Mapping[str, object]
"""What each placeholder stands for in one change."""

_IN_TEXT = re.compile(r"\$[a-z_]+", re.ASCII)
_BARE = re.compile(r"(?<=[:\[,\s])(\$[a-z_]+)(?=[\s,\]}])", re.ASCII)
_HARMLESS = re.compile(r"[\w .:/@+#*()-]*")
"""What can stand in a text of any format, between whatever separates its parts."""

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class WriteBody:
    """A body as it is sent: one of these."""

    json: object = None
    form: Sequence[tuple[str, str]] | None = None
    text: str | None = None
    type: str = ""
    """The media type of a text."""

    def written(self) -> str:
        """As a person reads it."""
        if self.text is not None:
            return self.text
        if self.form is not None:
            return urlencode(self.form)
        return json.dumps(self.json, ensure_ascii=False)


def used(body: Body) -> frozenset[str]:
    """The placeholders of a body. Raises ValueError, as `check`, for a text that is no JSON."""
    shape = _shape(body)
    if isinstance(shape, str):
        return frozenset(_IN_TEXT.findall(shape))
    return frozenset(placeholders.used(shape))


def check(body: Body, encoding: str) -> None:
    """Raise ValueError, beginning with `write.body`, for what can't be sent so."""
    if encoding == "form" and isinstance(body, str):
        pairs = body.split("&")
        if not all("=" in pair for pair in pairs):
            raise ValueError(
                "write.body is not a form: write an object, or text such as "
                '"sku=$sku&qty=$quantity"'
            )
        return
    if encoding == "form" and not isinstance(_shape(body), dict):
        raise ValueError('write.body must be an object or a text with encoding = "form"')
    _shape(body)


def batched(body: Body, where: str | None) -> object:
    """What stands for one change in the body of a batch. Raises ValueError.

    A list with one entry, at `where` in the body or as the whole body, is the list of the changes,
    and its entry one of them. Otherwise the whole body is one.
    """
    shape = _shape(body)
    if isinstance(shape, str):
        words = "write.batch needs a write.body that is an object or a list, not text"
        raise ValueError(words)  # noqa: TRY004
    inner = _at(shape, where)
    if isinstance(inner, list):
        if len(inner) != 1:
            raise ValueError(
                f"write.batch needs one entry in the list of write.body, not {len(inner)}: it says "
                "what each change is"
            )
        return inner[0]
    if isinstance(shape, list):
        words = "write.batch.list must name a list in write.body, which is a list itself"
        raise ValueError(words)  # noqa: TRY004
    return shape


def filled(body: Body, encoding: str, meanings: Meanings) -> WriteBody:
    """Fill in the body for one change. Raises ValueError where it can't be sent."""
    if encoding == "form" and isinstance(body, str):
        return WriteBody(text=_text(body, meanings, lambda text: quote(text, safe="")), type=_FORM)
    shape = _shape(body)
    if isinstance(shape, str):
        if shape.lstrip().startswith("<"):
            from xml.sax.saxutils import escape  # With it come clients of HTTP and of mail.

            marks = {'"': "&quot;", "'": "&apos;"}
            return WriteBody(
                text=_text(shape, meanings, lambda text: escape(text, marks)),
                type="application/xml; charset=utf-8",
            )
        return WriteBody(text=_text(shape, meanings, _plain), type="text/plain; charset=utf-8")
    return _content(placeholders.filled(shape, meanings), encoding)


def filled_batch(
    body: Body, encoding: str, where: str | None, changes: Sequence[Meanings]
) -> WriteBody:
    """Fill in the body for several changes."""
    shape = _shape(body)
    template = batched(body, where)
    entries = [placeholders.filled(template, meanings) for meanings in changes]
    if isinstance(_at(shape, where), list):
        return _content(_replaced(shape, where, entries), encoding)
    return _content(_nested(where, entries), encoding)


def _shape(body: Body) -> object:
    """The body, of a text that is JSON what it says. Raises ValueError where it is none."""
    if not isinstance(body, str) or body.lstrip()[:1] not in ("{", "["):
        return body
    try:
        found: object = json.loads(_BARE.sub(r'"\1"', body))
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"write.body begins like JSON and can't be read as JSON: {reason}"
        ) from None
    return found


def _at(shape: object, where: str | None) -> object:
    for name in where.split(".") if where else ():
        shape = shape.get(name) if isinstance(shape, dict) else None
    return shape


def _replaced(shape: object, where: str | None, entries: object) -> object:
    if not where or not isinstance(shape, dict):
        return entries
    name, _, rest = where.partition(".")
    return {**shape, name: _replaced(shape.get(name), rest, entries)}


def _nested(where: str | None, entries: object) -> object:
    whole = entries
    for name in reversed(where.split(".") if where else ()):
        whole = {name: whole}
    return whole


def _content(whole: object, encoding: str) -> WriteBody:
    if encoding == "form":
        return WriteBody(form=list(_fields("", whole)))
    return WriteBody(json=whole)


def _fields(name: str, value: object) -> Iterator[tuple[str, str]]:
    """The fields of a form; what is inside another value is named as PHP and Rails name it."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _fields(f"{name}[{key}]" if name else key, part)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _fields(f"{name}[{number}]" if name else str(number), part)
    elif value is not None:
        yield name, _written(value)


def _text(template: str, meanings: Meanings, safe: Callable[[str], str]) -> str:
    lacking: list[str] = []

    def part(found: re.Match[str]) -> str:
        meaning = meanings.get(found[0])
        if meaning is None or meaning == "":
            lacking.append(found[0])
            return ""
        return safe(_written(meaning))

    text = _IN_TEXT.sub(part, template)
    if lacking:
        raise ValueError(f"it has no {lacking[0][1:]}, which the body needs for {lacking[0]}")
    return text


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _plain(text: str) -> str:
    if not _HARMLESS.fullmatch(text):
        raise ValueError(f"{quoted(text)} can't stand in a body of plain text")
    return text
