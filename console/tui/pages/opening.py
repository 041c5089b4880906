"""The pages by their names, each imported when it is first opened."""

from console.keys.action import PageName
from console.tui.pages.context import PageContext
from console.tui.pages.page import Page


def make_page(place: PageName, context: PageContext) -> Page:
    """Make the page of this name."""
    return _class_of(place)(context)


def _class_of(place: PageName) -> type[Page]:
    # The console starts with one page, and with what that one imports: all of them, with what they
    # draw and ask, would be a tenth of the start.
    match place:
        case PageName.DISAGREEMENTS:
            from console.tui.pages.dashboard import Dashboard

            return Dashboard
        case PageName.CHANNELS:
            from console.tui.pages.channels import ChannelsPage

            return ChannelsPage
        case PageName.UPDATES:
            from console.tui.pages.updates import UpdatesPage

            return UpdatesPage
        case PageName.INCIDENTS:
            from console.tui.pages.incidents import IncidentsPage

            return IncidentsPage
        case PageName.SKU:
            from console.tui.pages.sku import SkuPage

            return SkuPage
        case PageName.CHECKLIST:
            from console.tui.pages.checklist import ChecklistPage

            return ChecklistPage
