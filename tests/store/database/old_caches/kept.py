"""The caches that are kept here, with their configuration and what the code of their time said."""

import json
import lzma
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NAMES = sorted(
    (path.name.split(".")[0] for path in FOLDER.glob("*.db.xz")),
    key=lambda name: (name.partition("-")[0], "-" not in name),
    reverse=True,
)
"""The newest first, and of two of one schema the shop that has bundles and pools."""


def lay_out(name: str, folder: Path) -> dict[str, Any]:
    """Put a cache and its configuration into a folder; answer what was said of it."""
    said: dict[str, Any] = json.loads(lzma.decompress((FOLDER / f"{name}.json.xz").read_bytes()))
    (folder / "skew.db").write_bytes(lzma.decompress((FOLDER / f"{name}.db.xz").read_bytes()))
    for file, text in said["files"].items():
        (folder / file).write_text(text)
    return said
