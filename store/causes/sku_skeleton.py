"""What is left of a SKU without all that people and systems change by mistake. Pure.

Two SKUs with one skeleton are a near match: reported, never merged.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

_DRAWN_ALIKE = {
    "'": "\u2019\u2018\u00b4", ",": "\u201a",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d", ".": "\u2024",
    "/": "\u2044\u2215", "A": "\u0391\u0410", "B": "\u0392\u0412", "C": "\u0421",
    "E": "\u0395\u0415", "H": "\u0397\u041d", "I": "\u0399\u0406\u04c0", "J": "\u0408",
    "K": "\u039a\u041a", "M": "\u039c\u041c", "N": "\u039d", "O": "\u039f\u041e",
    "P": "\u03a1\u0420", "S": "\u0405", "T": "\u03a4\u0422", "X": "\u03a7\u0425",
    "Y": "\u03a5\u0423", "Z": "\u0396", "a": "\u03b1\u0430", "c": "\u0441", "d": "\u0501",
    "e": "\u0435", "g": "\u0261", "h": "\u04bb", "i": "\u03b9\u0456\u0131", "j": "\u0458",
    "k": "\u043a", "o": "\u03bf\u043e", "p": "\u03c1\u0440", "q": "\u051b", "s": "\u0455",
    "u": "\u03c5", "v": "\u03bd", "w": "\u051d", "x": "\u0445", "y": "\u0443",
}  # fmt: skip
LOOKALIKES: Mapping[int, str] = MappingProxyType(
    {ord(other): plain for plain, others in _DRAWN_ALIKE.items() for other in others}
)
"""Greek and Cyrillic letters and signs that are drawn like a character of ASCII."""

_QUOTED = re.compile(r"""=?"(.+)"|=?'(.+)'|'(.+)""", re.DOTALL)
_NUMBER = re.compile(r"([0-9]{1,30})(?:[.,]([0-9]{1,30}))?(?:[eE]([+-]?[0-9]{1,2}))?")
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[-_./]+(?=[0-9])")
_SEPARATORS = "-_./"
_DIGITS = tuple("0123456789")
_POINT = "\u00b7"
"""Of a number that is written in one way: the zeros behind it count."""
_ZEROS = re.compile(rf"(?<![0-9{_POINT}])0+(?=[0-9])")
_ASCII_BLANKS = dict.fromkeys((*range(0x21), 0x7F))


def skeleton(sku: str) -> str:
    """Take off capitals, blanks, look-alikes, separators, and what a spreadsheet changes."""
    if not sku.isascii():
        return _apply(sku, (step for _, step in _STEPS))
    # Nearly all are, and there may be a million: only the steps that can matter are taken.
    plain = sku.lower()
    if not plain.isalnum():
        if " " in plain or not plain.isprintable():
            plain = plain.translate(_ASCII_BLANKS)
        if plain.startswith(("=", "'", '"')):
            plain = _unquoted(plain)
        if plain.startswith(_DIGITS):
            plain = _as_number(plain)
        plain = _joined(plain)
    elif "e" in plain and plain.startswith(_DIGITS):
        plain = _as_number(plain)
    return _ZEROS.sub("", plain) if "0" in plain else plain


def differences(sku: str, other: str) -> tuple[str, ...]:
    """Say by what two SKUs of one skeleton differ, in plain words."""
    return tuple(
        words
        for words, left_out in _STEPS
        if _apply(sku, _all_but(left_out)) != _apply(other, _all_but(left_out))
    )


def is_changed_by_spreadsheet(sku: str, other: str) -> bool:
    """Whether two SKUs of one skeleton differ as a spreadsheet changes what looks like a number."""
    by = differences(sku, other)
    return QUOTES in by or NUMBER_FORMAT in by or (by == (ZEROS,) and (sku + other).isdigit())


def _latin(sku: str) -> str:
    # Twice, because NFKC may turn a sign into one that has a look-alike, or make one from a
    # look-alike.
    return unicodedata.normalize("NFKC", sku.translate(LOOKALIKES)).translate(LOOKALIKES)


def _visible(sku: str) -> str:
    return "".join(character for character in sku if unicodedata.category(character) not in _UNSEEN)


def _unquoted(sku: str) -> str:
    # A spreadsheet keeps a text that looks like a number as ="00123" or as '00123.
    match = _QUOTED.fullmatch(sku)
    return next(filter(None, match.groups())) if match else sku


def _as_number(sku: str) -> str:
    """Write what looks like a number in one way: 4.00E+10 in full, 90.750 without its last zero."""
    match = _NUMBER.fullmatch(sku)
    if match is None:
        return sku
    whole, fraction, written = match.groups(default="")
    exponent = int(written or 0)
    if exponent < 0:
        whole, fraction = "0", "0" * (-exponent - 1) + whole + fraction
    else:
        fraction = fraction.ljust(exponent, "0")
        whole, fraction = whole + fraction[:exponent], fraction[exponent:]
    fraction = fraction.rstrip("0")
    return f"{whole}{_POINT}{fraction}" if fraction else whole


def _joined(sku: str) -> str:
    # Between two digits a separator tells 1-11 from 11-1, so that one stays there.
    sku = _BETWEEN_DIGITS.sub("\0", sku)
    for sign in _SEPARATORS:
        sku = sku.replace(sign, "")
    return sku.replace("\0", "-")


def _significant(sku: str) -> str:
    return _ZEROS.sub("", sku)


_UNSEEN = ("Zs", "Zl", "Zp", "Cc", "Cf")
QUOTES, NUMBER_FORMAT, ZEROS = "quotes", "the format of a number", "leading zeros"
_STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("characters that look alike", _latin),
    ("capitals", str.casefold),
    ("spaces or invisible characters", _visible),
    (QUOTES, _unquoted),
    (NUMBER_FORMAT, _as_number),
    ("hyphens or other separators", _joined),
    (ZEROS, _significant),
)


def _all_but(left_out: Callable[[str], str]) -> Iterable[Callable[[str], str]]:
    return (step for _, step in _STEPS if step is not left_out)


def _apply(sku: str, steps: Iterable[Callable[[str], str]]) -> str:
    for step in steps:
        sku = step(sku)
    return sku
