"""A dialog that lives: it is read anew whenever the page under it is, and time is seen in it.

The page under it goes on too: nothing on the screen is frozen by a dialog.
"""

from console.tui.dialogs.dialog import Dialog


class Overlay(Dialog[None]):
    """The app reads and ticks whichever lies on top."""

    async def reload(self) -> None:
        """Read anew what it shows. Raises StoreError."""

    def tick(self) -> None:
        """Let time be seen."""
