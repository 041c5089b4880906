"""The rules that approve updates without a person: `[[approval.rules]]`."""

import asyncio
from collections.abc import Iterable
from fnmatch import fnmatchcase

from store.channels import write_pauses
from store.corrections import decisions
from store.corrections.guards import rule_results
from store.corrections.guards.rule_results import Coverage, RulesStanding
from store.corrections.guards.undated import undated_proposals
from store.database.connection import Database
from store.model import Correction, Incident, IncidentKind, Millis
from sync.corrections.decide import HOUR_MS, as_push, held_by_window, raise_or_reduce
from sync.polling import guard
from sync.polling.reporting.log import SILENT, Log
from sync.settings import ApprovalRule, ApprovalSettings, Settings

RULES_REST_MS = 60_000
"""How long the rules leave a channel alone after its first surprise; it doubles with each more."""


class WrittenRules:
    """The rules of one cache. Remembers what they cover, so that much may wait for people."""

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._coverage = Coverage()

    async def approve(
        self, database: Database, settings: Settings, now: Millis, log: Log = SILENT
    ) -> int:
        """Approve the proposals that a written rule covers; answer how many.

        Never a listing whose last correction did not end well, never what needs a second person,
        never a raise on readings whose age nobody knows, and for a while nothing on a channel whose
        last batch ended in a surprise. Where too much ended badly or disagrees, nothing until a
        person has looked.
        """
        approval = settings.approval
        if approval.mode != "rules" or held_by_window(settings, now) is not None:
            return 0
        if await database.aread(write_pauses.in_force) is not None:
            # What a rule approved now would wait and expire, again and again, until a person
            # resumes.
            return 0
        if settings is not self._settings:
            self._settings, self._coverage = settings, Coverage()
        standing = await database.aread(
            RulesStanding.read,
            self._coverage,
            covers=lambda correction: _covers(correction, approval),
            left_alone=lambda found: _surprised_channels(found, now) | _suspended_on(found),
            since=now - HOUR_MS,
        )
        suspended = await _suspend(database, standing, approval, now, log)
        covered = [found for found in standing.proposals if found.channel not in suspended]
        raises = [found.id for found in covered if raise_or_reduce(found) == "raise"]
        if raises:
            undated = await database.aread(
                undated_proposals, raises, ahead_ms=settings.events.ahead_ms
            )
            covered = [found for found in covered if found.id not in undated]
        if not covered:
            return 0
        batch, _ = await asyncio.to_thread(
            guard.within, covered, settings.push, as_push(standing.pushed)
        )
        if not batch:
            self._coverage.unfit |= {found.id for found in covered}
            self._coverage.unfit_after = standing.pushed
            return 0
        decided = await database.awrite(
            decisions.approve,
            [(correction.id, correction.version) for correction in batch],
            who="rule",
            now=now,
            hold_ms=approval.hold_ms,
            expires_ms=approval.expires_ms,
            second_person_above=None,
            note="covered by [[approval.rules]]",
            by_rule=True,
        )
        return sum(decision.ok for decision in decided)


def matches(correction: Correction, rule: ApprovalRule) -> bool:
    """Whether the rule's every condition holds for the correction."""
    if rule.channel not in (None, correction.channel):
        return False
    if rule.skus is not None and not fnmatchcase(correction.sku, rule.skus):
        return False
    if rule.only is not None and rule.only != raise_or_reduce(correction):
        return False
    if rule.attribute is not None and {rule.attribute} != changed_attributes(correction):
        return False
    return rule.max_units is None or abs(correction.units) <= rule.max_units


def changed_attributes(correction: Correction) -> set[str]:
    """Which of `quantity` and `state` it changes."""
    changed = {
        "quantity": correction.to_quantity != correction.from_quantity,
        "state": correction.to_state != correction.from_state,
    }
    return {name for name, changes in changed.items() if changes}


def _covers(correction: Correction, approval: ApprovalSettings) -> bool:
    threshold = approval.second_person_above
    if threshold is not None and abs(correction.units) > threshold:
        return False
    return any(matches(correction, rule) for rule in approval.rules)


def _suspended_on(found: Iterable[Incident]) -> set[str | None]:
    """The channels on which the rules are suspended, and nobody has looked."""
    return {
        incident.channel
        for incident in found
        if incident.kind == IncidentKind.SUSPENDED and incident.acknowledged_by is None
    }


async def _suspend(
    database: Database,
    standing: RulesStanding,
    approval: ApprovalSettings,
    now: Millis,
    log: Log,
) -> set[str | None]:
    """Suspend the rules where it is time to; the channels on which they are suspended now."""
    found = [incident for incident in standing.open if incident.kind == IncidentKind.SUSPENDED]
    if looked_at := [incident for incident in found if incident.acknowledged_by is not None]:
        await database.awrite(rule_results.go_on, looked_at, now=now)
    suspended = _suspended_on(found)
    new = {
        results.channel: why
        for results in standing.results
        if results.channel not in suspended
        and (why := guard.judge_rules(results, approval)) is not None
    }
    if new:
        await database.awrite(rule_results.suspend, new, now=now)
    for channel, why in new.items():
        log.warning("rules suspended", channel=channel, why=why)
    return suspended | new.keys()


def _surprised_channels(found: Iterable[Incident], now: Millis) -> set[str | None]:
    """The channels that the rules leave alone now."""
    # A person who acknowledges the surprise lets the rules go on at once. Otherwise they try again
    # with a few, after a rest that doubles with each surprise in a row: a channel that accepts
    # everything and changes nothing costs a few corrections an hour, not all of them.
    return {
        incident.channel
        for incident in found
        if incident.kind == IncidentKind.SURPRISE
        and incident.acknowledged_by is None
        and now < incident.last_at + min(RULES_REST_MS << min(incident.count - 1, 6), HOUR_MS)
    }
