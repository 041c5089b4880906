"""What the keys do to the demo's story."""

import asyncio
from typing import Any

from textual.app import App

from console.tui.drawing.tones import Tone
from console.tui.session.state import ConsoleState
from console.tui.session.story import Story, Telling


class StoryHandler:
    """Only the demo has a story: elsewhere its keys are refused before they come here."""

    def __init__(self, app: App[Any], session: ConsoleState) -> None:
        self._app = app
        self._session = session

    @property
    def _story(self) -> Story:
        assert self._session.story is not None
        return self._session.story

    async def step(self) -> None:
        """Tell the next line."""
        # The simulated shop's lock is held while it answers a poll: that is waited for elsewhere.
        await asyncio.to_thread(self._story.step, self._session.live_clock.now())

    async def silence_or_go_on(self) -> None:
        """Silence it, or let it go on by itself."""
        await asyncio.to_thread(self._story.silence_or_go_on)
        if self._story.telling is Telling.SILENT:
            key = self._session.key("story_silence")
            self._session.say(f"the story is silent; {key} has it go on", Tone.DIM)

    async def begin_again(self) -> None:
        """Begin the day, and its story, anew."""
        await asyncio.to_thread(self._story.begin_again)
        self._session.say("the story begins again", Tone.DIM)
