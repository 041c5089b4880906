"""The checklist of six questions, answered from the configuration and from what was measured.

`skew check` and the console's checklist show the same answers. Pure: what was measured is handed
in (`store.measured`), and where nothing was, the configuration alone is judged.
"""

from store.behaviour import Measured
from sync import channels
from sync.questions import events, mismatches, order, states, truth, ways
from sync.questions.case import Answer, Case
from sync.settings import Settings


def case(settings: Settings, measured: Measured | None) -> Case:
    """Bring together what the questions are answered from."""
    able = {
        name: channels.kind(one.kind).abilities(one.options)
        for name, one in settings.channels.items()
    }
    return Case(settings, able, measured)


def answers(of: Case) -> tuple[Answer, ...]:
    """Answer the six questions, in their order."""
    return tuple(each.answer(of) for each in (truth, events, ways, order, mismatches, states))
