"""A real django-oscar shop in a process of its own, and a way to ask it that is not ours.

Needs a Python environment with what `tests/end_to_end/oscar/requirements.txt` names, at the place
that SKEW_OSCAR_PYTHON names.
"""

import base64
import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.end_to_end.servers.processes import free_port, ran, running

RECIPE = Path(__file__).parents[1] / "oscar"
VARIABLE = "SKEW_OSCAR_PYTHON"
USER = "keeper"
PASSWORD = "keeper-s3cret"


def missing() -> str | None:
    """Say why no shop can be started here, None if one can."""
    python = os.environ.get(VARIABLE)
    if not python:
        return f"{VARIABLE} names no Python with {RECIPE.name}/requirements.txt installed"
    ran = subprocess.run(
        [python, "-c", "import oscar, oscarapi"], capture_output=True, check=False, timeout=60
    )
    return None if ran.returncode == 0 else f"{python} has no oscarapi"


@dataclass(frozen=True)
class OscarShop:
    """A running shop, asked through its own API with the standard library only."""

    url: str

    def records(self) -> dict[str, dict[str, Any]]:
        """Every stock record by its SKU, with its product's id."""
        found: dict[str, dict[str, Any]] = {}
        url: str | None = f"{self.url}/api/admin/products/"
        while url is not None:
            page = self._ask(url)
            for product in page["results"]:
                for record in product["stockrecords"]:
                    found[record["partner_sku"]] = record
            url = page["next"]
        return found

    def stock(self) -> dict[str, int]:
        """What is in stock of each SKU that is counted, what is held for orders included."""
        return {
            sku: record["num_in_stock"]
            for sku, record in self.records().items()
            if record["num_in_stock"] is not None
        }

    def put(self, sku: str, units: int) -> None:
        """Somebody in the shop sets stock by hand."""
        self._ask(self.records()[sku]["url"], "PATCH", {"num_in_stock": units})

    def _ask(self, url: str, method: str = "GET", body: object = None) -> Any:
        return _ask(url, method, body)


@contextmanager
def running_oscar(folder: Path, *, products: int) -> Iterator[OscarShop]:
    """Fill a shop in `folder` and serve it on loopback until the block ends."""
    python = os.environ[VARIABLE]
    environ = {
        "OSCAR_DATABASE": str(folder / "shop.sqlite"),
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONPATH": str(RECIPE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
    }
    ran([python, str(RECIPE / "seed.py"), USER, PASSWORD, str(products)], folder, environ)
    port = free_port()
    serve = [python, "-m", "django", "runserver", f"127.0.0.1:{port}", "--noreload"]
    with running(serve, folder, environ, port):
        yield OscarShop(f"http://127.0.0.1:{port}")


def _ask(url: str, method: str = "GET", body: object = None) -> Any:
    key = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)
