"""A widget that shows what a function writes for its width: headers, side panels, legends."""

from collections.abc import Callable

from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

Writer = Callable[[int], Content]


class TextBlock(Widget):
    """Text of which the lines are made for the width that there is: it never wraps."""

    auto_links = False

    def __init__(self, writer: Writer, *, id: str, classes: str = "") -> None:  # noqa: A002 (Textual's)
        super().__init__(id=id, classes=classes)
        self._writer = writer
        self._shown: tuple[int, Content] | None = None
        self._laid_out: tuple[int, int] | None = None
        """For which width the last layout asked, and how many lines it was answered."""

    def render(self) -> Content:
        width = self.size.width
        content = self._writer(width)
        self._shown = (width, content)
        return content

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        lines = self._writer(width).plain.count("\n") + 1
        self._laid_out = (width, lines)
        return lines

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002
        return container.width

    def rewrite(self) -> None:
        """Write again; what has not changed is not painted again."""
        if self._shown is None:
            # A hidden one has no height that could change, and is written as soon as it shows:
            # a layout for it would paint the whole screen again, at every key.
            if not self._is_hidden:
                self.refresh(layout=True)
            return
        width, before = self._shown
        after = self._writer(width)
        # To lay the page out again costs much more than to paint one block: only another number of
        # lines asks for it, since no line of ours ever wraps. It is compared with the last layout,
        # not with what is shown: something else may have painted the new text in the old height.
        lines = after.plain.count("\n") + 1
        for_width, had = self._laid_out or (width, before.plain.count("\n") + 1)
        moved = for_width == width and lines != had
        if moved or not after.is_same(before):
            self.refresh(layout=moved)

    @property
    def _is_hidden(self) -> bool:
        """Whether its own style, or that of a widget around it, gives it no place."""
        return any(
            isinstance(node, Widget) and not node.display for node in self.ancestors_with_self
        )


class LazyLines(Widget):
    """Many lines under each other, of which only those in sight are ever written."""

    auto_links = False

    def __init__(self, line: Callable[[int, int], Content], *, id: str) -> None:  # noqa: A002 (Textual's)
        """`line` writes the line of a number for a width."""
        super().__init__(id=id)
        self._line = line
        self._count = 1

    def show(self, count: int) -> None:
        """Write again what is in sight; there are so many lines by now."""
        taller, self._count = count != self._count, count
        self.refresh(layout=taller)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        return self._count

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002
        return container.width

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= self._count:
            return Strip.blank(width, self.visual_style.rich_style)
        strips = Visual.to_strips(self, self._line(y, width), width, 1, self.visual_style, pad=True)
        return strips[0]


def set_title(panel: Widget, title: Content) -> None:
    """Give a panel its title. What is there already is not painted again, nor what it frames."""
    before = panel._border_title  # noqa: SLF001 (its public name answers with markup)
    if before is None or not title.is_same(before):
        panel.border_title = title
