"""Chooses which place in the records is which of our fields. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync import values
from sync.channels.csv.numbers import readings
from sync.describing import names
from sync.describing.seen import Path, SeenPlace

ORDER = (
    *("sku", "available", "on_hand", "committed", "incoming", "unavailable", "threshold"),
    *("state", "updated_at", "price", "title", "ref", "location"),
)
_Takes = Mapping[str, Callable[[object], bool]]
_VALID_MIN = 0.5
_SURE_MIN = 0.9
_UNIQUE_MIN = 0.9
_WORDS_MAX = 12
_AMOUNTS = frozenset({"on_hand", "committed", "incoming", "unavailable", "threshold"})


@dataclass(frozen=True, slots=True)
class ChosenField:
    """A place that is proposed for one of our fields."""

    name: str
    place: SeenPlace
    is_sure: bool
    why: str = ""
    """Why it is a guess."""
    is_number: bool = False
    """A SKU that is written as a number."""

    def remark(self) -> str:
        guess = "" if self.is_sure else f"guess{': ' if self.why else ''}{self.why}; "
        return f"{guess}{self.place.words()}"


@dataclass(slots=True)
class FieldChoice:
    """What was chosen for all of them."""

    fields: dict[str, ChosenField] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What is to be known beside them, a sentence each."""
    there: list[str] = field(default_factory=list)
    """All places that there are, as the description writes them."""

    @property
    def is_enough(self) -> bool:
        """Whether a channel could be read by it."""
        return "sku" in self.fields and bool(self.fields.keys() & {"available", "on_hand"})

    def left(self, shown: Callable[[Path], str]) -> list[str]:
        """The places that no field was found for."""
        taken = {shown(chosen.place.path) for chosen in self.fields.values()}
        return [place for place in self.there if place not in taken]


def choose(
    places: Sequence[SeenPlace], shown: Callable[[Path], str], *, is_file: bool = False
) -> FieldChoice:
    """Choose from the places of a sample. `shown` writes a place as the description does.

    `is_file`: numbers are written as people write them, 1.200 and 12,50.
    """
    takes = _TAKES_OF_A_FILE if is_file else _TAKES
    choice = FieldChoice(there=[shown(place.path) for place in places])
    left = list(places)
    for name in ORDER:
        found = _best(name, left, takes)
        if found is None or not _is_wanted(name, found):
            continue
        choice.fields[name] = found
        left.remove(found.place)
    _settle_quantity(choice, shown)
    _settle_location(choice, shown)
    _settle_state(choice, shown)
    _settle_prices(choice)
    _settle_words(choice)
    _settle_times(choice)
    return choice


def _is_wanted(name: str, found: ChosenField) -> bool:
    if name in {"ref", "location"}:
        return True
    # A name of several meanings is taken where the description can't be without it.
    return found.is_sure or name in {"sku", "available", "updated_at", "title"}


def _best(name: str, places: Iterable[SeenPlace], takes: _Takes) -> ChosenField | None:
    """Find the place that is most likely this field."""
    scored = [
        (score, -number, found)
        for number, place in enumerate(places)
        for score, found in [_scored(name, place, takes)]
        if found is not None
    ]
    return max(scored, key=lambda s: s[:2])[2] if scored else None


def _scored(name: str, place: SeenPlace, takes: _Takes) -> tuple[float, ChosenField | None]:
    rank = _rank(name, place.path)
    if rank is None or not place.of:
        return 0, None
    points, is_sure = rank
    valid = _valid(name, place, takes)
    if valid < _VALID_MIN:
        return 0, None
    share = place.found / place.of
    points += 20 * share + 20 * valid - 4 * (len(place.path) - 1)
    why = ""
    if name == "ref" and len(set(map(str, place.values))) < place.of:
        # What several listings share is the id of something else.
        return 0, None
    if name == "sku":
        written = Counter(map(str, place.values))
        unique = len(written) / max(1, len(place.values))
        points += 15 * unique
    if share < _SURE_MIN:
        why = why or f"{place.of - place.found:,} records lack it"
    elif not is_sure:
        why = why or f"by the name `{place.path[-1]}`"
    is_number = name == "sku" and all(type(value) is int for value in place.values)
    return points, ChosenField(name, place, is_sure and not why, why, is_number)


def _rank(name: str, path: Path) -> tuple[float, bool] | None:
    """Rate a name for a field: points, and whether it means nothing else."""
    last = names.plain(path[-1])
    joined = names.plain("".join(path[-2:]))
    sure, guess = names.SURE.get(name, {}), names.GUESS.get(name, {})
    ranks = [sure[word] for word in (joined, last) if word in sure]
    if ranks:
        return 100.0 - min(ranks) * 0.5, True
    if any(last in names.SURE[other] for other in names.SURE if other != name):
        # A clear name of another field, such as reserved_quantity, is no guess for this one.
        return None
    ranks = [guess[word] for word in (joined, last) if word in guess]
    if ranks:
        return 60.0 - min(ranks) * 0.5, False
    for known in (sure, guess):
        ending = [rank for word, rank in known.items() if len(word) > 2 and last.endswith(word)]  # noqa: PLR2004
        if ending:
            return 30.0 - min(ending) * 0.5, False
    return None


def _valid(name: str, place: SeenPlace, takes: _Takes) -> float:
    """Which part of the values the field could take."""
    if not place.values:
        # Nothing but null: a quantity of articles that are not counted.
        return _VALID_MIN if name == "available" else 0.0
    take = takes[name]
    return sum(map(take, place.values)) / len(place.values)


def _taken(take: Callable[[object], object]) -> Callable[[object], bool]:
    def is_taken(value: object) -> bool:
        try:
            take(value)
        except ValueError:
            return False
        return not isinstance(value, bool)

    return is_taken


def _is_quantity(value: object) -> bool:
    if isinstance(value, str) and (
        values.is_uncounted(value) or names.number_of(value) is not None
    ):
        return True
    return _taken(values.quantity)(value)


def _is_state(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, str | int) and len(str(value)) <= 40)  # noqa: PLR2004


def _is_written_quantity(value: object) -> bool:
    if isinstance(value, str) and any(
        number == number.to_integral_value() for number in readings(value).values()
    ):
        return True
    return _is_quantity(value)


_TAKES: _Takes = {
    "sku": lambda value: type(value) is int or _taken(values.sku)(value),
    "ref": _taken(values.location),
    "location": _taken(values.location),
    "available": _is_quantity,
    **dict.fromkeys(_AMOUNTS, _is_quantity),
    "state": _is_state,
    "price": _taken(values.price_minor),
    "title": lambda value: isinstance(value, str),
    "updated_at": _taken(values.instant),
}


_TAKES_OF_A_FILE: _Takes = {
    **_TAKES,
    **dict.fromkeys(("available", *_AMOUNTS), _is_written_quantity),
    "price": lambda value: isinstance(value, str) and bool(readings(value)),
}


def _settle_quantity(choice: FieldChoice, shown: Callable[[Path], str]) -> None:
    """Where the number may be what is on hand, say so; where it is, take what it is less."""
    available, on_hand = choice.fields.get("available"), choice.fields.get("on_hand")
    if available is not None and on_hand is not None and not available.is_sure:
        # Both numbers are there, and only one of the names is clear.
        del choice.fields["available"]
        choice.notes.append(
            f"`{shown(available.place.path)}` may be a quantity, too: {available.place.words()}"
        )
        available = None
    if available is not None and not available.is_sure:
        choice.notes.append(
            f"`{shown(available.place.path)}` may be what is on hand, orders not subtracted: "
            "then write on_hand instead of available"
        )
    if available is None and on_hand is None:
        for name in _AMOUNTS:
            choice.fields.pop(name, None)


def _settle_location(choice: FieldChoice, shown: Callable[[Path], str]) -> None:
    """Take a location only where a SKU stands there several times without it."""
    sku, location = choice.fields.get("sku"), choice.fields.get("location")
    times = Counter(map(str, sku.place.values)) if sku is not None else Counter[str]()
    is_unique = len(times) >= _UNIQUE_MIN * sum(times.values())
    if location is not None and (is_unique or location.place.found < location.place.of):
        del choice.fields["location"]
        why = "; it is left out, as each SKU is there once" if is_unique else ""
        choice.notes.append(
            f"`{shown(location.place.path)}` may be a location, {location.place.words()}{why}"
        )
        location = None
    if sku is not None and location is None and not is_unique:
        choice.fields["sku"] = replace(sku, is_sure=False, why="the same several times")


def _settle_state(choice: FieldChoice, shown: Callable[[Path], str]) -> None:
    """Take a state only where each of its words means one of ours."""
    found = choice.fields.get("state")
    if found is None:
        return
    said = Counter("true" if v is True else "false" if v is False else str(v)
                   for v in found.place.values)  # fmt: skip
    known = {word: names.state_of(word) for word in said}
    place = f"`{shown(found.place.path)}`"
    if len(said) > _WORDS_MAX:
        del choice.fields["state"]
        return
    unknown = [values.quoted(word) for word, state in known.items() if state is None]
    if unknown or found.place.nulls or found.place.found < found.place.of:
        del choice.fields["state"]
        why = f"its {', '.join(unknown)} are not known as states here" if unknown else ""
        choice.notes.append(
            f"{place} may be a state and is left out: {why or 'not all records have one'}"
            f" ({found.place.words()}); map its words in `states` to read it"
        )
        return
    for pair in (("true", "false"), ("1", "0")):
        if said.keys() <= set(pair):
            # The other of the two is nearly always to come.
            known |= {word: names.state_of(word) for word in pair}
    choice.states = {word: state for word, state in known.items() if state is not None}
    counts = ", ".join(f"{values.quoted(word)} {count:,} ×" for word, count in said.items())
    choice.notes.append(
        f"states are a guess by their names: {counts}. A record with another word can't be read "
        "until `states` has it"
    )


def _settle_prices(choice: FieldChoice) -> None:
    found = choice.fields.get("price")
    if found is not None and all(type(value) is int for value in found.place.values):
        choice.notes.append(
            "the prices are whole numbers: if they are cents, write divide(…, `100`) for price"
        )


def _settle_words(choice: FieldChoice) -> None:
    """Propose a meaning for each word that stands for a number."""
    for name in ("available", *_AMOUNTS):
        found = choice.fields.get(name)
        for value in found.place.values if found is not None else ():
            if isinstance(value, str) and not values.is_uncounted(value):
                meaning = None if _taken(values.quantity)(value) else names.number_of(value)
                if meaning is not None and value.isprintable() and len(choice.words) < _WORDS_MAX:
                    choice.words[value.strip()] = meaning
    if choice.words:
        choice.notes.append("words for numbers are a guess by their names: check each")


def _settle_times(choice: FieldChoice) -> None:
    found = choice.fields.get("updated_at")
    if found is None:
        return
    texts = [value for value in found.place.values if isinstance(value, str)]
    if texts and not any(_has_zone(text) for text in texts) and "gmt" not in found.place.path[-1]:
        choice.notes.append(
            f"the times of `{found.place.path[-1]}` name no zone: they are read as UTC unless "
            'timezone = "Europe/Berlin" or another says so'
        )


def _has_zone(text: str) -> bool:
    tail = text.strip()[-6:]
    return tail.endswith(("Z", "z")) or "+" in tail or tail[:1] == "-" or text.strip().isdigit()
