"""The console of `skew demo`: it tells the story of the simulated shop, and leads a tour."""

import asyncio
from contextlib import suppress

from console.keys.action import PageName
from console.tui.app import SkewApp
from console.tui.drawing.tones import Tone
from console.tui.session.story import Story
from console.tui.session.tour import Tour
from store.errors import StoreError


class StoryApp(SkewApp):
    """See the module. Its session has a story."""

    @property
    def _story(self) -> Story:
        assert self.session.story is not None
        return self.session.story

    @property
    def _tour(self) -> Tour | None:
        return self._story.tour

    async def on_mount(self) -> None:
        """Begin to tell at once, and say the two keys that lead to all the others."""
        if self._tour is None:
            approves, helps = map(self.session.key, ("approve", "help"))
            text = f"{approves} approves the update of the row under the cursor"
            self.session.say(f"{text}; {helps} lists all keys", Tone.DIM, aside=True)
        self._story.tick(self.session.live_clock.now())

    async def refresh_now(self, *, at_once: bool = True) -> None:
        """As it is; the story and the tour then go by what is shown."""
        await super().refresh_now(at_once=at_once)
        with suppress(StoreError):
            await self._follow()
        self.repaint_story()

    async def _follow(self) -> None:
        snapshot, tour = self.session.snapshot, self._tour
        if snapshot is None or self.session.replay is not None:
            return  # What was quarantined in the past that is shown says nothing of now.
        channels = snapshot.status.channels
        # Off the screen's thread: the simulated shop is locked while it answers a poll.
        judged = await asyncio.to_thread(self._story.follow, channels)
        for channel in channels:
            if channel.name == judged:
                # It rests after so many failures; only a poll that is asked for comes at once.
                self.run_worker(self._page_context.channels.poll_now(channel), group="story")
        if tour is not None:
            self._point_at_quarantined(tour)
            tour.approve(self.session.last)
            found = await self._source.updates(tour.approved) if tour.approved else {}
            tour.follow(list(found.values()))

    def _point_at_quarantined(self, tour: Tour) -> None:
        """Put the cursor on what the tour is to judge, once it is listed; then it is let alone."""
        waits = self._story.waits_for_judgement
        tour.is_quarantined = bool(waits)
        if waits and not tour.has_pointed and self.page.place is tour.step.on is PageName.INCIDENTS:
            tour.has_pointed = self.page.point_at(waits)

    def _tick(self) -> None:
        super()._tick()
        self._story.tick(self.session.live_clock.now())
        self.repaint_story()

    async def action_do(self, name: str) -> None:
        """As it is; what the tour waits for leads on, and escape leaves it."""
        if name == "clear" and self._tour is not None and not self.screen.is_modal:
            self._leave_tour(self._tour)
        else:
            # Where there is no row yet the key does nothing, and what comes next has no sense.
            walks = name == "next_worst" and not self.screen.is_modal and self.dashboard.rows.ids
            await super().action_do(name)
            if self._tour is not None and walks and self.page is self.dashboard:
                self._tour.walked()
        self.repaint_story()

    async def _arrive(self) -> None:
        if self._tour is not None:
            self._tour.see(self.page.place)
        await super()._arrive()

    def _leave_tour(self, tour: Tour) -> None:
        self._story.end_tour()
        self.session.say("the tour is over" if tour.is_done else "the tour was left", Tone.DIM)
        self.page.repaint()

    def repaint_story(self) -> None:
        """Write the story's lines again, or give their place up while it is silent."""
        page = self.page
        if self._tour is not None:
            self._tour.see(page.place)
        page.set_class(self._story.is_shown, "-with-story")
        page.set_class(not self._story.is_shown, "-without-story")
        page.rewrite("story")
