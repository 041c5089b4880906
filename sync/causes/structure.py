"""Why a SKU is on one side only, or on a channel twice, and what a person can do. Pure."""

import json

from store.causes.facts import SimilarSku
from store.causes.sku_skeleton import differences, is_changed_by_spreadsheet, skeleton
from store.causes.spreadsheet_damage import is_damaged
from store.model import Cause, Kind
from sync import values
from sync.causes.case import CauseCase

_WORDS = {
    Kind.MISSING: "{authority} has this SKU, {channel} does not: list it there, or give it a "
    'rule with sold = false; missing = "ignore" ignores all that {channel} does not have',
    Kind.UNLISTED: "{channel} has this SKU, the authority does not: add it there, or take it "
    "off sale on {channel}",
    Kind.DUPLICATE: "{channel} has this SKU more than once: rename or remove all but one there; if "
    'it is on purpose, duplicates = "write-all" keeps each at its target',
}
_BLANK = "\u2420"
_CHANGED = "looks changed by a spreadsheet"
_EXPORT_AS_TEXT = "correct it there, or export that column as text"


def structural(case: CauseCase) -> Cause | None:
    """The cause of a missing, unlisted, duplicate or uncounted SKU; None for others."""
    if case.disagreement.is_uncounted:
        return _uncounted(case)
    if case.disagreement.twins is not None and case.disagreement.kind is not Kind.DUPLICATE:
        return _unequal(case)
    if case.disagreement.kind not in _WORDS:
        return None
    return _elsewhere(case) or _near_match(case) or _incomplete_bundle(case) or _plain(case)


def _unequal(case: CauseCase) -> Cause | None:
    """Several listings of one SKU, on purpose, that show different numbers; None: all the same."""
    shown = [number for _, number, *_ in json.loads(case.disagreement.twins or "[]")]
    if len(set(shown)) == 1:
        return None
    numbers = " and ".join(map(str, shown))
    words = (
        f"{case.channel} has this SKU in {len(shown)} listings, which show {numbers}; each should "
        f"show {case.disagreement.target}"
    )
    return Cause("duplicate", 1.0, words)


def _uncounted(case: CauseCase) -> Cause:
    """A listing without a number is on sale where nothing may be sold, or the other way round."""
    channel, goal = case.channel, case.disagreement.target_state
    if case.disagreement.target == 0:
        authority = case.facts.authority or "the authority"
        words = (
            f"{channel} sells it without counting, and {authority} has none to sell: count it "
            "there, or take it off sale"
        )
    else:
        words = f"{channel} does not count it, and it should be {goal}: change it there"
    return Cause("uncounted", 1.0, words)


def _elsewhere(case: CauseCase) -> Cause | None:
    """Both sides have the SKU, each at a location where the other has not."""
    if not case.facts.elsewhere:
        return None
    mine, other = case.disagreement.location, case.facts.elsewhere[0]
    lists, has = (other, mine) if case.disagreement.kind is Kind.MISSING else (mine, other)
    authority = case.facts.authority or "the authority"
    names = f"{{ {values.quoted(lists)} = {values.quoted(has)} }}"
    if not lists:
        # A channel without locations names those that it sells from.
        names = f"[{values.quoted(has)}]"
    words = (
        f"{case.channel} lists it {_at(lists)}, {authority} has it {_at(has)}: if that is the same "
        f"stock, add locations = {names} to [channels.{case.channel}]"
    )
    return Cause("other location", 0.9, words)


def _at(location: str) -> str:
    return f"at location {values.quoted(location)}" if location else "at no location"


def _near_match(case: CauseCase) -> Cause | None:
    """A SKU of the other side that looks like this one, or what a spreadsheet made of one.

    It is only named, never used instead.
    """
    sku, similar = case.disagreement.sku, case.facts.similar
    if not similar:
        return _damaged(case)
    other = similar[0]
    more = len(similar) - 1
    also = f" ({more} more look{'s' if more == 1 else ''} like it, too)" if more else ""
    by = f"it differs by {' and '.join(differences(sku, other.sku)) or 'its spelling'}"
    remedy = "add an alias if they are the same"
    if skeleton(sku) != skeleton(other.sku):
        by, remedy = _CHANGED, _EXPORT_AS_TEXT
    elif is_changed_by_spreadsheet(sku, other.sku):
        by += f" and {_CHANGED}"
    words = f"{_where(case, other)}{also}; {by}: {remedy}"
    return Cause("near match", 0.9 if other.counterpart else 0.6, words)


def _damaged(case: CauseCase) -> Cause | None:
    """A SKU that is on one side only, because a spreadsheet has changed it beyond comparison."""
    kind, sku = case.disagreement.kind, case.disagreement.sku
    if kind is Kind.DUPLICATE or not is_damaged(sku):
        return None
    has, lacks = case.facts.authority or "the authority", case.channel
    if kind is Kind.UNLISTED:
        has, lacks = lacks, has
    words = f"{has} has {quoted(sku)}, {lacks} does not; it {_CHANGED}: {_EXPORT_AS_TEXT}"
    return Cause("near match", 0.6, words)


def _where(case: CauseCase, other: SimilarSku) -> str:
    authority = case.facts.authority or "the authority"
    mine, its, channel = quoted(case.disagreement.sku), quoted(other.sku), case.channel
    if case.disagreement.kind is Kind.MISSING:
        return f"{authority} has {mine}, {channel} does not and lists {its} instead"
    lacks = f", which {channel} does not have" if other.counterpart else ""
    return f"{channel} lists {mine}, the authority has {its}{lacks}"


def _incomplete_bundle(case: CauseCase) -> Cause | None:
    """A bundle has no quantity where the authority does not have one of its components."""
    lacking = [
        part.sku
        for part in case.facts.parts
        if part.how == "bundle" and part.truth_quantity is None and not part.is_uncounted
    ]
    if case.disagreement.kind is not Kind.UNLISTED or not lacking:
        return None
    words = (
        f"{case.channel} has this bundle, but the authority does not have its component "
        f"{quoted(lacking[0])}: add it there, or correct the bundle"
    )
    return Cause(case.disagreement.kind, 1.0, words)


def _plain(case: CauseCase) -> Cause:
    words = _WORDS[case.disagreement.kind].format(
        authority=case.facts.authority or "the authority", channel=case.channel
    )
    return Cause(case.disagreement.kind, 1.0, words)


def quoted(sku: str) -> str:
    """Write a SKU between quotes so that its spaces and invisible characters show."""
    shown = "".join(_BLANK if character.isspace() else character for character in sku)
    hidden = "".join(
        f"\\u{ord(character):04x}" if not character.isprintable() else character
        for character in shown
    )
    return f"'{hidden}'"
