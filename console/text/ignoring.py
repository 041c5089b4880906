"""Rules that ignore disagreements: how a person writes what they ignore, and how it reads. Pure."""

from console.text.format import clean, day_and_time, plural, until_text
from store.corrections.ignore_rules import IgnorePreview, IgnoreRule, IgnoreWhere
from store.model import SKU_LENGTH_MAX, Disagreement, Millis
from sync import sku_patterns
from sync.clock import from_rfc3339
from sync.units import duration

PATTERN_LENGTH_MAX = 6 * SKU_LENGTH_MAX
STARS_MAX = 5
"""More in one pattern would cost the cache seconds for each SKU."""
UNITS_MAX = 10**12


def exactly(sku: str) -> str:
    """A pattern that this SKU fits, and no other."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in sku)


def like(disagreement: Disagreement) -> IgnoreWhere:
    """The rule by example: this SKU on its channel, as far off as it is now."""
    units = max(disagreement.oversell_units, disagreement.undersell_units)
    return IgnoreWhere(
        exactly(disagreement.sku), disagreement.channel, disagreement.kind, units or None
    )


def pattern(text: str) -> str:
    """Read a pattern of SKUs. Raises ValueError with what would be right."""
    text = text.strip()
    if not text:
        raise ValueError("write a SKU, or a pattern such as DS-*; * is every SKU")
    if len(text) > PATTERN_LENGTH_MAX:
        raise ValueError(f"a pattern has at most {PATTERN_LENGTH_MAX:,} characters")
    if text.replace("[*]", "").count("*") > STARS_MAX:
        raise ValueError(f"a pattern has at most {STARS_MAX} stars")
    try:
        sku_patterns.check(text)
    except ValueError as error:
        raise ValueError(str(error).replace("skus has", "the pattern has")) from None
    return text


def units(text: str) -> int | None:
    """Read up to how many units; None where nothing is written. Raises ValueError."""
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:13]) <= UNITS_MAX:
        raise ValueError("write a whole number of units, such as 3, or nothing for any")
    return int(text)


def until(text: str, now: Millis) -> Millis | None:
    """Read until when, a span or a time; None where nothing is written. Raises ValueError."""
    text = text.strip()
    if not text:
        return None
    try:
        at = _time(text, now)
    except (ValueError, OverflowError):
        raise ValueError("write how long, such as 30d, or a time: 2027-01-31") from None
    if at <= now:
        raise ValueError("that is not in the future")
    return at


def _time(text: str, now: Millis) -> Millis:
    return now + duration(text) if text[-1:].isalpha() and text[-1:] != "Z" else from_rfc3339(text)


def too_wide(where: IgnoreWhere) -> str:
    """Why a rule may not be set, because it would ignore everything; empty where it may."""
    narrows = (where.channel, where.kind, where.units_max)
    if set(where.skus) != {"*"} or any(part is not None for part in narrows):
        return ""
    return "that would ignore everything: name SKUs, a channel, a kind or up to how many units"


def preview_text(found: IgnorePreview) -> str:
    """How many disagreements a rule would ignore now, and what that ends."""
    text = f"ignores {plural(found.count, 'disagreement')} now"
    if found.already:
        text += f", {found.already:,} of them ignored already"
    if found.updates:
        text += f"; {plural(found.updates, 'pending update')} will end"
    return text


def where_text(where: IgnoreWhere, now: Millis) -> str:
    """What a rule ignores: `DS-* on shop, quantity, up to 3 units, until 14:02Z`."""
    skus = "every SKU" if where.skus == "*" else where.skus
    parts = [f"{skus} on {where.channel or 'every channel'}"]
    parts += [str(where.kind)] if where.kind is not None else []
    parts += [f"up to {plural(where.units_max, 'unit')}"] if where.units_max is not None else []
    parts += [f"until {until_text(where.until, now)}"] if where.until is not None else []
    return clean(", ".join(parts))


def end_text(rule: IgnoreRule) -> str:
    """Who ended a rule, when and why; empty where it holds."""
    if rule.ended_at is None:
        return ""
    when = day_and_time(rule.ended_at)
    if rule.ended_by is None:
        return f"ran out {when}"
    why = f": {rule.ended_why}" if rule.ended_why else ""
    return clean(f"ended by {rule.ended_by} {when}{why}")
