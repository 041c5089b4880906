"""What the terminal shows, remembered, so that only the cells that change are written to it.

Textual writes a whole widget's line where one digit of it has changed, with the colours of each
piece: over a slow line that is all the traffic there is. The app hands each of its updates here and
writes what `DiffOutput` makes of it. Source: textual 8.2.8, `App._display` and `_compositor.py`.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from rich.cells import cell_len, get_character_cell_size
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.screen import Screen
from textual.strip import Strip

Cell = tuple[str, str]
"""A character and how it is styled, as it is written to the terminal."""

_GAP = 6
"""So many unchanged cells are as cheap to write again as to step over."""

_BACK = 4
"""From so many cells further right, steps back are shorter than a place."""

_LINKED = "\0"
"""In a style, before the address that its cells lead to."""

_ADDRESS = re.compile(r"https?://[!-~]{1,4000}", re.ASCII)

_NOTHING: Cell = ("\0", "")
"""What is not known: it differs from all that can be shown."""


class DiffOutputApp(App[int]):
    """An app that writes to its terminal only what changes there."""

    def __init__(self) -> None:
        super().__init__()
        self._output = DiffOutput()
        self.painted = asyncio.Event()
        """Set once the first frame is written."""

    def get_driver_class(self) -> type[Driver]:
        driver = super().get_driver_class()
        if driver.__module__ != "textual.drivers.linux_driver":
            return driver
        from console.tui.drawing.terminal_driver import TerminalDriver

        return TerminalDriver

    @on(events.Mount)
    def _forget_when_resumed(self) -> None:
        # The shell wrote to it while the program was suspended.
        self.app_resume_signal.subscribe(self, lambda _: self._output.forget())

    def refresh_css(self, animate: bool = True) -> None:  # noqa: FBT001, FBT002 (Textual's)
        # The theme is set before there is a screen. Textual would parse all styles for it at once,
        # and again when it needs them.
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def do_repaint(self) -> None:
        """Write the whole screen again, whatever the terminal shows by now."""
        self._output.forget()
        self.refresh(layout=True)

    def on_resize(self) -> None:
        self._output.forget_at_layout()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:  # noqa: ANN401 (its own)
        self._write_frame(screen, renderable)
        if not self._batch_count:
            self.painted.set()

    def _write_frame(self, screen: Screen[Any], renderable: Any) -> None:  # noqa: ANN401 (its own)
        if isinstance(renderable, CompositorUpdate) and self._writes:
            colours = COLOR_SYSTEMS.get(self.console.color_system or "", ColorSystem.TRUECOLOR)
            written = self._output.write(renderable, colours)
            if written == "":
                # The hook is what a waiting test and Textual's own timing rely on: it is called
                # even where there was nothing to write.
                self.post_display_hook()
                return
            if written is not None:
                renderable = _Written(written)
        super()._display(screen, renderable)

    @property
    def _writes(self) -> bool:
        """Whether what is displayed now reaches a terminal: as the base class decides it."""
        # Textual writes nothing while a batch of updates is open: what was remembered of it now
        # would never have reached the terminal, and the cells would stay wrong for good.
        if self._batch_count or self._closed or not self._running:
            return False
        return self._driver is not None and not self.is_headless


class _Written(CompositorUpdate):
    """An update that has been put in the terminal's words."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render_segments(self, console: Console) -> str:  # noqa: ARG002 (Textual's)
        return self._text


class DiffOutput:
    """The screen as the terminal has it, line by line."""

    def __init__(self) -> None:
        self._lines: dict[int, list[Cell]] = {}
        self._disputed: set[int] = set()
        """The lines in which there may be characters of which terminals dispute the width."""
        self._is_resized = False

    def forget_at_layout(self) -> None:
        """The terminal was resized: take nothing for granted until all has been laid out anew.

        Until then pieces may still be drawn for the former size, which end up elsewhere.
        """
        self._lines.clear()
        self._is_resized = True

    def forget(self) -> None:
        """Take nothing for granted: somebody else wrote to the terminal."""
        self._lines.clear()

    def write(self, update: CompositorUpdate, colours: ColorSystem) -> str | None:
        """What makes the terminal show `update`; None where it is of a sort not known here."""
        if isinstance(update, LayoutUpdate):
            if self._is_resized:
                self._lines.clear()
                self._is_resized = False
            strips = _of_layout(update)
        elif isinstance(update, ChopsUpdate):
            strips = _of_chops(update)
        else:
            self.forget()
            return None
        # Updates come one at a time from the app's own thread, and nothing else writes to the
        # terminal meanwhile. What is remembered here is therefore what the terminal shows, until
        # `forget`.
        pen = _Pen()
        for y, x, strip in strips:
            new, is_plain = _exploded(strip, colours)
            if not is_plain:
                self._disputed.add(y)
            self._draw(pen, y, x, new)
        return pen.written()

    def _draw(self, pen: "_Pen", y: int, x: int, new: list[Cell]) -> None:
        line = self._lines.setdefault(y, [])
        end = x + len(new)
        if len(line) < end:
            line.extend([_NOTHING] * (end - len(line)))
        old = line[x:end]
        if old == new:
            # Most of what Textual repaints is as it was: a whole line for one digit of a clock.
            return
        line[x:end] = new
        # Terminals disagree on how wide some characters are: what has any is written whole.
        if y not in self._disputed or (_is_plain(old) and _is_plain(new)):
            for start, stop in _runs(old, new):
                pen.draw(y, x + start, new[start:stop], edge=len(line))
        else:
            pen.draw(y, x, new, edge=len(line))


class _Piece(NamedTuple):
    """Neighbours of one style, in one line."""

    y: int
    x: int
    text: str
    sure: bool
    """Whether the cursor stands right behind it afterwards, whatever the terminal."""


class _Pen:
    """Writes pieces of lines with as few sequences as can be.

    Those of one style go together, for a style costs more than a place; at the end the terminal
    has no style, as at the start.
    """

    def __init__(self) -> None:
        self._pieces: dict[str, list[_Piece]] = {}

    def draw(self, y: int, x: int, run: Sequence[Cell], *, edge: int) -> None:
        """Have these cells written; `edge` is where the line ends."""
        for style, group in groupby(run, key=itemgetter(1)):
            piece = list(group)
            # After a wide character, and at the edge, terminals differ in where the cursor is.
            text = "".join([character for character, _ in piece])
            is_plain = len(text) == len(piece) and (text.isascii() or _is_plain(piece))
            sure = x + len(piece) < edge and is_plain
            self._pieces.setdefault(style, []).append(_Piece(y, x, text, sure))
            x += len(piece)

    def written(self) -> str:
        parts: list[str] = []
        for styled, pieces in self._pieces.items():
            style, _, link = styled.partition(_LINKED)
            parts.append(f"\x1b[{style}m" if not parts else f"\x1b[0;{style}m".replace(";m", "m"))
            parts += [_hyperlink(link)] if link else ()
            before = _Piece(-2, -2, "", sure=False)
            for piece in pieces:
                parts += [_step(before, piece), piece.text]
                before = piece
            parts += [_hyperlink("")] if link else ()
        if parts:
            parts.append("\x1b[m")
        return "".join(parts)


def _step(before: _Piece, piece: _Piece) -> str:
    """The shortest way for the cursor from the end of a piece to the start of the next."""
    below = piece.y == before.y + 1 and piece.x == before.x
    if before.sure and below and len(before.text) <= _BACK:
        return "\x1b[B" + "\b" * len(before.text)
    if piece.y == before.y:
        return f"\x1b[{piece.x + 1}G"
    return f"\x1b[{piece.y + 1};{piece.x + 1}H"


def _of_layout(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield y, x, strip
            x += strip.cell_length


def _of_chops(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """The whole pieces of lines that the update touches: what has not changed costs nothing."""
    drawn = set()
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            # A span names the columns that changed; the compositor has whole pieces of a line. The
            # piece is compared as a whole, because several spans may touch the same one.
            if strip is None or x >= right or end <= left or (y, x) in drawn:
                continue
            drawn.add((y, x))
            yield y, x, strip


def _exploded(strip: Iterable[Segment], colours: ColorSystem) -> tuple[list[Cell], bool]:
    """Its cells, and whether each is one character.

    A piece whose width terminals dispute is one cell, and blanks for the rest.
    """
    found: list[Cell] = []
    is_plain = True
    for text, style, _ in strip:
        ansi = _ansi(style, colours) if style is not None else ""
        if text.isascii() or _is_narrow(text):
            found += [(character, ansi) for character in text]
        elif (width := cell_len(text)) > 0:
            is_plain = False
            found.append((text, ansi))
            found += [("", ansi)] * (width - 1)
    return found, is_plain


@lru_cache(4096)
def _is_narrow(text: str) -> bool:
    return all(get_character_cell_size(character) == 1 for character in text)


@lru_cache(4096)
def _ansi(style: Style, colours: ColorSystem) -> str:
    ansi = Strip.render_ansi(style, colours)
    # What is no plain address could end the sequence and begin one of its own.
    is_link = style.link is not None and _ADDRESS.fullmatch(style.link)
    return f"{ansi}{_LINKED}{style.link}" if is_link else ansi


def _hyperlink(address: str) -> str:
    """OSC 8: what follows leads to the address; to none, where it is empty."""
    return f"\x1b]8;;{address}\x1b\\"


def _is_plain(run: Sequence[Cell]) -> bool:
    return all(len(character) == 1 for character, _ in run)


def _runs(old: Sequence[Cell], new: Sequence[Cell]) -> Iterator[tuple[int, int]]:
    """Where they differ: starts and ends. A short gap that needs no other style is bridged."""
    # To move the cursor costs about as many bytes as some unchanged cells: runs that lie close to
    # each other are written as one, as long as that needs no change of style between them.
    start = stop = -1
    for place, after in enumerate(new):
        if old[place] == after:
            continue
        if start >= 0 and place > stop and not _is_bridge(new, stop, place):
            yield start, stop
            start = -1
        if start < 0:
            start = place
        stop = place + 1
    if start >= 0:
        yield start, stop


def _is_bridge(new: Sequence[Cell], start: int, stop: int) -> bool:
    _, style = new[start - 1]
    return stop - start <= _GAP and all(other == style for _, other in new[start : stop + 1])
