"""What a virtual table says to its page; a newer one of its sort replaces it."""

from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from console.tui.widgets.table import VirtualTable


class TableMessage(Message):
    """Something that a table says."""

    def __init__(self, table: "VirtualTable[Any]") -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> "VirtualTable[Any]":
        return self.table

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, type(self)) and message.table is self.table


class RowsMissing(TableMessage):
    """Rows came into view that the table does not have."""


class Moved(TableMessage):
    """The cursor stands on another id, or what stands there has changed."""


class RowOpened(TableMessage):
    """A double click: open the row."""


class OrderChanged(TableMessage):
    """The ids, the marks or the number of waiting rows changed: for a title."""


class HeadClicked(TableMessage):
    """A column's title was clicked: `key` names it."""

    def __init__(self, table: "VirtualTable[Any]", key: str) -> None:
        super().__init__(table)
        self.key = key

    def can_replace(self, message: Message) -> bool:
        del message
        return False  # Two clicks turn an order twice.
