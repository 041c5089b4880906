"""Where descriptions are kept, and which of a name is taken.

A folder `descriptions` beside skew.toml comes first, then the one in the user's configuration, then
what comes with Skew.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

FOLDER = "descriptions"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)

_SHIPPED = Path(__file__).parent


class DescriptionFile(msgspec.Struct, frozen=True):
    """One file, by the name that `use` takes."""

    name: str
    path: Path
    shipped: bool
    """Whether it comes with Skew."""
    hides: "DescriptionFile | None" = None
    """Another of the same name, which it is taken instead of."""


def folders(base: Path) -> tuple[Path, ...]:
    """The user's own folders for a configuration in `base`, the first first."""
    import platformdirs

    own = platformdirs.user_config_path("skew", appauthor=False) / FOLDER
    return (base / FOLDER, own)


def known(base: Path) -> Mapping[str, DescriptionFile]:
    """Every description by its name, in alphabetical order."""
    files: dict[str, DescriptionFile] = {}
    for folder in (_SHIPPED, *reversed(folders(base))):
        for path in _files(folder):
            name = path.stem
            files[name] = DescriptionFile(name, path, folder == _SHIPPED, files.get(name))
    return dict(sorted(files.items()))


def _files(folder: Path) -> Iterator[Path]:
    # The names come from the folder, never from the configuration: no `use` leads out of it.
    try:
        found = list(folder.iterdir())
    except OSError:
        return
    for path in found:
        if path.suffix == ".toml" and NAME.fullmatch(path.stem):
            yield path
