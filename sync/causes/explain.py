"""Why listings disagree, with the evidence. Pure: facts in, one sentence each out.

Causes are for people to read; nothing acts on them.
"""

from collections.abc import Callable, Iterable, Mapping

from store.causes.facts import Facts
from store.model import Cause, Disagreement, Kind, Millis, Status, Terms
from store.targets.rule_choices import FirstMatch
from sync.causes import events, over_time, peers
from sync.causes.case import CauseCase, events_and_updates
from sync.causes.structure import structural
from sync.clock import rfc3339


def causes(
    found: Iterable[Disagreement], facts: Mapping[int, Facts], terms: Terms, *, now: Millis
) -> dict[int, Cause]:
    """The cause of each disagreement whose facts are known, by its id."""
    return Explainer(terms, now=now).causes(found, facts)


class Explainer:
    """The terms of one configuration, made ready to explain one page after the other."""

    def __init__(self, terms: Terms, *, now: Millis) -> None:
        self._now = now
        self._channels = {channel.name: channel for channel in terms.channels}
        self._rules = {
            channel.name: FirstMatch([policy.skus for policy in channel.policies])
            for channel in terms.channels
        }

    def causes(self, found: Iterable[Disagreement], facts: Mapping[int, Facts]) -> dict[int, Cause]:
        """The cause of each disagreement whose facts are known, by its id."""
        explained = {}
        for disagreement in found:
            known = facts.get(disagreement.id)
            if known is None:
                continue
            mine = self._channels.get(disagreement.channel)
            policy = None
            if mine is not None:
                place = self._rules[mine.name].find(disagreement.sku)
                policy = None if place is None else mine.policies[place]
            explained[disagreement.id] = cause(
                CauseCase(disagreement, known, mine, policy, self._now)
            )
        return explained


def cause(case: CauseCase) -> Cause:
    """The first predictor that fits; `unexplained` with the residual where none does."""
    # Where only the least is known, two equal numbers are equal by chance.
    for predictor in _WITHOUT_NUMBERS if case.disagreement.at_least else PREDICTORS:
        found = predictor(case)
        if found is not None:
            return found
    return _unexplained(case)


def _untrusted(case: CauseCase) -> Cause | None:
    """What can't be read can't be explained."""
    disagreement = case.disagreement
    if disagreement.status is not Status.UNKNOWN or disagreement.reason is None:
        return None
    words = disagreement.reason.replace("_", " ")
    return Cause("not trusted", 1.0, f"{words}: the last good reading is shown")


PREDICTORS: tuple[Callable[[CauseCase], Cause | None], ...] = (
    structural,
    _untrusted,
    over_time.frozen,
    over_time.turned_back,
    events.in_flight,
    over_time.late_update,
    peers.moved_together,
    events.unheard_sale,
    over_time.lag,
    events.applied_twice,
    events.never_applied,
    over_time.oversold,
    over_time.second_writer,
    over_time.not_applied,
    peers.buffer,
    peers.unit_of_measure,
    peers.mapping,
    peers.shared_pool,
)
"""The first that fits is the cause. What events prove comes first; what shows only beside other
listings comes last, because it is right for most of them and not for each."""


_BY_NUMBERS = (peers.buffer, peers.unit_of_measure, peers.mapping)
"""What exact numbers tell."""

_WITHOUT_NUMBERS = tuple(found for found in PREDICTORS if found not in _BY_NUMBERS)


def _unexplained(case: CauseCase) -> Cause:
    disagreement, since = case.disagreement, rfc3339(case.facts.since)
    if disagreement.delta is None:
        shows = disagreement.state if disagreement.kind is Kind.STATE else disagreement.available
        residual = f"shows {shows}, should show {disagreement.target_state}"
        return Cause("unexplained", 0.0, f"{residual} since {since}; no known cause fits")
    off = f"{abs(disagreement.delta)} off the target since {since}"
    least = "at least " if disagreement.at_least else ""
    words = f"shows {least}{disagreement.available}, {least}{off}; "
    if not case.moved or not case.explained:
        return Cause("unexplained", 0.0, f"{words}no known cause fits")
    left = case.moved - case.explained
    if not left:
        return _not_counted(case)
    words += (
        f"it moved by {case.moved:+} since it last agreed; events and updates there explain "
        f"{case.explained:+}, {left:+} is unexplained"
    )
    return Cause("unexplained", 0.0, words)


def _not_counted(case: CauseCase) -> Cause:
    """All of its own move is known: it is the target that does not follow, or has moved."""
    authority = case.facts.authority or "the authority"
    known = events_and_updates(case)
    words = (
        f"{known} explain all of its move from {case.facts.agreed_quantity} to {case.shown}; the "
        f"target of {case.wanted} from {authority} does not count that, or not yet"
    )
    return Cause("in flight", 0.6, words)
