"""An operator's folder: a configuration, the warehouse's file, and the command as installed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sync import channels
from sync.channels.base import Channel
from sync.clock import SystemClock
from sync.config.load import load


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class ShopDesk:
    """A desk for a shop that is described already; its credentials are in the environment."""

    folder: Path
    secrets: dict[str, str] = field(default_factory=dict)
    """The environment variables that the configuration names. No output may show their values."""
    variables: dict[str, str] = field(default_factory=dict)
    """Others that it names, such as a user's name."""

    def skew(self, *arguments: str, timeout_s: float = 120) -> Ran:
        program = Path(sys.executable).with_name("skew")
        command = str(program) if program.exists() else shutil.which("skew")
        assert command is not None, "the command skew is not installed"
        ran = subprocess.run(  # noqa: PLW1510  # Its code is what we look at.
            [command, *arguments],
            cwd=self.folder,
            env={**os.environ, **self.variables, **self.secrets},
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        for name, value in self.secrets.items():
            assert value not in ran.stdout + ran.stderr, f"{name} is shown"
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def begin(self, name: str, url: str) -> None:
        """Write the configuration as a merchant would; an approval is applied at once."""
        begun = self.skew("init", "--from", name, "--url", url)
        assert begun.code == 0, begun.err
        self.edit('hold = "5s"', 'hold = "0s"')

    def begin_described(self, name: str, url: str) -> None:
        """The same with the description, also where Skew has a kind of its own for the shop."""
        own = self.folder / "descriptions" / f"{name}.toml"
        own.parent.mkdir()
        own.write_text(self.skew("channels", name).out, encoding="utf-8")
        self.begin(name, url)

    def edit(self, old: str, new: str) -> None:
        """The merchant changes the configuration."""
        path = self.folder / "skew.toml"
        content = path.read_text(encoding="utf-8")
        assert content.count(old) == 1, old
        path.write_text(content.replace(old, new), encoding="utf-8")

    def add(self, text: str) -> None:
        """The merchant adds to the configuration."""
        path = self.folder / "skew.toml"
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    def opened(self, name: str) -> Channel:
        """The channel as the engine has it, in this process; its secrets are in our environment."""
        settings = load(self.folder / "skew.toml").channels[name]
        return channels.open_channel(settings, SystemClock(), self.folder)

    def warehouse_counts(
        self, available: Mapping[str, int] | Mapping[tuple[str, str], int]
    ) -> None:
        """The warehouse drops its file, whole; by SKU, or by SKU and location."""
        rows = [
            f"{key},{quantity}\n" if isinstance(key, str) else f"{key[0]},{quantity},{key[1]}\n"
            for key, quantity in available.items()
        ]
        placed = any(isinstance(key, tuple) for key in available)
        heading = "sku,available,location\n" if placed else "sku,available\n"
        part = self.folder / "warehouse.part"
        part.write_text(heading + "".join(rows), encoding="utf-8")
        part.rename(self.folder / "warehouse.csv")

    def disagreements(self, channel: str = "shop") -> dict[str, Any]:
        """Those that are open or settling, by SKU, or by SKU@location where there are locations."""
        found = self.skew("diff", "--channel", channel, "--json").json["disagreements"]
        return {
            "@".join(filter(None, (difference["sku"], difference["location"]))): difference
            for difference in found
        }

    def apply_all(self, by: str = "ana") -> dict[str, str]:
        """Approve what is proposed and apply it; what became of each, by SKU."""
        approved = self.skew("approve", "--all", "--by", by)
        assert approved.code == 0, approved
        applied = self.skew("apply", "--json")
        return {update["sku"]: update["status"] for update in applied.json["updates"]}
