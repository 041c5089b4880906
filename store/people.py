"""Who is who: when two names are one person's, and the names that only the machine signs with."""

import unicodedata

SKEW = "skew"
RULE = "rule"
MACHINE = (SKEW, RULE)
"""Steps by these names were taken by the program or by a written rule, not by a person."""


def plain(name: str) -> str:
    """A name as it is compared: without case, without blanks at its ends or what can't be seen."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = (" " if character.isspace() else character for character in folded)
    return " ".join("".join(c for c in seen if unicodedata.category(c)[0] != "C").split())


def is_same(one: str, other: str) -> bool:
    """Whether two names are one person's."""
    return plain(one) == plain(other)


def is_machine(name: str) -> bool:
    """Whether only the machine may sign so."""
    return plain(name) in MACHINE
