"""A credential in every guise in which a channel may quote it back, as one regular expression."""

import base64
import re
from collections.abc import Iterator, Sequence

ENCODED_FROM = 6
"""A shorter secret's base64 and hexadecimal would strike out words that have nothing to do with
it; one of fewer than 4 characters is struck out only as it is."""

LONGER_TIMES = 7
"""No encoding here makes a character longer than this many."""

HEAD = 48
"""So many of a longer secret's characters are enough to know it by."""

_PLAIN_FROM = 4
_CUT_FROM = 8
"""So many characters of a cut base64 or hexadecimal are its beginning by no chance."""

_HALF_ESCAPE = r"(?:[%&\\][#%\w]{0,7})?"
"""What a cut may leave of a character that is escaped."""

_REST = r"""[^\s"'<>,;]*"""
_BASE64 = r"[A-Za-z0-9+/_=%-]"


def pattern(secret: str) -> str:
    """What matches the secret, to be compiled without regard to capitals.

    It matches it as it is, percent-encoded, as JSON or HTML escape it, in base64 at any offset and
    in hexadecimal. Where a text was cut, its mark `…` may stand for the end of it.
    """
    if len(secret) < _PLAIN_FROM:
        return f"(?-i:{re.escape(secret)})"
    head = secret[:HEAD]
    plain = list(map(_character, head))
    encoded = list(_encoded(head))
    # The beginning of one that was cut off is no match of the whole.
    cut = [_cut(plain, _PLAIN_FROM), *(_cut(parts, _CUT_FROM) for parts, _ in encoded)]
    guises = ["".join(plain), *("".join(parts) + end for parts, end in encoded), *cut]
    if head == secret:
        return "|".join(guises)
    # A token of a kilobyte would take a second to compile in every guise. Its beginning gives it
    # away, and what follows up to the next blank or quote is the rest of it.
    return "|".join((re.escape(secret), *(rf"(?:{guise}){_REST}" for guise in guises)))


def beginning(secret: str) -> str:
    """What matches somewhere in every text in which `pattern` matches, and compiles in a tenth."""
    if len(secret) < _PLAIN_FROM:
        return pattern(secret)
    head = secret[:HEAD]
    plain = "".join(map(_character, head[:_PLAIN_FROM]))
    return "|".join((plain, *("".join(parts[:_CUT_FROM]) for parts, _ in _encoded(head))))


def _character(character: str) -> str:
    """A character, or what URLs, forms, JSON and HTML make of it, once or several times over."""
    try:
        percent = "".join(f"%(?:25){{0,4}}{byte:02x}" for byte in character.encode())
    except UnicodeEncodeError:
        return re.escape(character)
    guises = [re.escape(character), percent]
    if not character.isalnum():
        guises += [rf"\\{{1,4}}{re.escape(character)}", *_ENTITIES.get(character, ())]
        guises.append(rf"&#(?:{ord(character)}|x0{{0,4}}{ord(character):x});")
    guises.append(rf"\\{{1,4}}u{ord(character):04x}")
    return f"(?:{'|'.join(guises)})"


_ENTITIES = {
    "&": ("&amp;",), "<": ("&lt;",), ">": ("&gt;",), '"': ("&quot;",), "'": ("&apos;",),
    " ": (r"\+",),
}  # fmt: skip


def _cut(parts: Sequence[str], least: int) -> str:
    """The beginning of a guise, at least so many of its parts, with the mark of a cut after it."""
    rest = ""
    for part in reversed(parts[least:]):
        rest = f"(?:{part}{rest})?"
    return f"{''.join(parts[:least])}{rest}{_HALF_ESCAPE}(?=…)"


def _encoded(secret: str) -> Iterator[tuple[list[str], str]]:
    """The secret in base64 and in hexadecimal: the parts of each, and what may end it."""
    content = secret.encode("utf-8", "surrogatepass")
    if len(content) < ENCODED_FROM:
        return
    yield list(content.hex()), ""
    # Inside a longer text, such as `user:secret` of Basic, a secret begins at any of three places
    # in a group of base64. The characters that it shares with its neighbours go with it.
    for before in range(3):
        whole = base64.b64encode(bytes(before) + content).decode()
        first = -(-8 * before // 6)
        last = 8 * (before + len(content)) // 6
        inner = [_SAFE.get(letter, letter) for letter in whole[first:last]]
        parts = [f"{_BASE64}{{0,{first}}}{inner[0]}", *inner[1:]]
        yield parts, "(?:[A-Za-z0-9+/_-]{0,2}(?:=|%3d){1,2}|)"


_SAFE = {"+": r"(?:[+-]|%2b)", "/": "(?:[/_]|%2f)"}
