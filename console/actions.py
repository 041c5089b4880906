"""The single table of actions: every key, its name, its title and what it does.

The app's bindings, the footer's legend, the help and the command palette are all made from it,
so that nothing works by a key that the palette lacks. A key means one thing, whatever the page.
Imports nothing of Textual.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """The console's pages, in the order of their tabs and of the keys from 1 up."""

    DISAGREEMENTS = "disagreements"
    CHANNELS = "channels"
    UPDATES = "updates"
    INCIDENTS = "incidents"
    SKU = "sku"
    CHECKLIST = "checklist"


EVERYWHERE = frozenset(Place)
DECIDING = frozenset((Place.DISAGREEMENTS, Place.UPDATES, Place.SKU))
LISTS = frozenset((Place.DISAGREEMENTS, Place.UPDATES))
ON_CHANNELS = frozenset((Place.CHANNELS,))


class Group(StrEnum):
    """The help's chapters."""

    DECIDE = "Decide"
    CHANNEL = "Channel"
    CHOOSE = "Choose"
    LOOK = "Look"
    PAST = "The past"
    MOVE = "Move"
    PROGRAM = "Skew"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that an operator can do: the page's method `do_` + `name`, else the app's."""

    name: str
    keys: tuple[str, ...]
    """As the operator presses them; the first is the one shown."""
    title: str
    help: str
    group: Group
    legend: str = ""
    """The word in the footer; empty: not in the footer."""
    brief: str = ""
    """The word in the footer of a narrow terminal; empty: not in that one."""
    writes: bool = False
    """It ends in a decision: a read-only console refuses it."""
    on: Collection[Place] = EVERYWHERE
    """The pages that have it."""
    past: bool | None = None
    """Only a console on the past has it; False: only one that is live."""


_IN_THE_PAST = "In `skew watch --at TIME` only."

ACTIONS: tuple[Action, ...] = (
    Action(
        "approve",
        ("a",),
        "Approve the update",
        "Write the update under the cursor to its channel, after the hold. Anything but one small"
        " reduction shows its effect first.",
        Group.DECIDE,
        legend="Approve",
        brief="Appr",
        writes=True,
        on=DECIDING,
    ),
    Action(
        "reject",
        ("r",),
        "Reject the update",
        "Turn the update down, with a reason. It stays silent until its target or reading moves.",
        Group.DECIDE,
        legend="Reject",
        brief="Rej",
        writes=True,
        on=DECIDING,
    ),
    Action(
        "snooze",
        ("z",),
        "Snooze the update or incident",
        "Put the update aside for a while; it is proposed again afterwards. Of an incident nobody"
        " is told until then, unless it gets worse; one that is snoozed is woken.",
        Group.DECIDE,
        legend="Snooze",
        brief="Snz",
        writes=True,
        on=DECIDING | {Place.INCIDENTS},
    ),
    Action(
        "believe",
        ("b",),
        "Believe the quarantined poll",
        "Shows what that changes first: units, money, what goes to zero, what would disagree.",
        Group.DECIDE,
        legend="Believe…",
        brief="Bel",
        writes=True,
        on=ON_CHANNELS | {Place.INCIDENTS},
    ),
    Action(
        "discard",
        ("d",),
        "Discard the quarantined poll",
        "Throw it away, with a reason. The last good readings count again; the next poll is judged"
        " anew.",
        Group.DECIDE,
        legend="Discard…",
        brief="Disc",
        writes=True,
        on=ON_CHANNELS | {Place.INCIDENTS},
    ),
    Action(
        "undo",
        ("u",),
        "Undo the last approval",
        "Take back the last approval, or the one under the cursor, while its hold lasts.",
        Group.DECIDE,
        legend="Undo",
        brief="Undo",
        writes=True,
    ),
    Action(
        "approve_marked",
        ("A",),
        "Approve all that is marked",
        "Shows how many units go up and down, how many SKUs to zero, and the money, first.",
        Group.DECIDE,
        legend="Approve marked…",
        brief="Bulk",
        writes=True,
        on=LISTS,
    ),
    Action(
        "reject_marked",
        ("R",),
        "Reject all that is marked",
        "One reason for all of them.",
        Group.DECIDE,
        legend="Reject marked…",
        writes=True,
        on=LISTS,
    ),
    Action(
        "acknowledge",
        ("c",),
        "Acknowledge the row",
        "Say why what is marked, or under the cursor, may stand: it is told last until it moves."
        " On what is acknowledged: take that back. Of an incident: note that you have seen it.",
        Group.DECIDE,
        legend="Acknowledge",
        brief="Ack",
        writes=True,
        on=frozenset((Place.DISAGREEMENTS, Place.INCIDENTS)),
    ),
    Action(
        "retry",
        ("T",),
        "Try a failed update again",
        "Ask anew, with a reason, for what failed, was not applied, is unknown or expired: the"
        " marked ones, else the one under the cursor. It is proposed again, not written.",
        Group.DECIDE,
        legend="Try again",
        brief="Try",
        writes=True,
        on=frozenset((Place.UPDATES, Place.SKU)),
    ),
    Action(
        "mark",
        ("space",),
        "Mark or unmark the row",
        "Marks belong to the row, not to its place: they stay while rows come and go.",
        Group.CHOOSE,
        legend="Mark",
        brief="Mark",
        on=LISTS,
    ),
    Action(
        "mark_all",
        ("*",),
        "Mark everything in the list",
        "All rows that the filter lets through; again: none.",
        Group.CHOOSE,
        legend="All",
        on=LISTS,
    ),
    Action(
        "filter",
        ("/",),
        "Filter the list",
        "Words in the SKU or title, “a phrase”, channel:shop, sku:DS-*, state:open, side:oversell,"
        " cause:lag, acked:no, risk>100, units>5, age:1h-4h; -channel:shop leaves out. → completes,"
        " ↑ brings back. Of updates status:failed, by:ana; of incidents severity:severe,"
        " state:closed.",
        Group.CHOOSE,
        legend="Filter",
        brief="Filter",
        on=LISTS | {Place.INCIDENTS},
    ),
    Action(
        "sort",
        ("s",),
        "Sort by the next order",
        "Money at risk, severity, age, SKU, channel, delta; of updates money at stake, newest,"
        " ended last, channel.",
        Group.CHOOSE,
        legend="Sort",
        on=LISTS,
    ),
    Action(
        "next_state",
        ("f",),
        "Show the next state",
        "Updates that are open, that failed, that are done, all; incidents that are open, snoozed,"
        " closed, all.",
        Group.CHOOSE,
        legend="State",
        brief="State",
        on=frozenset((Place.UPDATES, Place.INCIDENTS)),
    ),
    Action(
        "group",
        ("g",),
        "Group the list",
        "By cause, by SKU, by channel, and in one piece again.",
        Group.CHOOSE,
        legend="Group",
        on=frozenset((Place.DISAGREEMENTS,)),
    ),
    Action(
        "expand",
        ("right",),
        "Open the group",
        "Shows the rows of the group under the cursor; so does enter.",
        Group.CHOOSE,
        on=frozenset((Place.DISAGREEMENTS,)),
    ),
    Action(
        "collapse",
        ("left",),
        "Close the group",
        "Folds the group away that the cursor is in.",
        Group.CHOOSE,
        on=frozenset((Place.DISAGREEMENTS,)),
    ),
    Action(
        "next_worst",
        ("n",),
        "Next of the worst",
        "Oversell before what is wrongly sold, before undersell, before the rest; never what is"
        " acknowledged. Goes round at the end.",
        Group.CHOOSE,
        legend="Next worst",
        on=frozenset((Place.DISAGREEMENTS,)),
    ),
    Action(
        "previous_worst",
        ("N",),
        "Previous of the worst",
        "The same, backwards.",
        Group.CHOOSE,
        on=frozenset((Place.DISAGREEMENTS,)),
    ),
    Action(
        "clear",
        ("escape",),
        "Clear, or go back",
        "Closes the filter's line, else clears the marks, else the filter, else goes back to the"
        " page before.",
        Group.CHOOSE,
    ),
    Action(
        "detail",
        ("enter",),
        "Open what is under the cursor",
        "A SKU with all channels, the cause with its evidence, its stock over time. On a channel or"
        " an incident: its disagreements. On an answer of the checklist: the channel that it"
        " names.",
        Group.LOOK,
        legend="Open",
        on=LISTS | ON_CHANNELS | {Place.INCIDENTS, Place.CHECKLIST},
    ),
    Action(
        "poll_now",
        ("o",),
        "Poll the channel now",
        "Read it afresh, also while it rests or is paused. What came of it is told when it ends.",
        Group.CHANNEL,
        legend="Poll now",
        brief="Poll",
        writes=True,
        on=ON_CHANNELS,
    ),
    Action(
        "pause_channel",
        ("P",),
        "Pause or resume the channel",
        "Leave it alone for a while, with a reason that everybody sees: not polled, not written to."
        " It ends by itself. Also ends the engine's own pause after refused credentials.",
        Group.CHANNEL,
        legend="Pause channel…",
        brief="Pause",
        writes=True,
        on=ON_CHANNELS,
    ),
    Action(
        "cancel",
        ("X",),
        "Cancel what runs",
        "Stop the channel's poll: nothing of it is kept, and its record says who stopped it. Of"
        " updates: take back the batch of the one under the cursor, else the last batch, as far as"
        " it is not being written yet.",
        Group.CHANNEL,
        legend="Cancel",
        brief="Cancel",
        writes=True,
        on=ON_CHANNELS | {Place.UPDATES},
    ),
    Action(
        "batch",
        ("B",),
        "Show how far a batch is",
        "What was approved together with the update under the cursor, else the last batch: what is"
        " written, what was read back, what stopped it.",
        Group.LOOK,
        on=DECIDING,
    ),
    Action(
        "show_disagreements", ("1",), "Show the disagreements", "The whole dashboard.", Group.LOOK
    ),
    Action("show_channels", ("2",), "Show the channels", "Freshness, polls, errors.", Group.LOOK),
    Action(
        "show_updates",
        ("3",),
        "Show the updates",
        "What waits for a decision, what failed, and all that ever was.",
        Group.LOOK,
    ),
    Action("show_incidents", ("4",), "Show the incidents", "Trouble with a channel.", Group.LOOK),
    Action(
        "show_sku",
        ("5",),
        "Show the SKU",
        "The SKU under the cursor, or the one that was looked at last.",
        Group.LOOK,
    ),
    Action(
        "show_checklist",
        ("6",),
        "Show the checklist",
        "The six questions, answered from the settings and from what happens.",
        Group.LOOK,
    ),
    Action(
        "zoom_in",
        ("+",),
        "Plot a shorter time",
        "30 days, 7 days, 24 hours, 6 hours, 1 hour.",
        Group.LOOK,
        legend="Zoom",
        on=frozenset((Place.SKU,)),
    ),
    Action(
        "zoom_out",
        ("-",),
        "Plot a longer time",
        "And the other way round.",
        Group.LOOK,
        on=frozenset((Place.SKU,)),
    ),
    Action(
        "pause",
        ("p",),
        "Pause or resume the screen",
        "Holds the screen still to read it. Collecting never stops.",
        Group.LOOK,
        legend="Pause",
        past=False,
    ),
    Action(
        "previous_change",
        ("[",),
        "The change before",
        f"{_IN_THE_PAST} On a SKU's page: of that SKU.",
        Group.PAST,
        legend="Before",
        brief="Prev",
        past=True,
    ),
    Action(
        "next_change",
        ("]",),
        "The next change",
        f"{_IN_THE_PAST} On a SKU's page: of that SKU.",
        Group.PAST,
        legend="Next",
        brief="Next",
        past=True,
    ),
    Action(
        "hour_back",
        ("{",),
        "An hour back",
        _IN_THE_PAST,
        Group.PAST,
        legend="−1 h",
        past=True,
    ),
    Action(
        "hour_on",
        ("}",),
        "An hour on",
        f"{_IN_THE_PAST} No further than to now.",
        Group.PAST,
        legend="+1 h",
        past=True,
    ),
    Action(
        "go_to",
        ("@",),
        "Go to a time…",
        f"{_IN_THE_PAST} An instant, or how long ago: 2026-11-23T14:00:00Z, 2h.",
        Group.PAST,
        legend="Go to",
        past=True,
    ),
    Action(
        "copy",
        ("y",),
        "Copy the row",
        "As SKU, as a row for a spreadsheet, as JSON, or as the command that approves it; to the"
        " terminal's clipboard (OSC 52).",
        Group.LOOK,
        legend="Copy",
        on=DECIDING | {Place.INCIDENTS},
    ),
    Action(
        "export",
        ("e",),
        "Export the list",
        "All of its rows, as filtered and sorted, to a CSV or JSON file.",
        Group.LOOK,
        legend="Export",
        on=LISTS | frozenset((Place.CHANNELS, Place.INCIDENTS)),
    ),
    Action(
        "theme",
        ("t",),
        "Next theme",
        "Dark, light, colour-blind, high contrast, sixteen colours. It is remembered.",
        Group.PROGRAM,
    ),
    Action(
        "palette",
        (":",),
        "Command palette",
        "Every action by name.",
        Group.PROGRAM,
        "Command",
        "Cmd",
    ),
    Action("help", ("?",), "Help", "Every key and what it does.", Group.PROGRAM, "Help", "Help"),
    Action("quit", ("q",), "Quit", "Approvals are kept.", Group.PROGRAM, "Quit"),
)

MOVES: tuple[tuple[str, str], ...] = (
    ("↑ ↓  j k", "one row"),
    ("PgUp PgDn", "one page"),
    ("Home End", "first, last"),
    ("Tab", "next panel"),
    ("mouse", "click a row, a tab, or a word of the legend"),
)
"""Keys that move and decide nothing, for the help; the lists own them."""


SHORT = {"space": "spc", "escape": "esc", "pageup": "PgUp", "pagedown": "PgDn"}
"""Keys whose names are long, as the foot and the tabs show them."""


def shown_key(action: Action) -> str:
    """The key that an action is told with; empty where it has none."""
    return SHORT.get(action.keys[0], action.keys[0]) if action.keys else ""


def by_name(name: str) -> Action:
    return _BY_NAME[name]


_BY_NAME = {action.name: action for action in ACTIONS}
