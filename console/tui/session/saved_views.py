"""Views with names: a page with its filter, order, groups and columns, in two TOML files.

The team's stands beside the configuration (`views.toml`, or what `[console] views` names) and is
only read. The operator's own is in the folder of the console's memory; where both have a name, the
own view counts. What is wrong is said with file and key, and no file is written over then.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from console.keys.action import PageName
from console.tui.data.filters import disagreement_filter
from console.tui.data.filters.disagreement_filter import FilterError
from console.tui.session.memory import PageMemory, Remembered, SessionMemory, replace_file
from store.queries.ranking_values import GroupBy
from store.queries.values import Sort
from sync.config import toml
from sync.config.decoding import Findings, join, nearest, table
from sync.errors import ConfigError, ConfigErrors
from sync.settings import Settings

TEAM_FILE = "views.toml"
NAME = re.compile(r"[\w-]{1,40}")
NAME_RULE = "a view's name is one word of letters, digits, - and _"

PAGES = (PageName.DISAGREEMENTS, PageName.UPDATES, PageName.INCIDENTS)
"""Those that a view can be of."""

_KEPT = msgspec.structs.fields(PageMemory)
_TABLE = msgspec.defstruct(
    "SavedViewTable",
    [("page", str, PageName.DISAGREEMENTS.value)]
    + [(kept.name, kept.type, kept.default) for kept in _KEPT],
    kw_only=True,
)


class SavedView(msgspec.Struct, frozen=True):
    """What is opened under a name."""

    page: PageName
    memory: PageMemory
    """What is empty in it is as the page begins."""
    is_own: bool = False

    def summary(self) -> str:
        """What it shows, in a line."""
        memory = self.memory
        parts = [str(self.page), memory.filter]
        parts += [f"sort {memory.sort}"] if memory.sort else []
        grouped = memory.group and memory.group != GroupBy.NONE
        parts += [f"by {memory.group}"] if grouped else []
        return " · ".join(part for part in parts if part)


class SavedViews(msgspec.Struct):
    """All that there are. Without a file, as in the demo, the own ones last for this run."""

    team: Mapping[str, SavedView] = msgspec.field(default_factory=dict)
    own: dict[str, SavedView] = msgspec.field(default_factory=dict)
    path: Path | None = None
    """Where the own ones are written; None: nowhere."""
    channels: tuple[str, ...] = ()

    @property
    def all(self) -> Mapping[str, SavedView]:
        """By name, in the order of the names."""
        return dict(sorted({**self.team, **self.own}.items()))

    def advice(self, name: str) -> str:
        """What to say of a name that is not known."""
        if not self.all:
            return "there are no views yet"
        return nearest(name, self.all)

    def save(self, name: str, view: SavedView) -> None:
        """Write a view down as the operator's own. Raises OSError, ConfigErrors."""
        # Another console may have saved one meanwhile.
        self._reread()
        self.own[name] = msgspec.structs.replace(view, is_own=True)
        self._write()

    def forget(self, name: str) -> None:
        """Take an own view away. Raises OSError, ConfigErrors."""
        self._reread()
        self.own.pop(name, None)
        self._write()

    def remembered(self, name: str, before: Remembered) -> Remembered:
        """What the console begins with where it is to open a view. Raises KeyError."""
        view = self.all[name]
        return Remembered(page=view.page, pages={**before.pages, view.page: view.memory})

    def _reread(self) -> None:
        if self.path is not None and self.path.exists():
            self.own = read(self.path, self.channels, is_own=True)

    def _write(self) -> None:
        if self.path is None:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(self.path, written(self.own).encode())


def load(settings: Settings, memory: SessionMemory) -> SavedViews:
    """Read the views of a configuration. Raises ConfigErrors with all that is wrong in a file."""
    channels = tuple(settings.channels)
    named = settings.console.views
    team_path = named or settings.path.parent / TEAM_FILE
    if named is not None and not named.is_file():
        error = ConfigError("console.views", f"{named}: no such file; v saves views of your own")
        raise ConfigErrors(str(settings.path), (error,))
    team = read(team_path, channels) if team_path.is_file() else {}
    if memory.folder is None:
        return SavedViews(team, {}, None, channels)
    path = memory.folder / f"views-{memory.key}.toml"
    own = read(path, channels, is_own=True) if path.is_file() else {}
    return SavedViews(team, own, path, channels)


def read(path: Path, channels: tuple[str, ...], *, is_own: bool = False) -> dict[str, SavedView]:
    """Read one file. Raises ConfigErrors with everything that is wrong with it."""
    found = Findings()
    views: dict[str, SavedView] = {}
    try:
        data = toml.read(path)
    except FileNotFoundError:
        return {}
    except ConfigError as error:
        raise ConfigErrors(str(path), (error,)) from None
    for name, value in data.items():
        key = join("", name)
        if not NAME.fullmatch(name):
            found.refuse(key, NAME_RULE)
        elif not isinstance(value, dict):
            found.refuse(key, f"must be a table: write [{name}]")
        elif (view := _view(value, key, channels, found)) is not None:
            views[name] = msgspec.structs.replace(view, is_own=is_own)
    if found.errors:
        raise ConfigErrors(str(path), tuple(found.errors))
    return views


def written(views: Mapping[str, SavedView]) -> str:
    """The text of a file with these views."""
    return "\n".join(
        "".join(f"{line}\n" for line in _lines(name, view)) for name, view in views.items()
    )


def _lines(name: str, view: SavedView) -> Iterator[str]:
    yield f"[{name if name.isascii() else toml.text(name)}]"
    yield f"page = {toml.text(view.page)}"
    for kept in _KEPT:
        value = getattr(view.memory, kept.name)
        if value:
            yield f"{kept.name} = {_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, str):
        return toml.text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(part) for part in value)}]"
    if isinstance(value, dict):
        pairs = (f"{toml.text(str(name))} = {_value(part)}" for name, part in value.items())
        return f"{{ {', '.join(pairs)} }}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _view(
    data: Mapping[str, object], key: str, channels: tuple[str, ...], found: Findings
) -> SavedView | None:
    read_table = table(data, _TABLE, key, found)
    if read_table is None:
        return None
    values = msgspec.structs.asdict(read_table)
    page, memory = values.pop("page"), PageMemory(**values)
    if page not in PAGES:
        found.refuse(join(key, "page"), f'"{page}" is not a page of views; {nearest(page, PAGES)}')
        return None
    place = PageName(page)
    try:
        _parse(place, memory.filter, channels)
    except FilterError as error:
        found.refuse(join(key, "filter"), str(error))
    for name, words in zip(("sort", "group"), _orders(place), strict=True):
        value, known = getattr(memory, name), tuple(words or ())
        if value and value not in known:
            found.refuse(join(key, name), f'"{value}" is not known; {nearest(value, known)}')
    return SavedView(place, memory)


def _orders(page: PageName) -> tuple[type[StrEnum], type[StrEnum] | None]:
    """The words for `sort` and `group` of a page."""
    # What a page but the first one needs is imported with it, or where a view is of it.
    if page is PageName.DISAGREEMENTS:
        return Sort, GroupBy
    if page is PageName.UPDATES:
        from store.corrections.update_list import UpdateGroup, UpdateSort

        return UpdateSort, UpdateGroup
    from store.channels.incident_list import IncidentSort

    return IncidentSort, None


def _parse(page: PageName, text: str, channels: tuple[str, ...]) -> None:
    if page is PageName.DISAGREEMENTS:
        disagreement_filter.parse(text, channels)
    elif page is PageName.UPDATES:
        from console.tui.data.filters import update_filter
        from store.corrections.update_list import STATUSES, UpdateGroup

        update_filter.parse(text, channels, STATUSES[UpdateGroup.OPEN])
    else:
        from console.tui.data.filters import incident_filter

        incident_filter.parse(text, channels)
