"""The columns of a staged record p as the cells keep them, shared by new and known listings."""

SEEN_AT = "CASE WHEN p.source_at > :sight THEN :sight END"
"""SQL for when a time to come was first seen; nothing in a poll is later than `:sight`."""

PRICE = "nullif(p.price_minor, i.price_minor)"
"""SQL for a price that is not that of item i, which stands with the item."""

FIGURES = ("on_hand", "committed", "unavailable", "incoming", "threshold")
OF_RECORD = ", ".join(f"p.{name}" for name in FIGURES)
"""SQL for what the record's number is made of, in the order of FIGURES."""
