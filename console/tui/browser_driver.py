"""Paints the console for `skew web`, which passes it on to a browser; ends when that ends."""

import os
import threading

from textual import messages
from textual.drivers.web_driver import WebDriver

END_S = 8.0
"""So long may the console take to end once nobody sees it; less than `skew web` waits for it."""


class BrowserDriver(WebDriver):
    """Textual's, which would go on without whoever started it."""

    def run_input_thread(self) -> None:
        """Pass input on until there is none any more: then its browser, or `skew web`, is gone."""
        super().run_input_thread()
        if self.exit_event.is_set():
            return
        # A thread may wait for what never comes, or to write what nobody reads. The cache takes
        # that like any kill.
        forced = threading.Timer(END_S, os._exit, (1,))
        forced.daemon = True
        forced.start()
        self._app.post_message(messages.ExitApp())
