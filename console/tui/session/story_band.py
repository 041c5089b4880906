"""The demo's story, or its tour, as it stands above the log's line, with the keys that lead on."""

from textual.content import Content

from console.keys.action import PageName
from console.text.format import wrap
from console.tui.drawing.tones import Cell, Tone, key, lines, write
from console.tui.session.state import ConsoleState
from console.tui.session.story import Story, Telling
from console.tui.session.tour import STEPS, Tour

WIDE = 132
"""From this width on the line and its keys stand beside each other."""
_GAP = "  "


def band(session: ConsoleState, page: PageName, width: int) -> Content:
    """Write the story for this width; of a terminal, always in as many lines."""
    story = session.story
    if story is None:
        return write("")
    if story.tour is not None:
        return _tour(session, story.tour, page, width)
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
    if waiting and story.asks and session.key("show_incidents"):
        page, discards, accepts = map(session.key, ("show_incidents", "discard", "accept"))
        text = f"its last poll waits for you: {page}, then {discards} discards it"
        return _said(waiting, f"{text}, {accepts} accepts it", room)
    if line is None:
        return _said("", "The shop opens …", room)
    return _said(f"{line.channel} {line.sku}".strip(), line.text, room)


def _said(of: str, text: str, room: int) -> Content:
    about = f" {of}: " if of else " "
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


def _tour(session: ConsoleState, tour: Tour, page: PageName, width: int) -> Content:
    step = tour.step
    head = f" Tour {tour.number + 1}/{len(STEPS)} "
    rows = wrap(tour.look, max(1, width - len(head) - 1))
    told = [
        write(Cell(head if number == 0 else " " * len(head), Tone.ACCENT), Cell(row, Tone.STRONG))
        for number, row in enumerate(rows)
    ]
    does, press = step.does, step.press
    if step.on is not None and not tour.is_here(page):
        # Whoever strays from the way is led back to it first.
        does, press = f"show_{step.on}", f"turns to the {step.on}, where the tour goes on"
    parts: list[Content | str] = [
        " " * len(head),
        key(session.key(does), press, f"app.do('{does}')"),
    ]
    if step.does != "clear":
        parts += [_GAP, key(session.key("clear"), "leaves the tour", "app.do('clear')")]
    return lines(*told, Content.assemble(*parts))
