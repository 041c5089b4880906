"""A product's page on its channel: opened in a browser, else its address copied."""

import asyncio
import sys

from console.text.format import clean, cut
from console.tui.data.values import SkuListing
from console.tui.drawing.terminal import put_on_clipboard
from console.tui.drawing.tones import Tone
from console.tui.handlers.base import Handler

STARTS_WITHIN_S = 3.0
"""A browser that has not given up by then has opened."""

_OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


class LinkHandler(Handler):
    """Opens pages; nothing is decided."""

    async def open(self, meant: SkuListing | None) -> None:
        """Open the page of a listing's product. Raises StoreError."""
        if meant is None:
            self._say("no SKU is under the cursor", Tone.WARN)
            return
        channel = meant.channel
        settings = self._source.settings.channels.get(channel)
        if settings is None or settings.link is None:
            where = f'[channels.{channel}] has no link = "https://…/{{ref}}"'
            self._say(f"{channel} has no page to open: {where}", Tone.WARN)
            return
        address = await self._source.skus.link(meant)
        if address is None:
            why = f"{channel} gives no id or place of {meant.sku}: its link needs one"
            self._say(why, Tone.WARN)
        elif not self._session.is_served and await _opened(address):
            self._say(f"opened {cut(clean(address), 90)}", Tone.DIM)
        else:
            put_on_clipboard(self._app, address)
            self._say(f"copied {cut(clean(address), 90)}", Tone.STRONG)


async def _opened(address: str) -> bool:
    """Whether a browser took the address."""
    # In a process of its own, cut off from this terminal: some browsers write to it, and one for
    # the terminal would take it over. It is handed the address as an argument; no shell is asked.
    nothing = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _OPEN, address),
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        start_new_session=True,
    )
    try:
        return await asyncio.wait_for(process.wait(), STARTS_WITHIN_S) == 0
    except TimeoutError:
        return True
