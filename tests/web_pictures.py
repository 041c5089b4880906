"""The pictures of the console in a browser: the demo's living shop, served, and seen by Chromium.

    pip install -e '.[test,web]' playwright pillow
    python -m tests.web_pictures            # docs/web.png and docs/web-phone.png

Takes the `chromium` of this machine. Look at what it wrote before you keep it.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from console.web import WebConsole, WebSettings
from tests.pictures import DOCS

PORT = 9466
PICTURES = {"web": (1440, 810), "web-phone": (390, 780)}
"""By the name in docs/ the browser's size in pixels."""
COLOURS = 128
"""Of a picture: a quarter of its bytes, and no difference to see."""
LIVES_S = 45
"""So long has the shop lived when it is taken."""


class DemoServed(WebConsole):
    """`skew web`, with the demo's console in each browser."""

    def _command_for(self, name: str | None) -> list[str]:
        del name
        return [sys.executable, "-m", "console", "demo", "--theme", "dark"]


def serve() -> None:
    address = f"http://127.0.0.1:{PORT}"
    wanted = WebSettings(config=Path("skew.toml"), host="127.0.0.1", port=PORT, public_url=address)
    DemoServed(wanted).serve()


def take(folder: Path) -> None:
    """Take each picture in a browser of its size."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for name, (width, height) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"http://127.0.0.1:{PORT}")
            time.sleep(LIVES_S)
            file = folder / f"{name}.png"
            page.screenshot(path=file)
            Image.open(file).convert("RGB").quantize(COLOURS).save(file, optimize=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        with subprocess.Popen([sys.executable, "-m", "tests.web_pictures", "serve"]) as server:
            try:
                time.sleep(3)
                take(Path(sys.argv[1]) if sys.argv[1:] else DOCS)
            finally:
                server.terminate()
