"""Decode one TOML table into a Struct, key by key, and collect everything that is wrong with it.

Every error names the dotted key, quotes what is wrong and says what would be right. A value is
quoted only where it can't be a credential.
"""

import enum
import functools
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from sync.conditions import Condition, condition
from sync.errors import ConfigError
from sync.locations import LocationMap, location_map
from sync.secrets import REMEDY, SecretSource, SecretTable, is_secret_name, looks_secret
from sync.times.quiet_hours import QuietHours, quiet_hours
from sync.times.time_zones import TimeZone, time_zone
from sync.units import (
    Day,
    Duration,
    Flow,
    ListenAddress,
    Period,
    Portion,
    day,
    duration,
    flow,
    listen_address,
    period,
    portion,
)
from sync.values import quoted

T = TypeVar("T", bound=msgspec.Struct)

_PLACE = re.compile(r" - at `(?:key in )?\$(.*)`$")
_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_BOUND = re.compile(r"Expected `\w+` (>=|<=|>|<) (\S+)")
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_WORDS = {
    "str": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "a table",
    "array": "a list",
    "datetime": "a date and time",
    "date": "a date",
    "time": "a time",
}


class Findings(msgspec.Struct, frozen=True):
    """What decoding found: all that is wrong, what is doubtful, every secret that is named."""

    errors: list[ConfigError] = msgspec.field(default_factory=list)
    secrets: list[tuple[str, SecretSource]] = msgspec.field(default_factory=list)
    warnings: list[str] = msgspec.field(default_factory=list)

    def refuse(self, key: str, message: str) -> None:
        self.errors.append(ConfigError(key, message))


def table(data: Mapping[str, object], shape: type[T], key: str, found: Findings) -> T | None:
    """Decode a table, or answer None and add what is wrong with it to `found`."""
    before = len(found.errors)
    # msgspec alone stops at the first error of a table; an operator who repairs a file wants to
    # see them all. So the keys are decoded one by one, and the Struct is made of what came out.
    fields = _fields(shape)
    refuse_unknown(data, fields, key, found)
    values: dict[str, object] = {}
    for name, key_field in fields.items():
        dotted = join(key, name)
        if name in data:
            values[key_field.name] = _value(data[name], key_field.type, dotted, found)
        elif key_field.required:
            found.refuse(dotted, f"is missing: add `{name} = {_example(key_field.type)}`")
    if len(found.errors) > before:
        return None
    try:
        return shape(**values)
    except ValueError as error:
        # The text of a Struct's own check begins with the key that it is about, if it is about one.
        # That key becomes part of the dotted key, so that an editor can jump to it.
        place, _, remedy = str(error).partition(" ")
        place = place.removesuffix(":")
        meant = place.partition(".")[0] in fields
        found.refuse(join_path(key, place) if meant else key, remedy if meant else str(error))
        return None


def refuse_unknown(
    data: Mapping[str, object], known: Iterable[str], key: str, found: Findings
) -> None:
    """Add an error for every key of `data` that is not `known`, with the nearest that is."""
    known = tuple(known)
    found.errors.extend(
        ConfigError(join(key, name), f"is not a known key; {nearest(name, known)}")
        for name in data
        if name not in known
    )


def secrets_of(options: msgspec.Struct, key: str) -> Iterator[tuple[str, SecretSource]]:
    """Find every secret that a channel's options name, with its dotted key."""
    for key_field in msgspec.structs.fields(options):
        yield from _sources(getattr(options, key_field.name), join(key, key_field.encode_name))


def _sources(value: object, key: str) -> Iterator[tuple[str, SecretSource]]:
    if isinstance(value, SecretSource):
        yield key, value
    elif isinstance(value, msgspec.Struct):
        yield from secrets_of(value, key)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _sources(part, join(key, str(name)))
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _sources(part, f"{key}[{number}]")


def nearest(word: str, known: Iterable[str]) -> str:
    """Advise what was meant, or list what is known, to follow a semicolon."""
    known = tuple(known)
    import difflib

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known: {', '.join(sorted(known))}" if known else "remove it"


def join(key: str, name: str) -> str:
    """Write a dotted key; a name that TOML would quote is quoted."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        name = '"' + name.encode("unicode_escape").decode()[:60].replace('"', r"\"") + '"'
    return f"{key}.{name}" if key else name


def join_path(key: str, path: str) -> str:
    """Write a key below another; `path` may be dotted already."""
    return f"{key}.{path}" if key else path


def _value(value: object, kind: Any, key: str, found: Findings) -> object:  # noqa: ANN401
    """Decode one value of whatever type; None where it is wrong, with the error added."""
    inner = _required(kind)
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        return _struct(value, inner, key, found)
    if _may_be_secret(inner) or (inner is SecretTable and isinstance(value, dict)):
        return _with_secrets(value, inner, key, found)
    if get_origin(inner) in (list, tuple, dict) and isinstance(value, list | dict):
        parts = _parts(value, inner, key, found)
        if parts is not None:
            return parts
    choices = _choices(inner)
    if choices and value not in choices:
        allowed = " or ".join(f'"{choice}"' for choice in choices)
        # A key with a fixed set of words is never a credential, so the wrong word is quoted.
        found.refuse(key, f"must be {allowed}, not {quoted(value)}")
        return None
    try:
        return msgspec.convert(value, kind, dec_hook=_hook)
    except msgspec.ValidationError as error:
        found.errors.append(_translated(key, str(error), value))
        return None


def _parts(value: object, kind: Any, key: str, found: Findings) -> object:  # noqa: ANN401
    """Decode a list, or a table whose values msgspec alone can't explain; None for any other."""
    arguments = get_args(kind)
    if isinstance(value, list) and get_origin(kind) in (list, tuple):
        items = [_value(part, arguments[0], f"{key}[{n}]", found) for n, part in enumerate(value)]
        return items if get_origin(kind) is list else tuple(items)
    if isinstance(value, dict) and get_origin(kind) is dict:
        item = arguments[1]
        if _choices(item) or _may_be_secret(item):
            return {n: _value(part, item, join(key, n), found) for n, part in value.items()}
    return None


def _with_secrets(value: object, kind: Any, key: str, found: Findings) -> object:  # noqa: ANN401
    """Decode a text or a secret, or a table that is sent and has secrets, however deep."""
    if kind is SecretTable and isinstance(value, dict):
        parts = {name: _part(part, name, join(key, name), found) for name, part in value.items()}
        return SecretTable(parts)
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _struct(value, SecretSource, key, found)
    found.refuse(key, f"must be text in quotes, not {_named(value)}; of a secret, {REMEDY}")
    return None


def _part(value: object, name: str, key: str, found: Findings) -> object:
    if isinstance(value, list):
        return [_part(part, "", f"{key}[{n}]", found) for n, part in enumerate(value)]
    if isinstance(value, dict):
        if value and value.keys() <= _KEYS_OF_SECRET:
            return _struct(value, SecretSource, key, found)
        return {n: _part(part, n, join(key, n), found) for n, part in value.items()}
    if isinstance(value, str) and value and (is_secret_name(name) or looks_secret(value)):
        found.refuse(key, f"looks like a secret, which must not be in the file; {REMEDY}")
    return value


_KEYS_OF_SECRET = frozenset(field.name for field in msgspec.structs.fields(SecretSource))


@functools.cache
def _fields(shape: type) -> Mapping[str, msgspec.structs.FieldInfo]:
    # Once for each shape: a file may have twenty thousand tables of one.
    return {field.encode_name: field for field in msgspec.structs.fields(shape)}


def _struct(value: object, shape: type[T], key: str, found: Findings) -> T | None:
    if isinstance(value, dict):
        decoded = table(value, shape, key, found)
        if isinstance(decoded, SecretSource):
            found.secrets.append((key, decoded))
        return decoded
    if shape is SecretSource:
        found.refuse(key, f"a secret must not be in the file; {REMEDY}")
    else:
        found.refuse(key, f"must be a table, not {_named(value)}")
    return None


_READERS: Mapping[type, Callable[[object], object]] = types.MappingProxyType(
    {
        Period: period,
        Duration: duration,
        Portion: portion,
        Flow: flow,
        LocationMap: location_map,
        Day: day,
        TimeZone: time_zone,
        ListenAddress: listen_address,
        Condition: condition,
        QuietHours: quiet_hours,
    }
)


def _hook(kind: type, value: object) -> object:
    if kind is object:
        return value  # Any TOML value is allowed, such as a part of a body to be sent.
    return _READERS[kind](value)


def _required(kind: Any) -> Any:  # noqa: ANN401
    """Take the `| None` off a type, and the bounds off a Struct or a list."""
    if get_origin(kind) in (Union, types.UnionType):
        others = [member for member in get_args(kind) if member is not types.NoneType]
        return _required(others[0]) if len(others) == 1 else kind
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _may_be_secret(kind: Any) -> bool:  # noqa: ANN401
    """Whether it is text that may stand in the file, or the place of a secret."""
    return SecretSource in get_args(kind) and str in get_args(kind)


def _choices(kind: Any) -> tuple[str, ...]:  # noqa: ANN401
    if get_origin(kind) is Literal:
        return tuple(str(member) for member in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, enum.StrEnum):
        return tuple(kind)
    return ()


def _translated(key: str, message: str, value: object) -> ConfigError:
    """Put msgspec's message in the words of the file. A number that is out of range is quoted."""
    place = _PLACE.search(message)
    if place:
        key, message = key + place[1].replace("[...]", ".*"), message[: place.start()]
    expected = _EXPECTED.search(message)
    if expected:
        wanted = " or ".join(
            _WORDS.get(word, word) for word in expected[1].split(" | ") if word != "null"
        )
        message = f"must be {wanted}, not {_WORDS.get(expected[2], expected[2])}"
        message += expected.string[expected.end() :]
    bound = _BOUND.fullmatch(message)
    if bound:
        message = f"must be {_BOUNDS[bound[1]]} {bound[2]}"
        if isinstance(value, int | float):
            message += f", not {quoted(value)}"
    return ConfigError(key, message)


def _named(value: object) -> str:
    return _WORDS.get(type(value).__name__, "that")


def _example(kind: Any) -> str:  # noqa: ANN401
    inner = _required(kind)
    choices = _choices(inner)
    if choices:
        return f'"{choices[0]}"'
    if inner is SecretSource or _may_be_secret(inner):
        return '{ env = "NAME" }'
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        return "{ … }"
    examples = {
        str: '"…"',
        int: "0",
        float: "1.0",
        Duration: '"60s"',
        Period: '"60s"',
        Portion: '"50%"',
        Flow: '"in"',
        Day: '"2027-03-01"',
        TimeZone: '"Europe/Berlin"',
        ListenAddress: '"127.0.0.1:9464"',
        QuietHours: '"22:00-07:00 Europe/Berlin"',
    }
    return examples.get(inner, "…")
