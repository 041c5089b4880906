"""The updates' filter: what the operator types after `/` → an `UpdateFilter`. Pure.

Plain words look in the SKU and the title, `#17` is the update of that number, whatever has become
of it; `status:failed`, `channel:shop`, `sku:SKU-1` and `by:ana` narrow, several values with commas.
"""

import re
from collections.abc import Collection, Iterable, Sequence

import msgspec

from console.tui.data.filters.disagreement_filter import FilterError, typed
from store.corrections.update_list import UpdateFilter
from store.model import CorrectionStatus

KEYS = ("status", "channel", "sku", "by")

_NUMBER = re.compile(r"#(?P<id>[0-9]{1,18})")
_KEYED = re.compile(r"(?P<key>[a-z]+):(?P<values>.*)", re.ASCII)


def parse(text: str, channels: Iterable[str], statuses: Sequence[CorrectionStatus]) -> UpdateFilter:
    """Read a filter; `statuses` are wanted where it names none. Raises FilterError."""
    named: dict[str, list[str]] = {key: [] for key in KEYS}
    words, numbers = [], []
    for token in typed(text).split():
        match = _KEYED.fullmatch(token)
        if number := _NUMBER.fullmatch(token):
            numbers.append(int(number["id"]))
        elif match and match["key"] in KEYS:
            named[match["key"]] += _values(match["key"], match["values"])
        else:
            words.append(token)
    _check(named["channel"], tuple(channels), "channel")
    named["status"] = [value.replace("-", "_") for value in named["status"]]
    _check(named["status"], tuple(CorrectionStatus), "status")
    return msgspec.structs.replace(
        UpdateFilter(),
        ids=tuple(numbers),
        statuses=tuple(CorrectionStatus(value) for value in named["status"])
        or tuple(CorrectionStatus if numbers else statuses),
        channels=tuple(named["channel"]),
        skus=tuple(named["sku"]),
        people=tuple(named["by"]),
        text=" ".join(words),
    )


def _values(key: str, text: str) -> list[str]:
    values = [value for value in text.split(",") if value]
    if not values:
        raise FilterError(f"{key}: needs a value, such as {_EXAMPLES[key]}")
    return values


_EXAMPLES = {
    "status": "status:failed",
    "channel": "channel:shop",
    "sku": "sku:SKU-1",
    "by": "by:ana",
}


def _check(values: Iterable[str], known: Collection[str], key: str) -> None:
    for value in values:
        if value not in known:
            raise FilterError(f"“{value[:24]}” is not a {key}; known: {', '.join(known)}")
