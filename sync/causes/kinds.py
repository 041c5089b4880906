"""The kinds of cause, by name: what a filter and the list of a file can ask for."""

KINDS = (
    "other location",
    "near match",
    "missing",
    "unlisted",
    "duplicate",
    "uncounted",
    "not trusted",
    "second writer",
    "loop",
    "turned back",
    "in flight",
    "late update",
    "lag",
    "applied twice",
    "never applied",
    "oversold",
    "not applied",
    "buffer",
    "unit of measure",
    "mapping",
    "shared pool",
    "unexplained",
)
"""Every kind of cause that there is, in the order in which they are looked for."""
