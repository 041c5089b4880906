"""The checklist's page: the six questions, each answered from the settings and what happens.

A cursor stands on a question; enter leads to the channel that its answer names.
"""

import re
from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content

from console.keys.action import PageName
from console.text.format import age
from console.tui.data.checklist import ChecklistResult
from console.tui.drawing.tones import Cell, Tone, write
from console.tui.pages.context import PageContext
from console.tui.pages.page import Acts, Page
from console.tui.views import checklist
from console.tui.widgets.scroll import CursorScroll
from console.tui.widgets.text import TextBlock, set_title


class ChecklistPage(Page):
    """See the module."""

    place: ClassVar[PageName] = PageName.CHECKLIST
    AUTO_FOCUS = "#checklist-panel"

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self.checked: ChecklistResult | None = None
        self.chosen = 0
        """The question under the cursor."""
        self._blocks: list[range] = []
        """The lines of each question."""

    def body(self) -> ComposeResult:
        with CursorScroll(self.step, id="checklist-panel", classes="panel whole"):
            yield TextBlock(self._answers, id="checklist")

    async def reload(self, *, at_once: bool = False) -> None:
        del at_once
        self.checked = await self.context.source.checklist.look()

    def repaint(self) -> None:
        super().repaint()
        self._entitle()

    def note(self) -> str:
        """How old the answers are, where no title has it."""
        if self.checked is None or not self.has_class("-narrow"):
            return super().note()
        return f"measured {age(self.session.clock.now() - self.checked.at)}"

    def tick(self) -> None:
        self.rewrite("header", "tabs", "log")
        self._entitle()

    def step(self, by: int) -> bool:
        """Move the cursor by a question; False while there is more of this one to scroll to."""
        top, bottom = self._sight()
        if not 0 <= self.chosen + by < len(self._blocks):
            return False
        here = self._blocks[self.chosen]
        if (by > 0 and here.stop > bottom) or (by < 0 and here.start < top):
            return False
        self._choose(self.chosen + by)
        return True

    def action_choose(self, number: int) -> None:
        """Put the cursor on the question that was clicked."""
        if 0 <= number < len(self._blocks):
            self._choose(number)

    def actions(self) -> Acts:
        return {**super().actions(), "detail": self.do_detail}

    async def do_detail(self) -> None:
        """Lead to the channel that the answer under the cursor names."""
        answers = self.checked.answers if self.checked is not None else ()
        if self.chosen >= len(answers):
            return
        answer = answers[self.chosen]
        named = channels_in(
            (*answer.wrong, answer.answer, *answer.evidence), self.context.settings.channels
        )
        if not named:
            self.session.say("this answer names no channel", Tone.WARN)
            self.repaint()
            return
        if len(named) > 1:
            self.session.say(f"opened {named[0]} (1 of {len(named)} named)", Tone.DIM)
        await self.context.navigator.open_channel(named[0])

    def _choose(self, number: int) -> None:
        self.chosen = number
        self.repaint()
        top, bottom = self._sight()
        block = self._blocks[number]
        if block.start < top or block.stop > bottom:
            # All of it where it fits, else its beginning.
            by = min(block.start - top, max(0, block.stop - bottom))
            by = block.start - top if block.start < top else by
            self.query_one(CursorScroll).scroll_relative(y=by, animate=False)

    def _sight(self) -> tuple[int, int]:
        """The first line of the text that is in sight, and the one after the last."""
        steps = self.query_one(CursorScroll)
        top = int(steps.scroll_y)
        return top, top + steps.scrollable_content_region.height

    def _answers(self, width: int) -> Content:
        if self.checked is None:
            return write(Cell("Measuring how the channels behave…", Tone.DIM))
        content, self._blocks = checklist.answers(
            self.checked.answers, chosen=self.chosen, width=width
        )
        return content

    def _entitle(self) -> None:
        checked, now = self.checked, self.session.clock.now()
        if checked is None:
            return
        red = sum(not answer.ok for answer in checked.answers)
        verdict = (
            Cell(f" · ✖ {red} of {len(checked.answers)} answers red", Tone.BAD)
            if red
            else Cell(" · ● settings and behaviour agree", Tone.OK)
        )
        old = Cell(f" · measured {age(now - checked.at)} ago", Tone.DIM)
        for panel in self.query(CursorScroll):
            set_title(panel, write(Cell("Checklist", Tone.STRONG), verdict, old))


def channels_in(texts: Iterable[str], known: Iterable[str]) -> list[str]:
    """The channels that are named in some sentences, in the order in which they are."""
    names = sorted(known, key=len, reverse=True)
    if not names:
        return []
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")
    return list(dict.fromkeys(found for text in texts for found in pattern.findall(text)))
