"""The checklist of six questions, answered from the configuration and from what was measured.

Pure: what was measured is passed in, and where nothing was, the configuration alone is judged.
"""

from store.checklist.values import Measured
from sync import channels
from sync.checklist import directions, events, mismatches, order, states, truth
from sync.checklist.case import Answer, ChecklistCase
from sync.settings import Settings


def case(settings: Settings, measured: Measured | None) -> ChecklistCase:
    """Bring together what the questions are answered from."""
    abilities = {
        name: channels.kind(channel.kind).abilities(channel.options)
        for name, channel in settings.channels.items()
    }
    return ChecklistCase(settings, abilities, measured)


def answers(of: ChecklistCase) -> tuple[Answer, ...]:
    """Answer the six questions, in their order."""
    return tuple(
        question.answer(of) for question in (truth, events, directions, order, mismatches, states)
    )
