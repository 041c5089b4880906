"""A page's panes: one may fill the page, others be folded to their titles. The page remembers it.

A pane is a widget of the class `panel`, on a SKU's page each of its columns. What can't be so at
this size of the terminal is passed over and comes back with the room for it.
"""

from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget

from console.tui.widgets.table import VirtualTable

_ZOOMED, _ASIDE, _FOLDED = "-zoom", "-aside", "-folded"


class Panes:
    """How the panes of one page stand."""

    def __init__(self, page: Screen[None], sort: str = "panel") -> None:
        """`sort`: the class of its panes."""
        self._page = page
        self._sort = sort
        self.zoomed = ""
        """The pane that fills the page, by its id; empty: none."""
        self.folded: tuple[str, ...] = ()
        """Those that are folded, by their ids."""

    def zoom(self) -> None:
        """Have the pane with the focus fill the page, or all stand as before."""
        self.zoomed = "" if self.zoomed else self._focused
        self.place()

    def fold(self) -> str:
        """Fold or unfold the pane with the focus; on the only list, unfold all. Why not, if so."""
        pane = self._focused
        if self.zoomed:
            return "one pane fills the page"
        if pane in self.folded:
            self.folded = tuple(name for name in self.folded if name != pane)
        elif pane in self._lists and len(self._lists) == 1:
            if not self.folded:
                return "the page's only list stays; tab leads to the other panes"
            self.folded = ()
        else:
            self.folded = (*self.folded, pane)
        self.place()
        return ""

    def show(self, table: Widget) -> None:
        """Have a list be seen, whatever filled the page or was folded."""
        pane = self._pane_of(table)
        if pane == self.zoomed or (not self.zoomed and pane not in self.folded):
            return
        self.zoomed, self.folded = "", tuple(name for name in self.folded if name != pane)
        self.place()

    def is_folded(self, pane: str) -> bool:
        """Whether it is folded at this size."""
        return self._page.has_class(f"-folds-{pane}")

    def place(self) -> None:
        """Give every pane its place, and the focus to one that is seen."""
        panes = list(self._page.query(f".{self._sort}"))
        zoomed = next((pane for pane in panes if pane.id == self.zoomed), None)
        for pane in panes:
            is_folded = zoomed is None and pane.id in self.folded and self._may_fold(pane)
            pane.set_class(is_folded, _FOLDED)
            self._page.set_class(is_folded, f"-folds-{pane.id}")
            if isinstance(pane, Vertical):
                # Its list, which has the focus else, is hidden.
                pane.can_focus = is_folded
        inside = self._inside
        path = [] if zoomed is None else [w for w in zoomed.ancestors_with_self if w in inside]
        for widget in inside:
            widget.set_class(widget in path, _ZOOMED)
            away = bool(path) and widget not in path and widget.parent in (*path, self._page)
            widget.set_class(away, _ASIDE)
        self._page.call_after_refresh(self._keep_focus)

    @property
    def _inside(self) -> list[Widget]:
        """The panes, what stands around them, and the lines that stand in for one."""
        panes = self._page.query(f".{self._sort}")
        around = [w for pane in panes for w in pane.ancestors_with_self if isinstance(w, Widget)]
        beside = [*self._page.query("#brief"), *self._page.query("#stores")]
        outside = (self._page, self._page.app)
        return [w for w in dict.fromkeys((*around, *beside)) if w not in outside]

    @property
    def _focused(self) -> str:
        """The pane with the focus, else the first."""
        focused = self._page.focused
        first = next(iter(self._page.query(f".{self._sort}")), None)
        return (self._pane_of(focused) if focused is not None else "") or (first and first.id) or ""

    @property
    def _lists(self) -> list[str]:
        """The panes with a list, as far as they are seen."""
        tables = self._page.query(VirtualTable)
        return [pane for table in tables if (pane := self._pane_of(table)) and _is_seen(table)]

    def _may_fold(self, pane: Widget) -> bool:
        """One list stays, also where a narrow terminal has room for one only."""
        others = [table for table in self._page.query(VirtualTable) if pane not in table.ancestors]
        is_list = bool(pane.query(VirtualTable))
        return not is_list or any(
            self._pane_of(table) not in self.folded and _has_room(table) for table in others
        )

    def _keep_focus(self) -> None:
        focused = self._page.focused
        if focused is not None and _is_seen(focused):
            return
        seen = [table for table in self._page.query(VirtualTable) if _is_seen(table)]
        panes = [
            pane for pane in self._page.query(f".{self._sort}") if pane.can_focus and _is_seen(pane)
        ]
        for widget in (*seen, *panes):
            widget.focus()
            return

    def _pane_of(self, widget: Widget) -> str:
        """The id of the pane that it stands in; empty where it stands in none."""
        around = (node for node in widget.ancestors_with_self if isinstance(node, Widget))
        return next((node.id or "" for node in around if node.has_class(self._sort)), "")


def _has_room(widget: Widget) -> bool:
    """Whether this size of the terminal shows it, were it not folded."""
    return all(
        node.display
        for node in widget.ancestors
        if isinstance(node, Widget) and not node.has_class(_ASIDE)
    )


def _is_seen(widget: Widget) -> bool:
    return all(node.display for node in widget.ancestors_with_self if isinstance(node, Widget))
