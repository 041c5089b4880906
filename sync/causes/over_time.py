"""Causes that the history proves: lag, second writer, accepted but not applied. Pure."""

from store.causes.facts import Update
from store.event_kinds import EventKind
from store.model import Cause, CorrectionStatus, Kind
from sync.causes.case import CauseCase, age, listed, plural
from sync.causes.events import never_applied
from sync.causes.peers import mapping, shared_pool
from sync.clock import rfc3339


def frozen(case: CauseCase) -> Cause | None:
    """It is frozen: nothing is proposed, because something else writes there too."""
    if case.facts.frozen_at is None:
        return None
    why = case.facts.frozen_why or "something else writes there too"
    words = f"frozen since {rfc3339(case.facts.frozen_at)}: {why}"
    if case.facts.in_pool:
        return Cause("shared pool", 1.0, words)
    return Cause("loop" if case.facts.in_loop else "second writer", 1.0, words)


def late_update(case: CauseCase) -> Cause | None:
    """An update of ours that was not seen, or had no reply, is shown now: it was applied late."""
    disagreement, seen_at = case.disagreement, case.disagreement.observed_at
    for update in reversed(case.facts.unproven):
        began_at = update.began_at
        if began_at is None or seen_at is None or seen_at < began_at:
            continue
        before: object = update.from_quantity
        after: object = update.to_quantity
        shown: object = disagreement.available
        if disagreement.kind is Kind.STATE:
            before, after, shown = update.from_state, update.to_state, disagreement.state
        if after == before or shown != after:
            continue
        not_seen = update.status is CorrectionStatus.NOT_APPLIED
        became = "accepted and not seen" if not_seen else "without a reply"
        words = (
            f"{case.channel} shows {after}, which update #{update.id} from {before} to {after} "
            f"wrote at {rfc3339(began_at)}; it was {became} until {rfc3339(update.ended_at)}, and "
            "has been applied late"
        )
        return Cause("late update", 0.95, words)
    return None


def turned_back(case: CauseCase) -> Cause | None:
    """A person has turned an update back, and it shows again what it did before that."""
    last, disagreement = case.facts.last, case.disagreement
    if last is None or last.reverts is None or last.status is not CorrectionStatus.VERIFIED:
        return None
    of_state = disagreement.kind is Kind.STATE
    if _shows(case) != (last.to_state if of_state else last.to_quantity):
        return None
    words = (
        f"update #{last.id}, approved by {last.approved_by or 'nobody known'} and verified at "
        f"{rfc3339(last.ended_at)}, turned #{last.reverts} back"
    )
    return Cause("turned back", 1.0, words)


def lag(case: CauseCase) -> Cause | None:
    """The channel still shows an earlier target: it follows late, or not at all."""
    # Where an update was accepted since then, the cause is "not applied". And a channel that does
    # not even follow its own orders has a worse fault than being late.
    facts = case.facts
    until = facts.earlier_target_until
    if until is None or never_applied(case) is not None:
        return None
    last = facts.last
    if last and last.status is CorrectionStatus.NOT_APPLIED and last.ended_at >= until:
        return None
    words = (
        f"still shows the old target (valid until {rfc3339(until)}, {age(case.now - until)} ago); "
        f"unchanged in {plural(facts.polls_since_moved, 'poll')} since"
    )
    return Cause("lag", 0.9, words)


def second_writer(case: CauseCase) -> Cause | None:
    """It changed on the channel since it last agreed, without an event or update that we know."""
    if case.facts.written_since:
        return None
    if case.disagreement.kind is Kind.STATE:
        return _state_changed(case)
    return _quantity_changed(case) if case.numeric else None


def _state_changed(case: CauseCase) -> Cause | None:
    facts, disagreement = case.facts, case.disagreement
    if facts.agreed_state is None or facts.agreed_state == disagreement.state:
        return None
    update = _changed_back(case)
    if update is not None:
        return _back(case, facts.agreed_state, disagreement.state, update)
    words = f"{_changed(case, facts.agreed_state, disagreement.state)}; no update of ours did it"
    return Cause("second writer", 0.8, words)


def _quantity_changed(case: CauseCase) -> Cause | None:
    facts = case.facts
    if not case.moved or case.explained is None:
        return None
    if case.own_events:
        return _adjusted(case)
    update = _changed_back(case)
    if update is not None:
        return _back(case, facts.agreed_quantity, case.shown, update)
    if mapping(case) is not None or shared_pool(case) is not None:
        # A swap or a shared pool also says why somebody writes there, which is worth more.
        return None
    words = _changed(case, facts.agreed_quantity, case.shown)
    if facts.reports_events:
        words += "; no event and no update of ours explains it"
        return Cause("second writer", 0.8, words)
    fell = case.moved < 0
    other = "a sale that only it knows" if fell else "a return or a count"
    words += f"; no update of ours did it, and it reports no events: {other}, or a second writer"
    return Cause("second writer", 0.4 if fell else 0.5, words)


def _adjusted(case: CauseCase) -> Cause | None:
    """The channel itself reports that somebody set its number, and reports nothing else."""
    if any(event.kind is not EventKind.ADJUSTED for event in case.own_events):
        return None
    if case.moved != case.explained:
        return None
    words = f"{_changed(case, case.facts.agreed_quantity, case.shown)} by {listed(case.own_events)}"
    return Cause("second writer", 0.9, f"{words}, which was not an update of ours")


def _changed(case: CauseCase, before: object, after: object) -> str:
    at = rfc3339(case.disagreement.observed_at)
    return f"{case.channel} agreed at {before} and has shown {after} since {at}"


def _back(case: CauseCase, before: object, after: object, update: Update) -> Cause:
    words = (
        f"{_changed(case, before, after)}: back to what it was before update #{update.id}, "
        f"verified at {rfc3339(update.ended_at)}; no event there explains it"
    )
    return Cause("second writer", 0.95, words)


def not_applied(case: CauseCase) -> Cause | None:
    """The channel took an update and shows what it showed before."""
    last, disagreement = case.facts.last, case.disagreement
    if last is None or last.status is not CorrectionStatus.NOT_APPLIED:
        return None
    shows = _shows(case)
    if shows != (last.from_state if disagreement.kind is Kind.STATE else last.from_quantity):
        return None
    words = (
        f"update #{last.id} was accepted at {rfc3339(last.ended_at)}, but {disagreement.channel} "
        f"still shows {shows}"
    )
    return Cause("not applied", 1.0, words)


def _shows(case: CauseCase) -> int | str | None:
    """What is shown of that which disagrees: the state or the number."""
    disagreement = case.disagreement
    return disagreement.state if disagreement.kind is Kind.STATE else disagreement.available


def oversold(case: CauseCase) -> Cause | None:
    """It shows less than zero, and no event says why."""
    if case.disagreement.kind is not Kind.NEGATIVE or case.disagreement.available is None:
        return None
    words = f"{case.channel} sold {-case.disagreement.available} more than it had"
    return Cause("oversold", 0.8, words)


def _changed_back(case: CauseCase) -> Update | None:
    """Our last update, where the channel shows again what it showed before it."""
    update, disagreement = case.facts.written, case.disagreement
    if update is None or update.status is not CorrectionStatus.VERIFIED:
        return None
    if disagreement.kind is Kind.STATE:
        back = (
            disagreement.state == update.from_state and case.facts.agreed_state == update.to_state
        )
    else:
        back = case.shown == update.from_quantity and (
            case.facts.agreed_quantity == update.to_quantity
        )
    return update if back else None
