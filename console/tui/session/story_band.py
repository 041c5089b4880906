"""The demo's story, or its tour, as it stands above the log's line, with the keys that lead on."""

from textual.content import Content

from console.text.format import wrap
from console.tui.drawing.tones import Cell, Tone, key, lines, write
from console.tui.session.state import ConsoleState
from console.tui.session.story import Story, Telling
from console.tui.session.tour import STEPS, Tour

WIDE = 132
"""From this width on the line and its keys stand beside each other."""
_GAP = "  "


def band(session: ConsoleState, width: int) -> Content:
    """Write the story for this width; of a terminal, always in as many lines."""
    story = session.story
    if story is None:
        return write("")
    if story.tour is not None:
        return _tour(session, story.tour, width)
    keys = _keys(session, story)
    beside = width >= WIDE
    room = width - 1 - (keys.cell_length + len(_GAP) if beside else 0)
    told = _told(session, story, room)
    if not beside:
        return lines(told, Content.assemble(" ", keys))
    gap = " " * max(0, width - told.cell_length - keys.cell_length - 1)
    return Content.assemble(told, gap, keys)


def _told(session: ConsoleState, story: Story, room: int) -> Content:
    line, waiting = story.line, story.waits_for_judgement
    if waiting and story.is_idle(session.live_clock.now()) and session.key("show_incidents"):
        page, discards, accepts = map(session.key, ("show_incidents", "discard", "accept"))
        text = f"its last poll waits for your word: {page}, then {discards} discards it"
        return _said(waiting, f"{text}, {accepts} accepts it", room)
    if line is None:
        return _said("", "The shop opens …", room)
    return _said(line.channel, line.text, room)


def _said(channel: str, text: str, room: int) -> Content:
    about = f" {channel}: " if channel else " "
    first = wrap(text, max(1, room - len(about)))[0]
    cut = first if first == " ".join(text.split()) else f"{first} …"
    return write(Cell(about, Tone.ACCENT), Cell(cut, Tone.STRONG))


def _keys(session: ConsoleState, story: Story) -> Content:
    silence = "goes on" if story.telling is Telling.BY_KEY else "silence"
    words = (("story_next", "next"), ("story_silence", silence), ("story_again", "begin again"))
    parts: list[Content | str] = []
    for name, word in words:
        if shown := session.key(name):
            parts += [_GAP] * bool(parts) + [key(shown, word, f"app.do('{name}')")]
    return Content.assemble(*parts)


def _tour(session: ConsoleState, tour: Tour, width: int) -> Content:
    step = tour.step
    head = f" Tour {tour.number + 1}/{len(STEPS)} "
    rows = wrap(tour.look, max(1, width - len(head) - 1))
    told = [
        write(Cell(head if number == 0 else " " * len(head), Tone.ACCENT), Cell(row, Tone.STRONG))
        for number, row in enumerate(rows)
    ]
    leads = f"app.do('{step.does}')"
    parts: list[Content | str] = [" " * len(head), key(session.key(step.does), step.press, leads)]
    if step.does != "clear":
        parts += [_GAP, key(session.key("clear"), "leaves the tour", "app.do('clear')")]
    return lines(*told, Content.assemble(*parts))
