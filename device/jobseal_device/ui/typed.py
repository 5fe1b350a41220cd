"""What may be in a text that a person typed, pasted or scanned, before anything else sees it. Pure.

Control characters could move a cursor or end an event's life as malformed; direction marks could make a code read as
another one. Both are taken out. A scanner's group separator (GS1) is kept as a visible character.
"""

import unicodedata

from jobseal.shape import is_decimal

GROUP_SEPARATOR = "\x1d"
SHOWN_SEPARATOR = "|"
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def clean(text: str) -> str:
    """The text without what nobody can see."""
    kept = text.replace(GROUP_SEPARATOR, SHOWN_SEPARATOR)
    if kept.isascii() and kept.isprintable():
        return kept
    return "".join(" " if c in "\t\n" else c for c in kept if c in "\t\n" or unicodedata.category(c) not in _INVISIBLE)


def decimal(text: str, point: str) -> str | None:
    """A number as typed, with this locale's decimal ``point`` (a full stop does too), as the protocol writes it; None
    for what is no number."""
    plain = text.strip().replace(" ", "").replace(point, ".")
    sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain.removeprefix("+"))
    whole, dot, fraction = digits.partition(".")
    whole = whole.lstrip("0") or "0"
    if not digits or (dot and not fraction):
        return None
    if not (whole + fraction).strip("0"):
        sign = ""
    plain = sign + whole + dot + fraction
    return plain if is_decimal(plain) else None


def whole(text: str) -> int | None:
    """A whole number of up to 15 digits; None for anything else."""
    plain = text.strip()
    digits = plain.removeprefix("-")
    return int(plain) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else None
