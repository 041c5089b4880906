"""The channels' page: how fresh each is, its polls, its last error in its own words."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from console import panels
from console.actions import Place
from console.screens.page import Page
from console.widgets.written import Written


class ChannelsPage(Page):
    """See the module."""

    place: ClassVar[Place] = Place.CHANNELS
    AUTO_FOCUS = "#channels-panel"

    def body(self) -> ComposeResult:
        with VerticalScroll(id="channels-panel", classes="panel whole"):
            yield Written(self._channels, id="channels")

    def _channels(self, width: int) -> Content:
        glance = self.footing.glance
        health = glance.status.channels if glance is not None else ()
        return panels.channels(health, now=self.footing.clock.now(), width=width)
