"""The incidents' page: trouble with a channel rather than with a SKU."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from console import panels
from console.actions import Place
from console.screens.page import Page
from console.widgets.written import Written


class IncidentsPage(Page):
    """See the module."""

    place: ClassVar[Place] = Place.INCIDENTS
    AUTO_FOCUS = "#incidents-panel"

    def body(self) -> ComposeResult:
        with VerticalScroll(id="incidents-panel", classes="panel whole"):
            yield Written(self._incidents, id="incidents")

    def _incidents(self, width: int) -> Content:
        glance = self.footing.glance
        found = glance.status.incidents if glance is not None else ()
        return panels.incidents(found, now=self.footing.clock.now(), width=width)
