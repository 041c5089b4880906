"""Why each listing of a SKU is as it is, in plain words, also where it agrees. Pure.

What is said of a listing follows the order in which it comes about: what the channel shows, who
decides, what the policy makes of that, the state, what disagrees and its cause, what stands in the
way, and what is done.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from console.text.confirmation import why_not_decidable
from console.text.format import (
    age,
    clean,
    day_and_time,
    plain_times,
    show_blanks,
    shown,
    units,
    until_text,
)
from console.text.reasons import held_back_text, ignored_text, reason_text
from console.text.update_words import STEPS, change_text, decided_text, waits_for
from console.text.why.facts import SEEN, ListingVerdict, ListingWhy, WhyFacts, WhyLine
from console.text.why.phrases import difference, freshness, policy_text
from console.text.why.target_sum import target_sum
from store.model import (
    LIVE_CORRECTIONS,
    ChannelTerms,
    Correction,
    CorrectionStatus,
    Freshness,
    Millis,
    Status,
    Terms,
)
from store.queries.sku_summary import ComponentSummary
from store.queries.values import ChannelHealth, ShownCell
from sync.targets.policy import policy_for


def of_sku(facts: WhyFacts) -> list[ListingWhy]:
    """Each listing's, in the order of the SKU's page; then the channels that do not list it."""
    cells = facts.summary.cells
    listed = {cell.channel for cell in cells}
    found = [of_listing(facts, cell) for cell in cells]
    return found + [_absent(facts, name) for name in facts.health if name not in listed]


def of_listing(facts: WhyFacts, cell: ShownCell) -> ListingWhy:
    """Why one listing is as it is."""
    return _Explained(facts, cell).whole()


def _absent(facts: WhyFacts, name: str) -> ListingWhy:
    """A channel that has no listing of it, where none is wanted."""
    health, mine = facts.health[name], _terms_of(facts.terms, name)
    if health.freshness not in SEEN:
        read = freshness(health, facts.now)
        lines = (WhyLine("reading", f"{read}: whether it lists the SKU can't be seen"),)
        return ListingWhy(
            name, "", None, ListingVerdict.UNKNOWN, "nothing is known of it there", lines
        )
    why = "nothing says that it should"
    if mine is not None and not mine.report_missing:
        why = 'it need not: `missing = "ignore"`'
    elif mine is not None and not policy_for(facts.summary.sku, mine.policies).sold:
        why = "it is not sold there"
    elif mine is not None and mine.roles:
        why = "it is an authority and does not have it"
    lines = (WhyLine("reading", f"{freshness(health, facts.now)}; {why}"),)
    return ListingWhy(name, "", None, ListingVerdict.NOT_LISTED, "does not list it", lines)


class _Explained:
    """One listing with what is known of it, and the sentences about it."""

    def __init__(self, facts: WhyFacts, cell: ShownCell) -> None:
        self._facts = facts
        self._cell = cell
        self._sku = facts.summary.sku
        self._health = facts.health.get(cell.channel)
        self._terms = _terms_of(facts.terms, cell.channel)
        self._rule = next(
            rule for rule in facts.terms.authorities if fnmatchcase(self._sku, rule.skus)
        )
        self._open = [
            disagreement
            for disagreement in facts.summary.open
            if disagreement.listing_id == cell.listing_id
        ]
        self._update = next(
            (
                correction
                for correction in facts.summary.updates
                if correction.listing_id == cell.listing_id
            ),
            None,
        )

    def whole(self) -> ListingWhy:
        verdict = self._verdict()
        sentences = (
            self._reading,
            self._decider,
            self._policy,
            self._target,
            self._parts,
            self._state,
            self._disagreements,
            self._guards,
            self._done,
        )
        return ListingWhy(
            self._cell.channel,
            self._cell.location,
            self._cell.listing_id,
            verdict,
            self._in_short(verdict),
            tuple(line for sentence in sentences for line in sentence()),
        )

    @property
    def _is_authority(self) -> bool:
        inflow = self._terms is not None and "quantity" in self._terms.inflow
        return self._cell.channel == self._rule.quantity or inflow

    def _unseen(self) -> str:
        """What can't be seen, so that nobody may say that it agrees; empty where all can."""
        cell, authority = self._cell, self._facts.health.get(self._rule.quantity)
        if not cell.trusted:
            if cell.problem:
                return "its record can't be read"
            return f"{clean(cell.channel)} is {_word(self._health)}"
        if not self._is_authority and _word(authority) not in SEEN:
            return f"{clean(self._rule.quantity)}, the authority, is {_word(authority)}"
        stale = [part for part in self._my_parts() if part.freshness not in (None, *SEEN)]
        if stale:
            return (
                f"{clean(stale[0].channel or '')}, which has a part of it, is {stale[0].freshness}"
            )
        source = self._source()
        if source is not None and source.problem:
            return "the authority's record can't be read"
        return ""

    def _verdict(self) -> ListingVerdict:
        statuses = {disagreement.status for disagreement in self._open}
        for status, verdict in _OF_STATUS.items():
            if status in statuses:
                return verdict
        cell = self._cell
        verdicts = (
            (bool(self._unseen()), ListingVerdict.UNKNOWN),
            (self._is_authority and cell.present, ListingVerdict.AUTHORITY),
            (not cell.present, ListingVerdict.NOT_LISTED),
            (cell.is_uncounted or cell.is_truth_uncounted, ListingVerdict.UNCOUNTED),
            (cell.target is None and cell.target_state is None, ListingVerdict.NOT_COMPARED),
        )
        return next((verdict for holds, verdict in verdicts if holds), ListingVerdict.AGREES)

    def _in_short(self, verdict: ListingVerdict) -> str:
        cell = self._cell
        if self._open and verdict is not ListingVerdict.UNKNOWN:
            return "; ".join(map(difference, self._open))
        if verdict is ListingVerdict.UNKNOWN:
            showed = f"showed {self._shown()}" if cell.present else "did not list it"
            why = self._unseen() or reason_text(self._open[0].reason if self._open else None)
            return f"{showed} when last read; whether that is right is unknown: {why}"
        short = {
            ListingVerdict.AUTHORITY: f"shows {self._shown()}; this is the authority",
            ListingVerdict.NOT_LISTED: "does not list it",
            ListingVerdict.UNCOUNTED: f"shows {self._shown()}; not counted, so not compared",
            ListingVerdict.NOT_COMPARED: f"shows {self._shown()}; not compared",
        }
        return short.get(verdict, f"shows {self._shown()}, as it should")

    def _shown(self) -> str:
        cell = self._cell
        text = shown(cell.available, cell.state, at_least=cell.at_least)
        state = f" {cell.state}" if cell.available is not None and cell.state else ""
        return clean(text + state)

    def _reading(self) -> Iterator[WhyLine]:
        cell, now = self._cell, self._facts.now
        if not cell.present:
            text = "the channel does not list it"
        else:
            text = f"{self._shown()} since {day_and_time(cell.observed_at)}"
            more = [
                f"{units(number)} {name.replace('_', ' ')}"
                for name in ("on_hand", "committed", "unavailable", "incoming", "threshold")
                if (number := getattr(cell, name)) is not None
            ]
            text += f" ({', '.join(more)})" if more else ""
        if self._health is not None:
            text += f"; {freshness(self._health, now)}"
        yield WhyLine("reading", text)
        if cell.copies > 1:
            yield WhyLine("reading", f"the channel lists the SKU {cell.copies} times there")
        if cell.problem:
            yield WhyLine("reading", f"its newest record can't be read: {clean(cell.problem)}")

    def _source(self) -> ShownCell | None:
        """The authority's own listing at the same place."""
        return next(
            (
                cell
                for cell in self._facts.summary.cells
                if cell.channel == self._rule.quantity and cell.location == self._cell.location
            ),
            None,
        )

    def _decider(self) -> Iterator[WhyLine]:
        rule, cell = self._rule, self._cell
        which = "every SKU" if rule.skus == "*" else f"SKUs like {clean(rule.skus)}"
        both = rule.quantity == rule.state
        what = "quantity and state" if both else "the quantity"
        text = f"{clean(rule.quantity)} decides {what} of {which}"
        if not both:
            text += f", {clean(rule.state)} the state"
        if not self._is_authority:
            health = self._facts.health.get(rule.quantity)
            has = "says nothing of it" if cell.truth is None else f"has {units(cell.truth)}"
            if cell.is_truth_uncounted:
                has = "has it and does not count it"
            text += f"; {has}"
            if health is not None:
                text += f"; {freshness(health, self._facts.now)}"
        elif self._terms is not None and "quantity" in self._terms.inflow:
            text += f"; what changes on {clean(cell.channel)} flows into it"
        yield WhyLine("authority", text)

    def _policy(self) -> Iterator[WhyLine]:
        if self._is_authority or self._terms is None:
            return
        policy = policy_for(self._sku, self._terms.policies)
        name = clean(self._cell.channel)
        where = f"[channels.{name}]"
        if policy.skus != "*":
            where = f"[[channels.{name}.rules]] for {clean(policy.skus)}"
        yield WhyLine("policy", f"{where}: {policy_text(policy)}")

    def _target(self) -> Iterator[WhyLine]:
        cell = self._cell
        summed = target_sum(
            self._sku, cell.channel, cell.location, self._facts.summary.cells, self._facts.terms
        )
        if summed and not self._is_authority:
            yield WhyLine("target", clean(summed))

    def _my_parts(self) -> list[ComponentSummary]:
        parts = self._facts.summary.parts
        return [part for part in parts if part.location == self._cell.location]

    def _parts(self) -> Iterator[WhyLine]:
        parts = self._my_parts()
        if not parts or self._is_authority:
            return
        if parts[0].how == "pool":
            gives = [f"{clean(part.part_location)} {units(part.available)}" for part in parts]
            yield WhyLine("parts", f"a pool of {', '.join(gives)}")
            return
        made = [
            f"{part.quantity} × {show_blanks(clean(part.sku))}"
            f" ({units(part.available)} make {units(part.makes)})"
            for part in parts
        ]
        yield WhyLine("parts", f"a bundle of {', '.join(made)}")

    def _state(self) -> Iterator[WhyLine]:
        cell, terms = self._cell, self._terms
        if terms is None or cell.channel == self._rule.state or not cell.present:
            return
        if not terms.states:
            text = "the channel shows no states: only its quantity is compared"
        elif cell.target_state is None:
            truth = f"{cell.truth_state} can't be shown there" if cell.truth_state else "none known"
            text = f"not compared: {clean(truth)}"
        elif cell.target_state == cell.state:
            text = f"{clean(cell.state)}, as it should be"
        else:
            text = f"{clean(cell.state or 'none')}; should be {clean(cell.target_state)}"
        yield WhyLine("state", text)

    def _disagreements(self) -> Iterator[WhyLine]:
        for disagreement in self._open:
            since = age(self._facts.now - disagreement.first_seen_at)
            text = f"{disagreement.kind}, {disagreement.status} for {since}"
            if len(self._open) > 1:
                text += f": {difference(disagreement)}"
            if disagreement.acknowledged_at is not None:
                why = f": {disagreement.acknowledged_why}" if disagreement.acknowledged_why else ""
                text += f"; acknowledged by {disagreement.acknowledged_by}{why}"
            ignored = ignored_text(disagreement)
            text += f"; {ignored}" if ignored else ""
            decided = decided_text(disagreement, self._facts.now)
            text += f"; {decided}" if decided else ""
            yield WhyLine("disagreement", clean(text))
            cause = self._facts.causes.get(disagreement.id)
            if cause is not None:
                sure = f" ({cause.confidence:.0%} sure)" if cause.confidence else ""
                evidence = plain_times(cause.evidence, self._facts.now)
                yield WhyLine("cause", clean(f"{cause.kind}{sure}: {evidence}"))

    def _guards(self) -> Iterator[WhyLine]:
        texts = list(dict.fromkeys(clean(text) for text in self._obstacles()))
        if not texts:
            texts = ["nothing stands in the way"]
        for text in texts:
            yield WhyLine("guard", text)

    def _obstacles(self) -> Iterator[str]:
        facts, health = self._facts, self._health
        if unseen := self._unseen():
            yield unseen
        if health is not None and health.paused_until is not None:
            by = f" by {health.paused_by}" if health.paused_by else ""
            why = f": {health.paused_reason}" if health.paused_reason else ""
            yield f"{health.name} is paused{by}{self._until(health.paused_until)}{why}"
        for disagreement in self._open:
            if disagreement.status is not Status.OPEN:
                ends = self._until(disagreement.decidable_at)
                yield f"{disagreement.kind}: {reason_text(disagreement.reason)}{ends}"
        update = self._live()
        if update is not None and (held := facts.held.get(update.id)) is not None:
            yield f"#{update.id}: {held_back_text(held)}"
        if facts.write_pause is not None and (update is not None or self._open):
            pause = facts.write_pause
            yield f"all writes are paused by {pause.by}: {pause.reason}"
        if facts.window is not None and facts.window.held and update is not None:
            yield f"raises and rules wait{self._until(facts.window.until)}: {facts.window.reason}"

    def _until(self, at: Millis | None) -> str:
        return "" if at is None else f" until {until_text(at, self._facts.now)}"

    def _live(self) -> Correction | None:
        update = self._update
        return update if update is not None and update.status in LIVE_CORRECTIONS else None

    def _done(self) -> Iterator[WhyLine]:
        update = self._update
        if update is not None:
            yield WhyLine("update", clean(self._update_text(update)))
        if self._live() is not None:
            return
        for disagreement in self._open:
            why = why_not_decidable(disagreement)
            yield WhyLine("update", clean(f"{disagreement.kind}: {why}"))

    def _update_text(self, update: Correction) -> str:
        now = self._facts.now
        text = f"#{update.id} {change_text(update)}: {STEPS[update.status]}"
        if update.ended_at is not None:
            text += f" {age(now - update.ended_at)} ago"
        if update.decided_by and update.status is not CorrectionStatus.PROPOSED:
            text += f", decided by {update.decided_by}"
        waits = waits_for(update, now)
        if update.status is CorrectionStatus.PROPOSED and not waits:
            waits = "waits for a person"
            waits += ": no rule approves it" if self._facts.mode == "rules" else ""
        return f"{text}; {waits}" if waits else text


_OF_STATUS = {
    Status.OPEN: ListingVerdict.DISAGREES,
    Status.SETTLING: ListingVerdict.SETTLING,
    Status.UNKNOWN: ListingVerdict.UNKNOWN,
}


def _terms_of(terms: Terms, name: str) -> ChannelTerms | None:
    return next((channel for channel in terms.channels if channel.name == name), None)


def _word(health: ChannelHealth | None) -> str:
    return Freshness.NEVER if health is None else health.freshness
