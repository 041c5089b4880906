"""Who decides: the name that stands in the audit, and where it comes from. Pure."""

import re
import unicodedata
from typing import NewType

from console.text.format import cells

Name = NewType("Name", str)
"""A name that may stand in the audit: one line, at most `NAME_MAX` cells."""

NAME_MAX = 40

_SHARED = frozenset(
    (
        "root",
        "unknown",
        "nobody",
        "admin",
        "administrator",
        "user",
        "users",
        "guest",
        "pi",
        "ubuntu",
        "debian",
        "centos",
        "fedora",
        "ec2-user",
        "vagrant",
        "docker",
        "app",
        "skew",
        "operator",
        "kiosk",
        "shared",
        "service",
        "daemon",
    )
)
"""Logins that several people use, or none: they say nothing of who decides."""

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def name_error(text: str) -> str:
    """What is wrong with a name, with the remedy; empty where nothing is."""
    if not text.strip():
        return "is empty: write who decides"
    hidden = any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in text)
    if hidden or _BIDI.search(text):
        return "holds a control character: write a plain name"
    if cells(text.strip()) > NAME_MAX:
        return f"is longer than {NAME_MAX} characters"
    return ""


def says_nothing(login: str) -> bool:
    """Whether a login is no person's."""
    return login.strip().lower() in _SHARED or bool(name_error(login))


def chosen(said: str | None, preferred: str | None, remembered: str | None, login: str) -> str:
    """Who decides, by what was said first; empty where somebody must be asked."""
    for name in (said, preferred, remembered):
        if name and not name_error(name):
            return name.strip()
    return "" if says_nothing(login) else login.strip()
