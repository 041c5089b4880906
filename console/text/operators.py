"""Who decides: the name that stands in the audit, and where it comes from. Pure."""

import unicodedata
from typing import NewType

from console.text.format import cells
from store import people

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
"""Logins that several people use, or that nobody does: they do not tell who decides."""

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def name_error(text: str) -> str:
    """What is wrong with a name, to follow the word for it; empty where nothing is."""
    if not text.strip():
        return "is empty: write who decides"
    if any(unicodedata.category(character) in _HIDDEN for character in text):
        return "has a character that can't be seen: write a plain name"
    if people.is_machine(text):
        return f"“{text.strip()}” is how Skew itself signs: write who decides"
    if cells(text.strip()) > NAME_MAX:
        return f"is longer than {NAME_MAX} characters"
    return ""


def is_shared_login(login: str) -> bool:
    """Whether a login does not tell which person decides."""
    return login.strip().lower() in _SHARED or bool(name_error(login))


def operator_name(
    asked: str | None, preferred: str | None, remembered: str | None, login: str
) -> str:
    """The first of these that can stand in the audit; empty where the operator must be asked."""
    for name in (asked, preferred, remembered):
        if name and not name_error(name):
            return name.strip()
    return "" if is_shared_login(login) else login.strip()
