"""Five CSV files, one a channel, in two versions that differ in a thousandth of their rows."""

import json
import shutil
from pathlib import Path

from tests.benchmarks import world
from tests.benchmarks.place import Place

VERSIONS = (3, 5)
"""By how much each channel's own thousandth of the SKUs differs from what all others show."""

_TOML = """[skew]
database = "skew.db"

[authority]
quantity = "warehouse"
"""
_CHANNEL = """
[channels.{name}]
kind = "csv"
path = "{name}.csv"
every = "{every}"
stale_after = "240h"
"""


class CsvShop:
    """A folder with a configuration and its five files; `switch` changes these."""

    def __init__(self, place: Place, *, every: str = "24h") -> None:
        self.folder = place.fresh("")
        self._versions = _files(place)
        self._turn = 0
        self.folder.mkdir()
        channels = "".join(_CHANNEL.format(name=name, every=every) for name in world.NAMES)
        (self.folder / "skew.toml").write_text(_TOML + channels, encoding="utf-8")
        self._copy()

    @property
    def files(self) -> list[Path]:
        return [self.folder / f"{name}.csv" for name in world.NAMES]

    @property
    def database(self) -> Path:
        return self.folder / "skew.db"

    def switch(self) -> None:
        """Write all five files anew, a thousandth of each one's rows changed."""
        self._turn += 1
        self._copy()

    def forget(self) -> None:
        """Have no cache, as before the first poll."""
        for path in self.folder.glob("skew.db*"):
            path.unlink()

    def remove(self) -> None:
        shutil.rmtree(self.folder)

    def _copy(self) -> None:
        version = VERSIONS[self._turn % len(VERSIONS)]
        for path in self.files:
            shutil.copyfile(self._versions / f"{path.stem}.{version}.csv", path)


def differences(document: bytes) -> int:
    """How many disagreements `skew diff --json` lists."""
    return len(json.loads(document)["disagreements"])


def _files(place: Place) -> Path:
    """The folder of both versions, made once a place."""
    folder = place.folder / "files"
    if folder.exists():
        return folder
    folder.mkdir()
    for number, name in enumerate(world.NAMES):
        lines = [
            f"{row.sku},{row.available},{(row.price_minor or 0) / 100:.2f},{row.title},{row.ref}\n"
            for row in place.rows
        ]
        for version in VERSIONS:
            for where in range(number * 7, len(lines), 1000):
                row = place.rows[where]
                price = (row.price_minor or 0) / 100
                shown = (row.available or 0) + version
                lines[where] = f"{row.sku},{shown},{price:.2f},{row.title},{row.ref}\n"
            with (folder / f"{name}.{version}.csv").open("w", encoding="utf-8") as file:
                file.write("sku,available,price,title,ref\n")
                file.writelines(lines)
    return folder
