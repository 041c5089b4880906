"""Causes that stock events prove: in flight, applied twice, never applied. Pure.

Each sum is exact: what is shown must be just what the events come to, with some counted twice or
left out.
"""

from collections.abc import Iterator, Sequence

from store.causes.facts import KnownEvent
from store.event_kinds import EventKind
from store.model import Cause, CorrectionStatus
from store.reasons import Reason
from sync.causes.case import CauseCase, describe, effect, effects, listed, plural
from sync.clock import rfc3339


def in_flight(case: CauseCase) -> Cause | None:
    """Events that one side knows and the other does not yet."""
    if not case.numeric:
        return None
    return _not_here_yet(case) or _newer_than_reading(case)


def applied_twice(case: CauseCase) -> Cause | None:
    """An event or an update of ours, taken off once more than it should have been."""
    if not case.numeric:
        return None
    return _event_twice(case) or _elsewhere_twice(case) or _update_twice(case)


def never_applied(case: CauseCase) -> Cause | None:
    """Orders on the channel itself that never lowered its reading, though it was read since."""
    if not case.numeric or case.moved is None or case.explained is None:
        return None
    orders = [event for event in case.own_events if event.kind is EventKind.ORDERED]
    orders = [event for event in orders if case.was_read_after(event)]
    for lost in ([event] for event in reversed(orders)):
        if _never_fell_by(case, lost):
            return _lost(case, lost)
    if len(orders) > 1 and _never_fell_by(case, orders):
        return _lost(case, orders)
    return None


def unheard_sale(case: CauseCase) -> Cause | None:
    """A channel without events fell, and the authority has not been read since: likely a sale."""
    waits = case.disagreement.reason is Reason.AUTHORITY_BEHIND
    fell = case.moved is not None and case.moved < 0
    if case.facts.reports_events or not waits or not fell:
        return None

    words = (
        f"{case.channel} fell from {case.facts.agreed_quantity} to {case.shown} at "
        f"{rfc3339(case.disagreement.observed_at)}, probably by a sale there; "
        f"{case.facts.authority} has not been read since"
    )
    return Cause("in flight", 0.5, words)


def _not_here_yet(case: CauseCase) -> Cause | None:
    """The channel shows the target without the newest of the events that the target counts."""
    if not case.unseen or not case.reproduces_target:
        return None
    for left_out, shown in _without_the_newest(case):
        if shown == case.shown:
            return Cause("in flight", 0.95, _words_of_flight(case, left_out))
    return None


def _without_the_newest(case: CauseCase) -> Iterator[tuple[Sequence[KnownEvent], int | None]]:
    """What could be missing, the fewest events first, and what would be shown without it."""
    # Events arrive in order, so what is missing is always the newest of them. Of the channel's own
    # events only those can be missing that came since it was last read.
    theirs = [event for event in case.unseen if event.channel != case.channel]
    mine = [event for event in case.unseen if event.channel == case.channel]
    late = [event for event in mine if not case.was_read_after(event)]
    for n in reversed(range(len(theirs))):
        yield theirs[n:], case.target([*mine, *theirs[:n]])
    waiting = [event for event in case.unseen if event in theirs or event in late]
    certain = [event for event in mine if event not in late]
    for n in reversed(range(len(waiting))):
        yield waiting[n:], case.target([*certain, *waiting[:n]])
    # A channel takes its own orders off whole, where the target counts a share of them.
    own = effects(event for event in case.own_events if event.unseen)
    for n in reversed(range(len(theirs) + 1)):
        if own and (counted := case.target(theirs[:n])) is not None:
            yield theirs[n:], counted + own


def _words_of_flight(case: CauseCase, left_out: Sequence[KnownEvent]) -> str:
    disagreement, authority = case.disagreement, case.facts.authority or "the authority"
    if not left_out:
        own = [event for event in case.own_events if event.unseen]
        return (
            f"{disagreement.channel} has already taken off all of {listed(own)} and shows "
            f"{case.shown}; the target of {case.wanted} counts only its share of it until "
            f"{authority} includes it"
        )
    return (
        f"{disagreement.channel} shows {case.shown}, the target without "
        f"{listed(left_out, of_sku=bool(case.facts.parts))}, which {authority} does not include "
        f"yet either; with {'it' if len(left_out) == 1 else 'them'} the target is {case.wanted}"
    )


def _newer_than_reading(case: CauseCase) -> Cause | None:
    """The authority has counted events that are newer than the channel's reading."""
    as_of = case.facts.as_of
    if not case.own_events:
        return None
    newer = [e for e in case.own_events if not e.unseen and as_of is not None and e.at > as_of]
    for n in reversed(range(len(newer))):
        late = newer[n:]
        if effects(late) and case.shown + effects(late) == case.wanted:
            words = (
                f"{listed(late)} {'is' if len(late) == 1 else 'are'} newer than the reading of "
                f"{case.shown} from {rfc3339(as_of)}; with {'it' if len(late) == 1 else 'them'} "
                f"the channel would show {case.wanted}"
            )
            return Cause("in flight", 0.95, words)
    return None


def _event_twice(case: CauseCase) -> Cause | None:
    """One of the channel's own events, where all else that we know of adds up."""
    for event in reversed(case.own_events):
        once_more = effect(event)
        if not once_more or case.shown != case.wanted + once_more:
            continue
        books = (
            None if case.moved is None or case.explained is None else case.moved - case.explained
        )
        if books != once_more if books is not None else not event.repeats:
            continue
        repeated = f"; the event came {event.repeats + 1} times" if event.repeats else ""
        words = (
            f"{describe(event)} counted twice: {case.channel} shows {case.shown}, "
            f"{_by(once_more)} than the {case.wanted} that it should{repeated}"
        )
        sure = 0.95 if books is not None else 0.8
        return Cause("applied twice", sure if repeated else 0.7, words)
    return None


def _elsewhere_twice(case: CauseCase) -> Cause | None:
    """An event of another channel that somebody took off here, beside or after us."""
    if case.own_events or case.facts.written_since or not case.facts.events_whole:
        return None
    units = case.policy.units if case.policy is not None else 1
    for event in reversed(case.facts.events):
        if event.channel == case.channel or event.received_at < case.facts.since:
            continue
        once, rest = divmod(event.available, units)
        if once and not rest and case.shown == case.wanted + once and case.moved == 2 * once:
            words = (
                f"{describe(event)} was taken off twice here: {case.channel} went from "
                f"{case.facts.agreed_quantity} to {case.shown} at "
                f"{rfc3339(case.disagreement.observed_at)} and should show {case.wanted}"
            )
            return Cause("applied twice", 0.6, words)
    return None


def _update_twice(case: CauseCase) -> Cause | None:
    """Our own last update, as if its difference had been written instead of its number."""
    update = case.facts.written
    if update is None or update.from_quantity is None or update.to_quantity is None:
        return None
    change = update.to_quantity - update.from_quantity
    again = case.shown == update.to_quantity + change
    if not change or not again or case.wanted != update.to_quantity:
        return None
    verb = "was verified" if update.status is CorrectionStatus.VERIFIED else "ended"
    words = (
        f"update #{update.id} from {update.from_quantity} to {update.to_quantity} {verb} at "
        f"{rfc3339(update.ended_at)}, and {case.channel} shows {case.shown}: {_by(change)} "
        "once more"
    )
    return Cause("applied twice", 0.8, words)


def _never_fell_by(case: CauseCase, lost: Sequence[KnownEvent]) -> bool:
    """Whether all adds up without these, and the target would be what is shown."""
    if case.moved is None or case.explained is None or case.moved != case.explained - effects(lost):
        return False
    counted = [event for event in case.unseen if event not in lost]
    gone = sum(event.available for event in lost if not event.unseen)
    return case.reproduces_target and case.target(counted, more=-gone) == case.shown


def _lost(case: CauseCase, lost: Sequence[KnownEvent]) -> Cause:
    what = f"{listed(lost)} never lowered what {case.channel} shows"
    words = (
        f"{what}: it still showed {case.shown} at {rfc3339(case.facts.as_of)} and should show "
        f"{case.wanted}"
    )
    if len(lost) > 1:
        words += f"; {plural(len(lost), 'order')}, {-effects(lost)} in all"
    return Cause("never applied", 0.9, words)


def _by(change: int) -> str:
    return f"{abs(change)} {'less' if change < 0 else 'more'}"
