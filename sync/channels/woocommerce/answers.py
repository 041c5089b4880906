"""What a shop answers to a write, change by change. Pure.

An answer of 200 may hold an error for each of its items, or show that nothing was changed.
"""

from collections.abc import Callable, Mapping, Sequence

from sync import values
from sync.channels.base import Change, Receipt

Fields = Mapping[str, object]
"""What is sent for one change."""
Entry = tuple[Change, Fields]


def by_id(
    entries: Sequence[Entry], rows: Sequence[object], text: Callable[[str], str]
) -> list[Receipt]:
    """A receipt for each change, by the id in the answer, whatever order that has.

    `text` makes a text of the shop's fit for a message.
    """
    found: dict[str, object] = {}
    nameless: list[str] = []
    for row in rows:
        number = row.get("id") if isinstance(row, dict) else None
        words = _error_in(row, text)
        if number:
            found[str(number)] = row
        elif words is not None:
            nameless.append(words)
    lacking = [change for change, _ in entries if _number(change) not in found]
    receipts = []
    for change, fields in entries:
        row = found.get(_number(change))
        if row is not None:
            receipts.append(receipt(change, fields, row, text))
        elif nameless and len(nameless) == len(lacking):
            # As many errors without an id as changes without an answer: each has one of them.
            receipts.append(Receipt(change, refused="; ".join(dict.fromkeys(nameless))))
        else:
            receipts.append(Receipt(change, unknown="the answer to the batch does not have it"))
    return receipts


def receipt(change: Change, fields: Fields, answer: object, text: Callable[[str], str]) -> Receipt:
    """What the shop answered for one change: an error, or the item as it is now."""
    words = _error_in(answer, text)
    if words is not None:
        return Receipt(change, refused=words)
    number = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or str(number) != _number(change):
        return Receipt(change, unknown=f"it answered for id {values.quoted(number)}")
    judged = [
        _judged(change, name, fields[name], answer[name]) for name in fields if name in answer
    ]
    return next((found for found in judged if found is not None), Receipt(change))


def _judged(change: Change, name: str, wanted: object, shown: object) -> Receipt | None:
    """What it means that a field shows this after it was set; None where it is what was wanted."""
    if name == "stock_quantity" and shown is not None:
        try:
            shown = values.quantity(shown)
        except ValueError as error:
            return Receipt(change, unknown=str(error))
    if shown == wanted:
        return None
    if name == "stock_quantity" and shown not in (None, change.previous.available):
        # Somebody else, or a plugin: only a reading shows what became of it.
        return Receipt(change, unknown=f"it answered with {shown}, not {wanted}")
    return Receipt(change, refused=f"accepted, but `{name}` still shows {values.quoted(shown)}")


def _error_in(row: object, text: Callable[[str], str]) -> str | None:
    """The words of an item's error; None where it has none."""
    error = row.get("error") if isinstance(row, dict) else None
    if isinstance(error, dict):
        error = error.get("message") or error.get("code") or "refused without a reason"
    return text(str(error)) if error else None


def _number(change: Change) -> str:
    return change.ref.rpartition("/")[2]
