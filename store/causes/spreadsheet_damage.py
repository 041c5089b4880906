"""What spreadsheets make of SKUs that look like numbers or dates. Pure.

Excel and LibreOffice do so when they open a CSV file, and save what they show: a number of more
than eleven digits as 4.00638E+12, the SKU `3-3` as 03. Mar. Nobody can say any more which it was.
"""

import re

_MONTHS = """jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sept|mär|mrz|mai|okt|dez|janv|févr|
mars|avr|juin|juil|août|déc|ene|abr|ago|dic|gen|mag|giu|lug|ott|mrt|mei""".replace("\n", "")
# In capitals it is more likely a code that somebody made: MAR-03.
_MONTH = "(?!(?-i:[A-ZÄÉÛ]{2}))(?:" + _MONTHS + r")\.?"
_DAMAGED = re.compile(
    rf"""
    \d(?:[.,]\d+)?e\+\d\d+                               # 4.00638E+12
    | \d\d?[. /-]{{1,2}}{_MONTH}(?:[. /-]{{1,2}}\d\d(?:\d\d)?)?  # 03. Mar, 3-Mar-26
    | {_MONTH}[. /-]{{1,2}}\d\d(?:\d\d)?                     # Mar-03
    | \d\d?([./])\d\d?\1\d{{4}} | \d{{4}}-\d\d-\d\d          # 01.03.2026
    | \#{{3,}} | \#(?:name\?|ref!|value!|n/a|num!|div/0!|null!|wert!|bezug!|nv|zahl!)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MIDNIGHT = re.compile(r" 0?0:00(?::00)?(?:\.0+)?$")

_FROM_DIGITS = 12
"""A spreadsheet writes a number of so many digits with an exponent."""
_DIGITS_MAX = 20


def is_damaged(sku: str) -> bool:
    """Whether a SKU looks like what a spreadsheet makes of another, beyond comparison."""
    return _DAMAGED.fullmatch(_MIDNIGHT.sub("", sku.strip())) is not None


def damaged_forms(sku: str) -> list[str]:
    """What a spreadsheet may have made of a number with as many digits as an EAN; else nothing."""
    if not (sku.isascii() and sku.isdigit() and _FROM_DIGITS <= len(sku) <= _DIGITS_MAX):
        return []
    number = int(sku)
    if not number:
        return []
    # Shown as narrow as the column is: with five decimals at most, or with two in its own format.
    forms = {f"{number:.2E}"}
    for decimals in range(6):
        mantissa, _, exponent = f"{number:.{decimals}E}".partition("E")
        short = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        forms.add(f"{short}E{exponent}")
    return sorted(forms | {form.replace(".", ",") for form in forms})
