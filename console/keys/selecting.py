"""What the keys act on: marks, the filter, the order, the groups."""

from console.keys.action import LISTS, Action, Chapter, PageName

SELECTING_ACTIONS: tuple[Action, ...] = (
    Action(
        "mark",
        ("space",),
        "Mark or unmark the row",
        "Marks belong to the row, not to its place: they stay while rows come and go.",
        Chapter.CHOOSE,
        legend="Mark",
        brief="Mark",
        on=LISTS,
    ),
    Action(
        "mark_all",
        ("*",),
        "Mark everything in the list",
        "All rows that the filter lets through; again: none.",
        Chapter.CHOOSE,
        legend="All",
        on=LISTS,
    ),
    Action(
        "filter",
        ("/",),
        "Filter the list",
        "Words in the SKU or title, “a phrase”, channel:shop, sku:DS-*, state:open, side:oversell,"
        " cause:lag, acked:no, ignored:yes, risk>100, units>5, age:1h-4h; -channel:shop leaves out."
        " → completes, ↑ brings back. Of updates status:failed, by:ana, #17; of incidents"
        " severity:severe, state:closed.",
        Chapter.CHOOSE,
        legend="Filter",
        brief="Filter",
        on=LISTS | {PageName.INCIDENTS},
    ),
    Action(
        "sort",
        ("s",),
        "Sort by the next order",
        "Money at risk, severity, age, SKU, channel, delta; of updates money at stake, newest,"
        " ended last, channel; of incidents and channels theirs. What is open stands first.",
        Chapter.CHOOSE,
        legend="Sort",
        on=LISTS | {PageName.CHANNELS, PageName.INCIDENTS},
    ),
    Action(
        "sort_menu",
        ("S",),
        "Sort by…",
        "All orders to choose from; the present one, chosen again, is reversed. A click on a"
        " column's title does the same.",
        Chapter.CHOOSE,
        on=LISTS | {PageName.CHANNELS, PageName.INCIDENTS},
        yields=("S",),
    ),
    Action(
        "columns",
        ("C",),
        "Choose the columns…",
        "Which columns the list shows, and in which order. It is remembered.",
        Chapter.CHOOSE,
        on=LISTS | {PageName.CHANNELS, PageName.INCIDENTS},
        yields=("C",),
    ),
    Action(
        "next_state",
        ("f",),
        "Show the next state",
        "Updates that are open, that failed, that are done, all; incidents that are open, snoozed,"
        " closed, all.",
        Chapter.CHOOSE,
        legend="State",
        brief="State",
        on=frozenset((PageName.UPDATES, PageName.INCIDENTS)),
    ),
    Action(
        "group",
        ("O",),
        "Group the list",
        "By cause, by SKU, by channel, then off.",
        Chapter.CHOOSE,
        legend="Group",
        on=frozenset((PageName.DISAGREEMENTS,)),
        yields=("O",),
    ),
    Action(
        "views",
        ("v",),
        "Views…",
        "Saves the filter, order, groups and columns that are shown under a name, and opens what"
        " is saved: `view buyers` in the palette.",
        Chapter.CHOOSE,
        on=LISTS | {PageName.INCIDENTS},
        yields=("v",),
    ),
    Action(
        "expand",
        ("right",),
        "Open the group",
        "Shows the rows of the group under the cursor; so does enter.",
        Chapter.CHOOSE,
        on=frozenset((PageName.DISAGREEMENTS,)),
    ),
    Action(
        "collapse",
        ("left",),
        "Close the group",
        "Folds the group that the cursor is in.",
        Chapter.CHOOSE,
        on=frozenset((PageName.DISAGREEMENTS,)),
    ),
    Action(
        "next_worst",
        ("n",),
        "Next of the worst",
        "Oversell before what is wrongly on sale, before undersell, before the rest; never what is"
        " acknowledged. Goes round at the end.",
        Chapter.CHOOSE,
        legend="Next worst",
        on=frozenset((PageName.DISAGREEMENTS,)),
    ),
    Action(
        "previous_worst",
        ("N",),
        "Previous of the worst",
        "The same, backwards.",
        Chapter.CHOOSE,
        on=frozenset((PageName.DISAGREEMENTS,)),
    ),
    Action(
        "clear",
        ("escape",),
        "Clear, or go back",
        "Closes the filter's line, else returns from the past to now, else clears the marks, else"
        " the filter, else goes back to the page before.",
        Chapter.CHOOSE,
    ),
)
