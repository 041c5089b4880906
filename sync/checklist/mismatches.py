"""How are mismatches found and resolved? And how large must a buffer be meanwhile? Pure."""

from collections import Counter
from collections.abc import Iterator

from store.checklist.values import ChannelBehaviour, Sales
from store.model import CorrectionStatus, Status
from sync import locations
from sync.checklist.case import (
    DAYS,
    NOT_YET,
    Answer,
    ChecklistCase,
    count,
    delay_text,
    listed,
    span,
)
from sync.settings import ApprovalRule, ApprovalSettings, ChannelSettings
from sync.units import duration_text, portion_text

QUESTION = "How are mismatches found and resolved?"

_REPORTED = (
    CorrectionStatus.VERIFIED,
    CorrectionStatus.FAILED,
    CorrectionStatus.NOT_APPLIED,
    CorrectionStatus.UNKNOWN,
)


def answer(case: ChecklistCase) -> Answer:
    """Say what finds and ends them; red where a channel oversold with too small a buffer."""
    approval = case.settings.approval
    who = "a person approves each update"
    if approval.mode == "rules":
        who = f"{count(len(approval.rules), 'rule')} or a person approve each update"
    text = f"every reading is compared with its target at each poll; {who}, and a reading proves it"
    evidence = (
        *(_found(case, channel) for channel in case.settings.channels.values()),
        *_resolved(case),
        *_numbers(case),
        *_buffers(case),
    )
    return Answer(QUESTION, text, evidence, tuple(_wrong(case)))


def justified_buffer(sales: Sales, *, every_ms: int, lag_ms: int) -> int:
    """How many pieces of a fast-selling SKU sell elsewhere while a channel doesn't know yet."""
    # The rate of sales times how long it takes until the channel is read (`every`) and until it
    # shows what was written (its lag). Rounded up: half a piece can be oversold like a whole one.
    return -(-sales.p95_pieces * (every_ms + lag_ms) // sales.over_ms)


def _found(case: ChecklistCase, channel: ChannelSettings) -> str:
    every = f"channels.{channel.name}.every = {duration_text(channel.every_ms)}"
    # What is a sum of several is read whole each time (`sync.polling.deltas`).
    is_sum = channel.writes_all or locations.summed(channel.locations)
    if not case.abilities[channel.name].since or is_sum:
        return f"{every}: read whole, compared"
    period = duration_text(channel.sweep_every_ms)
    return f"{every}: what changed is read, and all of it every {period} (sweep_every); compared"


def _resolved(case: ChecklistCase) -> Iterator[str]:
    approval = case.settings.approval
    second = ""
    if approval.second_person_above is not None:
        second = f", two people above {count(approval.second_person_above, 'unit')}"
    yield (
        f'[approval] mode = "{approval.mode}", hold = {duration_text(approval.hold_ms)}, '
        f"expires = {duration_text(approval.expires_ms)}{second}"
    )
    yield _asking(approval)
    if approval.mode == "rules":
        yield from (f"a rule approves {_rule(rule)}" for rule in approval.rules)
        failed, wrong = approval.max_failed_ppm, approval.max_disagreeing_ppm
        yield (
            f"rules stop where more than {portion_text(failed)} of their updates end badly "
            f"(max_failed) or {portion_text(wrong)} of the listings are to be corrected "
            "(max_disagreeing), until a person has looked"
        )


def _asking(approval: ApprovalSettings) -> str:
    """What the console asks about before an approval."""
    if not approval.ask_above:
        return "[approval] ask_above = 0: the console asks before every approval"
    worth = ""
    if approval.ask_above_money is not None:
        worth = f" and worth {approval.ask_above_money:,.2f} at most (ask_above_money)"
    return (
        f"[approval] ask_above = {approval.ask_above}: the console asks before every approval but "
        f"that of one reduction by {count(approval.ask_above, 'unit')} at most{worth}, not to zero"
    )


def _rule(rule: ApprovalRule) -> str:
    what = {None: "updates", "reduce": "reductions", "raise": "raises"}[rule.only]
    where = f" on {rule.channel}" if rule.channel else ""
    of = f" of SKUs {rule.skus}" if rule.skus else ""
    most = f" of at most {count(rule.max_units, 'unit')}" if rule.max_units is not None else ""
    return f"{what}{where}{of}{most}"


def _numbers(case: ChecklistCase) -> Iterator[str]:
    if case.measured is None:
        yield NOT_YET
        return
    now: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for channel in case.measured.channels:
        for group in channel.open:
            now[group.status] += group.count
            kinds[group.kind] += group.count
        ended.update(channel.ended)
    stand = ", ".join(f"{now[status]:,} {status}" for status in Status)
    of = f": {listed(kinds)}" if kinds else ""
    apart = f"; {case.measured.ignored:,} more ignored by a rule" if case.measured.ignored else ""
    yield f"now {count(kinds.total(), 'disagreement')} ({stand}){of}{apart}"
    outcomes = ", ".join(f"{ended[status]:,} {status.replace('_', ' ')}" for status in _REPORTED)
    yield f"{DAYS} updates ended {outcomes}"
    for channel in case.measured.channels:
        if channel.closed:
            delays = delay_text(channel.closed, "disagreement")
            yield f"{channel.name}: from first seen to closed: {delays}"


def _buffers(case: ChecklistCase) -> Iterator[str]:
    if case.measured is None:
        return
    for channel in case.sellers():
        known = case.behaviour(channel.name)
        if known is not None:
            yield _buffer(case, channel, known)


def _buffer(case: ChecklistCase, channel: ChannelSettings, known: ChannelBehaviour) -> str:
    key = f"channels.{channel.name}.buffer = {channel.buffer:,}"
    if ruled := sum(rule.buffer is not None for rule in channel.rules):
        key += f" (another by {count(ruled, 'rule')})"
    sales = known.sold_elsewhere
    if sales is None:
        everyone = case.measured.channels if case.measured else ()
        if any(
            behaviour.reports_events for behaviour in everyone if behaviour.name != channel.name
        ):
            return f"{key}: nothing sold on other channels {DAYS}, so 0 would do"
        return (
            f"{key}: what is justified can't be measured, because no other channel reports its "
            "sales as events"
        )
    wanted = _justified(channel, known, sales)
    lag = f"a lag of {span(known.shown.p95_ms)}" if known.shown else "no lag measured yet"
    return (
        f"{key}, justified {wanted:,}: of {count(sales.skus, 'SKU')} that sold elsewhere, fast "
        f"ones sold {count(sales.p95_pieces, 'piece')} in {span(sales.over_ms)}; "
        f"read every {duration_text(channel.every_ms)}, {lag}"
    )


def _justified(channel: ChannelSettings, known: ChannelBehaviour, sales: Sales) -> int:
    lag_ms = known.shown.p95_ms if known.shown else 0
    return justified_buffer(sales, every_ms=channel.every_ms, lag_ms=lag_ms)


def buffers(case: ChecklistCase) -> dict[str, tuple[int, int | None]]:
    """The configured buffer and the justified one of each channel that is written quantities.

    By channel; None is justified where it can't be measured.
    """
    found: dict[str, tuple[int, int | None]] = {}
    for channel in case.sellers():
        known = case.behaviour(channel.name)
        sales = known.sold_elsewhere if known else None
        wanted = _justified(channel, known, sales) if known and sales else None
        found[channel.name] = (channel.buffer, wanted)
    return found


def _wrong(case: ChecklistCase) -> Iterator[str]:
    for name, (configured, justified) in buffers(case).items():
        known = case.behaviour(name)
        if known and known.oversold and justified is not None and configured < justified:
            cells = count(known.oversold, "listing")
            yield (
                f"{name} oversold {cells} {DAYS}, and channels.{name}.buffer = {configured:,} is "
                f"below the {justified:,} that its lag and the sales elsewhere justify"
            )
