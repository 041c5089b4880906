"""The filter's language: what the operator types after `/` → a `DisagreementFilter`. Pure.

Plain words look in the SKU and the title; `key:value` narrows (`channel:shop`, `kind:state`,
`status:open`, `sku:SKU-1`; several values with commas); `risk>100`, `age<1h` compare.
"""

import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import TypeVar

import msgspec

from store.model import Kind, Status
from store.panels import DisagreementFilter
from sync.units import duration

KEYS = ("channel", "kind", "status", "sku")

_KEYED = re.compile(r"([a-z]+):(.*)", re.ASCII)
_COMPARED = re.compile(r"(risk|age)\s*(>=|<=|>|<|=)\s*(.*)", re.ASCII)
_E = TypeVar("_E", bound=StrEnum)


class FilterError(ValueError):
    """The text is no filter. Its message says what would be."""


def parse(text: str, channels: Iterable[str] = ()) -> DisagreementFilter:
    """Read a filter; `channels` are the known names, to catch a misspelt one.

    Raises FilterError with the remedy.
    """
    wanted = DisagreementFilter()
    words: list[str] = []
    for token in text.split():
        if match := _COMPARED.fullmatch(token):
            wanted = _compare(wanted, match[1], match[2], match[3])
        elif (match := _KEYED.fullmatch(token)) and match[1] in (*KEYS, "state"):
            wanted = _narrow(wanted, match[1], match[2].split(","), tuple(channels))
        else:
            words.append(token)
    return msgspec.structs.replace(wanted, text=" ".join(words))


def _narrow(
    wanted: DisagreementFilter, key: str, values: list[str], channels: tuple[str, ...]
) -> DisagreementFilter:
    values = [value for value in values if value]
    if not values:
        raise FilterError(f"{key}: needs a value, such as {key}:{_example(key, channels)}")
    if key == "channel":
        for value in values:
            _check(value, channels or (value,), key)
        return msgspec.structs.replace(wanted, channels=wanted.channels + tuple(values))
    if key == "kind":
        return msgspec.structs.replace(wanted, kinds=wanted.kinds + _members(values, Kind, key))
    if key in ("status", "state"):
        found_statuses = _members(values, Status, key)
        return msgspec.structs.replace(wanted, statuses=wanted.statuses + found_statuses)
    return msgspec.structs.replace(wanted, skus=wanted.skus + tuple(values))


def _compare(
    wanted: DisagreementFilter, name: str, operator: str, value: str
) -> DisagreementFilter:
    if operator == "=":
        raise FilterError(f"{name} is compared with < or >, such as {_comparison(name)}")
    edge = "min" if operator.startswith(">") else "max"
    if name == "age":
        try:
            return msgspec.structs.replace(wanted, **{f"age_{edge}_ms": duration(value)})
        except ValueError:
            raise FilterError(f"{_quote(value)} is no age: write age>30s, age>5m, age<2h") from None
    try:
        return msgspec.structs.replace(wanted, **{f"risk_{edge}": _amount(value)})
    except ValueError:
        raise FilterError(f"{_quote(value)} is no amount: write risk>100") from None


def _amount(value: str) -> float:
    if not re.fullmatch(r"\d{1,12}(\.\d{1,2})?", value, re.ASCII):
        raise ValueError(value)
    return float(value)


def _members(values: list[str], enum: type[_E], key: str) -> tuple[_E, ...]:
    for value in values:
        _check(value, tuple(enum), key)
    return tuple(enum(value) for value in values)


def _check(value: str, known: Collection[str], key: str) -> None:
    if value not in known:
        raise FilterError(f"{_quote(value)} is no {key}: {', '.join(known)}")


def _example(key: str, channels: tuple[str, ...]) -> str:
    examples = {"kind": "quantity", "sku": "SKU-1", "channel": channels[0] if channels else "shop"}
    return examples.get(key, "open")


def _comparison(name: str) -> str:
    return "age>1h" if name == "age" else "risk>100"


def _quote(value: str) -> str:
    return f"“{value[:24]}”"
