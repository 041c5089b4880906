"""The filter's language: what the operator types after `/` → a `DisagreementFilter`. Pure.

Plain words look in the SKU and the title, each anywhere; in quotes they are one phrase (a quote in
it is doubled). `key:value` narrows, several values with commas mean any of them; `risk>100`,
`units>5`, `age<1h` compare, `age:1h-4h` is between. A `-` before any of these leaves out what fits.

Whatever the screen prints as a state, a cause or an age is a value of `state:`, `cause:`, `age:`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from console.tui.data.filters import printed
from console.tui.data.grouping import AGE_FILTERS, AGES
from store.model import Kind
from store.queries.ranking_values import Side
from store.queries.values import DisagreementFilter
from sync.causes.kinds import KINDS as CAUSES
from sync.units import duration, duration_text

KEYS = (
    "channel",
    "kind",
    "status",
    "sku",
    "cause",
    "side",
    "acked",
    "ignored",
    "risk",
    "units",
    "age",
)
"""What can be narrowed by; `state` is another word for `status`."""

COMPARED = ("risk", "units", "age")
LENGTH_MAX = 500
AMOUNT_MAX = 10**12
STARS_MAX = 5
"""More in one pattern would let a few characters cost the cache seconds for each SKU."""

_KEY = re.compile(r"(?P<key>[a-z]+)(?P<sign>:|>=|<=|>|<|=)", re.ASCII)
_BARE = re.compile(r"[^\s,]*")
_BARE_AGE = re.compile(rf"{printed.TWO_UNITS}(?![^\s,])|[^\s,]*", re.ASCII)
_WORD = re.compile(r"\S+")
_QUOTED = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"')
_AMOUNT = re.compile(r"-?\d{1,13}(\.\d{1,2})?", re.ASCII)
_CENT = 0.01
_BUCKETS = dict(zip(AGES, AGE_FILTERS, strict=True))
"""What the line of ages prints, and the filter that it stands for."""
NO_CAUSE = "cause not known yet"
"""What the screen prints where no cause is known yet."""


class FilterError(ValueError):
    """The text is not a filter. Its message says what would be."""


class Token(NamedTuple):
    """One part of a filter: a word or phrase, or a key with what it is compared with."""

    negated: bool
    key: str
    """Empty: a word."""
    operator: str
    values: tuple[str, ...]


def parse(text: str, channels: Iterable[str] = ()) -> DisagreementFilter:
    """Read a filter; `channels` are the known names, to catch a misspelt one.

    Raises FilterError with the remedy.
    """
    known = tuple(channels)
    wanted, without = DisagreementFilter(), []
    for token in tokens(text):
        if token.negated:
            without.append(_add(DisagreementFilter(), token, known))
        else:
            wanted = _add(wanted, token, known)
    return msgspec.structs.replace(wanted, without=tuple(without))


def tokens(text: str) -> Iterator[Token]:
    """The parts of a filter, in order. Raises FilterError where it can't be parted."""
    text = typed(text)
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        negated = text[place] == "-" and not text[place + 1 : place + 2].isspace()
        negated = negated and place + 1 < len(text)
        place += negated
        match = _KEY.match(text, place)
        key, sign = match.group("key", "sign") if match is not None else ("", "")
        # A word with a colon that is no key of ours is part of a SKU or a title: `lamp:red` is
        # looked for as it stands.
        if match is not None and _is_key(key, sign):
            values, place = _values(text, match.end(), _BARE_AGE if key == "age" else _BARE)
            yield Token(negated, "status" if key == "state" else key, sign, values)
        else:
            word, place = _read(text, place, _WORD)
            if word:
                yield Token(negated, "", "", (word,))


def typed(text: str) -> str:
    """What was typed, fit to be looked for. Raises FilterError where it is too long."""
    # A lone surrogate can't be bound, nor shown.
    text = text.encode("utf-8", "replace").decode()
    if len(text) > LENGTH_MAX:
        raise FilterError(f"a filter has at most {LENGTH_MAX} characters")
    return text


def filter_text(wanted: DisagreementFilter) -> str:
    """Write a filter in its plainest form: `parse` of it gives the same filter."""
    parts = [
        *(_quote_word(word) for word in wanted.words),
        *(
            f"{key}:{','.join(_quote_value(value) for value in values)}"
            for key, values in (
                ("channel", wanted.channels),
                ("kind", wanted.kinds),
                ("status", printed.written(wanted)),
                ("sku", (*wanted.skus, *wanted.patterns)),
                ("cause", tuple(cause or NO_CAUSE for cause in wanted.causes)),
                ("side", () if wanted.side is None else (wanted.side,)),
            )
            if values
        ),
    ]
    if wanted.acknowledged is not None:
        parts.append(f"acked:{'yes' if wanted.acknowledged else 'no'}")
    if wanted.ignored is not None:
        parts.append(f"ignored:{'yes' if wanted.ignored else 'no'}")
    for name, low, high in (
        ("risk", _amount_text(wanted.risk_min), _amount_text(wanted.risk_max)),
        ("units", _amount_text(wanted.units_min), _amount_text(wanted.units_max)),
        ("age", _age_text(wanted.age_min_ms), _age_text(wanted.age_max_ms)),
    ):
        parts += [f"{name}>{low}"] if low else []
        parts += [f"{name}<{high}"] if high else []
    return " ".join([*parts, *(f"-{filter_text(part)}" for part in wanted.without)])


def choices(key: str, channels: Sequence[str]) -> tuple[str, ...]:
    """What can stand after `key:`; empty where it can be anything."""
    return {
        "channel": tuple(channels),
        "kind": tuple(Kind),
        "status": printed.NAMES,
        "state": printed.NAMES,
        "cause": (*CAUSES, NO_CAUSE),
        "side": tuple(Side),
        "acked": ("yes", "no"),
        "ignored": ("yes", "no"),
    }.get(key, ())


def completed(text: str, channels: Sequence[str]) -> str | None:
    """The text with the part that is being typed brought to its end; None where nothing fits."""
    head, part = re.fullmatch(r"(.*?)(\S*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    sign = "-" if part.startswith("-") else ""
    part = part.removeprefix("-")
    key, colon, values = part.partition(":")
    if not colon:
        found = next((key for key in KEYS if part and key.startswith(part)), None)
        return found and f"{head}{sign}{found}{'>' if found in COMPARED else ':'}"
    before, comma, last = values.rpartition(",")
    fits = (
        choice for choice in choices(key, channels) if choice.startswith(last.removeprefix('"'))
    )
    found = next(fits, None)
    return found and f"{head}{sign}{key}:{before}{comma}{_quote_value(found)}"


def _is_key(name: str, operator: str) -> bool:
    return name in COMPARED if operator != ":" else name in KEYS or name == "state"


def _read(text: str, place: int, bare: re.Pattern[str]) -> tuple[str, int]:
    """One word or value, in quotes or not, and where it ends."""
    if not text.startswith('"', place):
        match = bare.match(text, place)
        return (match[0], match.end()) if match else ("", place)
    match = _QUOTED.match(text, place)
    if match is None:
        raise FilterError(f"the closing quote is missing: {_quote(text[place:])}")
    return match["quoted"].replace('""', '"'), match.end()


def _values(text: str, place: int, bare: re.Pattern[str]) -> tuple[tuple[str, ...], int]:
    values = []
    while True:
        value, place = _read(text, place, bare)
        if value:
            values.append(value)
        if not text.startswith(",", place):
            return tuple(values), place
        place += 1


def _add(wanted: DisagreementFilter, token: Token, channels: tuple[str, ...]) -> DisagreementFilter:
    key, values = token.key, token.values
    if not key:
        return msgspec.structs.replace(wanted, words=wanted.words + values)
    if not values:
        raise FilterError(f"{key}: needs a value, such as {_example(key, channels)}")
    if key in COMPARED:
        return _compare(wanted, token)
    add = {"sku": _add_skus, "cause": _add_causes, "status": _add_states}.get(key)
    if add is not None:
        return add(wanted, values)
    return _choose(wanted, key, values, choices(key, channels) or values)


def _choose(
    wanted: DisagreementFilter, key: str, values: Sequence[str], known: Iterable[str]
) -> DisagreementFilter:
    """Narrow to some of what is known."""
    for value in values:
        _check(value, known, key)
    if key == "acked":
        return msgspec.structs.replace(wanted, acknowledged=values[-1] == "yes")
    if key == "ignored":
        return msgspec.structs.replace(wanted, ignored=values[-1] == "yes")
    if key == "side":
        if len(set(values)) > 1:
            raise FilterError("side: write oversell or undersell; leave it out for both")
        return msgspec.structs.replace(wanted, side=Side(values[0]))
    field, make = _LISTS[key]
    chosen = (*getattr(wanted, field), *(make(value) for value in values))
    return msgspec.structs.replace(wanted, **{field: tuple(dict.fromkeys(chosen))})


def _add_causes(wanted: DisagreementFilter, values: Sequence[str]) -> DisagreementFilter:
    spaced = [_spaced(value) for value in values]
    # The column that says why has the cause, else what the row waits for.
    if not set(spaced) & set(CAUSES) and all(map(printed.read, spaced)):
        return _add_states(wanted, spaced)
    found = _choose(wanted, "cause", spaced, (*CAUSES, NO_CAUSE))
    causes = tuple("" if cause == NO_CAUSE else cause for cause in found.causes)
    return msgspec.structs.replace(found, causes=tuple(dict.fromkeys(causes)))


_LISTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "channel": ("channels", str),
    "kind": ("kinds", Kind),
    "cause": ("causes", str),
}


def _add_states(wanted: DisagreementFilter, values: Sequence[str]) -> DisagreementFilter:
    for value in values:
        found = printed.read(value)
        if found is None:
            _check(value, printed.NAMES, "status")
            continue
        chosen = dict.fromkeys((*getattr(wanted, found.field), found.value))
        wanted = msgspec.structs.replace(wanted, **{found.field: tuple(chosen)})
    return wanted


def _add_skus(wanted: DisagreementFilter, values: Sequence[str]) -> DisagreementFilter:
    patterns = tuple(re.sub(r"\*+", "*", value) for value in values if "*" in value or "?" in value)
    for pattern in patterns:
        if pattern.count("*") > STARS_MAX:
            raise FilterError(f"{_quote(pattern)} has more than {STARS_MAX} stars")
    show_blanks = tuple(value for value in values if "*" not in value and "?" not in value)
    return msgspec.structs.replace(
        wanted, skus=wanted.skus + show_blanks, patterns=wanted.patterns + patterns
    )


def _compare(wanted: DisagreementFilter, token: Token) -> DisagreementFilter:
    name, operator = token.key, token.operator
    if operator == "=" or len(token.values) > 1:
        raise FilterError(f"{name} is compared with < or >, such as {_EXAMPLES[name]}")
    (value,) = token.values
    if operator != ":":
        return _bound(wanted, name, operator, value)
    if name == "age" and value in _BUCKETS:
        return _compare(wanted, next(tokens(_BUCKETS[value])))
    if name == "age" and (ends := printed.age_ends(value)) is not None:
        from_ms, before_ms = (f"{end}ms" for end in ends)
        return _bound(_bound(wanted, name, ">=", from_ms), name, "<", before_ms)
    low, dash, high = value.partition("-")
    if not dash or not (low or high):
        raise FilterError(f"{name}: needs two ends, such as {_RANGES[name]}")
    if low:
        wanted = _bound(wanted, name, ">=", low)
    return _bound(wanted, name, "<", high) if high else wanted


def _bound(wanted: DisagreementFilter, name: str, operator: str, value: str) -> DisagreementFilter:
    """Raise the lower end or lower the upper one; of two that are given, the narrower holds."""
    rises = operator.startswith(">")
    if name == "age":
        edge: float = _age(value)
        field = f"age_{'min' if rises else 'max'}_ms"
    else:
        step = 1 if name == "units" else _CENT
        # What is more than 4 is at least 5: one sort of edge is kept.
        step = (-step if rises else step) if operator.endswith("=") else 0
        edge = max(-AMOUNT_MAX, min(AMOUNT_MAX, round(_amount(name, value) + step, 2)))
        edge = int(edge) if name == "units" else edge
        field = f"{name}_{'min' if rises else 'max'}"
    before = getattr(wanted, field)
    if before is not None:
        edge = max(before, edge) if rises else min(before, edge)
    return msgspec.structs.replace(wanted, **{field: edge})


def _age(value: str) -> int:
    ends = printed.age_ends(value)
    if ends is not None:
        return ends[0]
    try:
        return int(duration(value))
    except ValueError:
        raise FilterError(f"{_quote(value)} is not an age: write age>30s, age>5m, age<2h") from None


def _amount(name: str, value: str) -> float:
    if not _AMOUNT.fullmatch(value) or (name == "units" and "." in value):
        raise FilterError(f"{_quote(value)} is not an amount: write {_EXAMPLES[name]}")
    return float(value)


def _amount_text(amount: float | None) -> str:
    return "" if amount is None else f"{amount:.2f}".removesuffix("0").removesuffix(".0")


def _age_text(span_ms: int | None) -> str:
    return "" if span_ms is None else duration_text(span_ms)


def _check(value: str, known: Iterable[str], key: str) -> None:
    if value not in known:
        raise FilterError(f"{_quote(value)} is not a {key}; known: {', '.join(known)}")


def _example(key: str, channels: Sequence[str]) -> str:
    known = choices(key, channels)
    return f"{key}:{known[0]}" if known else _EXAMPLES[key]


_EXAMPLES = {
    "channel": "channel:shop",
    "sku": "sku:DS-*",
    "risk": "risk>100",
    "units": "units>5",
    "age": "age>1h",
}
_RANGES = {"risk": "risk:10-100", "units": "units:1-5", "age": "age:1h-4h"}


def _spaced(value: str) -> str:
    """`second-writer` is quicker to type than `"second writer"`."""
    return value.replace("-", " ").replace("_", " ")


def _quote_word(word: str) -> str:
    is_plain = _WORD.fullmatch(word) and not word.startswith(("-", '"')) and not _KEY.match(word)
    return word if is_plain else _in_quotes(word)


def _quote_value(value: str) -> str:
    is_plain = _BARE.fullmatch(value) and not value.startswith('"')
    return value if is_plain else _in_quotes(value)


def _in_quotes(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _quote(value: str) -> str:
    return f"“{value[:24]}”"
