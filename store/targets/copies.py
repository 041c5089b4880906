"""What each listing of a SKU shows, where it has several on one channel: `listings.twins`.

Either it is so on purpose, and the channel's edge makes them one (`sync.channels.twins`), or by no
intention that we know of: then the listing keeps its last single reading, for none of them is the
truth, and their numbers are kept beside it, for what they show above the target is sold, too.

The aliases in the SQL are l (a listing) and d (a disagreement).
"""

import sqlite3

LOWEST = "(SELECT min(json_extract(t.value, '$[1]')) FROM json_each({}.twins) t)"
"""The lowest number that any of them shows, by the alias of whose `twins`."""

_HIGHEST = "(SELECT max(json_extract(t.value, '$[1]')) FROM json_each(l.twins) t)"

SHOWN = f"""CASE WHEN l.twins IS NULL THEN l.available WHEN l.copies > 1 THEN {_HIGHEST}
  WHEN l.available <= l.target_quantity THEN {LOWEST.format("l")} ELSE l.available END"""
"""The number that stands for all of them: the highest while it is too high, else the lowest.

A write moves all that are off to that side. A SKU with one listing shows its number.
"""

SURPLUS = """CASE WHEN l.twins IS NOT NULL THEN
  (SELECT sum(max(0, json_extract(t.value, '$[1]') - l.target_quantity))
    FROM json_each(l.twins) t) END"""
"""The units that all of them show above the target; NULL of a SKU with one listing."""


def agrees(listing: str, quantity: str) -> str:
    """SQL for whether a listing shows that quantity, or says that it has at least as many or fewer.

    NULL counts as a number of its own.
    """
    return (
        f"({listing}.available IS {quantity} "
        f"OR {listing}.at_least = 1 AND {quantity} >= {listing}.available)"
    )


DIFFERS = f"""(l.available <> l.target_quantity AND NOT {agrees("l", "l.target_quantity")}
  OR l.twins IS NOT NULL AND {LOWEST.format("l")} <> l.target_quantity)"""
"""Whether any of them shows another number than the target."""

UNITS = "coalesce(nullif(d.surplus, 0), abs(d.delta))"
"""The units that a disagreement is off."""


def price_of_unit(otherwise: str) -> str:
    """SQL for the price of one unit of disagreement d's listing, which may hold several pieces.

    Its risk was worked out by that price; `otherwise` is SQL for the price where it has no risk.
    """
    return f"coalesce(d.risk_minor / nullif({UNITS}, 0), {otherwise})"


UNPRICED = f"({UNITS} > 0 AND d.risk_minor IS NULL)"
"""Whether what these cost is not known."""

OVERSELLS = "(d.delta < 0 OR d.surplus > 0)"
"""Whether it shows more than there is."""

_NUMBERS = "ref, available, state, on_hand, committed, unavailable, threshold"

# A record that is as the listing's own reading was is not staged. So what is lacking of the copies
# is that reading.
_OF_KNOWN = f"""SELECT k.listing_id, k.copies, p.id, {
    ", ".join(f"p.{name}" for name in _NUMBERS.split(", "))
} FROM counted k
LEFT JOIN stage p ON p.poll_id = k.poll_id AND p.listing_id = k.listing_id AND p.problem IS NULL
WHERE k.poll_id = ? AND k.copies > 1 ORDER BY k.listing_id, p.id"""

_OF_NEW = f"""SELECT n.cell_id, 0, p.id, {", ".join(f"p.{name}" for name in _NUMBERS.split(", "))}
FROM placed n JOIN cell_oddities o ON o.id = n.cell_id AND o.copies > 1
JOIN stage p ON p.id = n.stage_id WHERE p.problem IS NULL ORDER BY n.cell_id, p.id"""

_READING = f"SELECT {_NUMBERS} FROM listings WHERE id = ?"

_KEEP = "UPDATE cell_oddities SET twins = :twins WHERE id = :id AND twins IS NOT :twins"


def keep(connection: sqlite3.Connection, *, poll_id: int, any_new: bool) -> None:
    """Keep the numbers of the listings that stand more than once in a poll that was merged.

    `any_new`: some of them were new with it. Costs nothing where there are none.
    """
    import json  # `skew status` reads with this file's SQL, and needs nothing else of it.

    found: dict[int, list[list[object]]] = {}
    wanted: dict[int, int] = {}
    rows = connection.execute(_OF_KNOWN, (poll_id,)).fetchall()
    if any_new:
        rows += connection.execute(_OF_NEW).fetchall()
    for listing_id, copies, staged, *numbers in rows:
        wanted[listing_id] = copies
        found.setdefault(listing_id, [])
        if staged is not None:
            found[listing_id].append(numbers)
    for listing_id, staged_copies in found.items():
        shown = list(staged_copies)
        lacking = wanted[listing_id] - len(shown)
        if lacking > 0:
            own = connection.execute(_READING, (listing_id,)).fetchone()
            shown += [list(own)] * lacking
        twins = json.dumps(shown, separators=(",", ":"))
        connection.execute(_KEEP, {"id": listing_id, "twins": twins})
