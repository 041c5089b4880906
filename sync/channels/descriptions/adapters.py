"""Which of Skew's own kinds does for a system what a ready-made description does, and more."""

from sync import channels

_NAMES = {"magento": "adobe-commerce"}
"""Descriptions whose kind has another name."""


def adapter(description: str) -> str:
    """The kind of Skew's own for the system of a description that comes with it; empty: none."""
    name = _NAMES.get(description, description)
    return name if name in channels.KINDS and name not in channels.GENERAL else ""
