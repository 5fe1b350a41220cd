"""Exact decimals: their one text form, exact arithmetic, and the one place where anything is rounded.

The text form is the protocol's: no exponent, no plus, no negative zero, at most 15 digits before the point and 9
after it. Sums and products are exact or raise (``EXACT`` traps inexactness); only ``divide`` and ``to_step`` round,
each by a named mode, and both decide from the exact remainder, so nothing is ever rounded twice.

Rounding is symmetric: a credit of -x rounds to minus what x rounds to.
"""

import re
from decimal import Clamped, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

TEXT = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
TEXT_MAX_PLACES = 9
TEXT_LIMIT = Decimal(10) ** 15

# Wide enough for a product of three decimals of the text form; anything beyond raises instead of losing a digit.
EXACT = Context(prec=90, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow, Clamped])

ZERO = Decimal(0)

# The words of price lists, told by what happens to the magnitude.
ROUNDING_MODES = ("half_up", "half_even", "up", "down")


def parse_decimal(text: str) -> Decimal | None:
    """The value of a decimal in the protocol's form, or None when ``text`` is not one (``-0`` included)."""
    if TEXT.fullmatch(text) is None:
        return None
    value = Decimal(text)
    return None if text.startswith("-") and not value else value


def decimal_text(value: Decimal) -> str:
    """``value`` in the protocol's form, keeping its trailing zeros. ValueError when it does not fit."""
    text = format(value, "f")
    if not value:
        text = text.lstrip("-")
    if TEXT.fullmatch(text) is None:
        raise ValueError(f"{text} does not fit the decimal form")
    return text


def plain_text(value: Decimal) -> str:
    """``value`` for people: without needless zeros (15 rather than 15.00), however large."""
    text = format(value, "f") if value else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def without_needless_zeros(value: Decimal) -> Decimal:
    """The same number in the one form that equal numbers share, so that it is written the same everywhere."""
    return Decimal(plain_text(value))


def multiply(first: Decimal, second: Decimal) -> Decimal:
    """The exact product. ``decimal.Inexact`` if it had more digits than ``EXACT`` keeps."""
    return EXACT.multiply(first, second)


def add(first: Decimal, second: Decimal) -> Decimal:
    """The exact sum."""
    return EXACT.add(first, second)


def magnitude(value: Decimal) -> Decimal:
    """``value`` without its sign, exactly (``abs`` would round to the ambient context)."""
    return EXACT.copy_abs(value)


def divisible(value: Decimal, by: int) -> bool:
    """Whether ``value`` is a whole multiple of ``by``."""
    return EXACT.remainder(value, Decimal(by)) == 0


def divide(dividend: Decimal, divisor: Decimal, places: int, mode: str) -> Decimal:
    """``dividend / divisor`` (a positive number) rounded once, to ``places`` decimal places, by ``mode``."""
    step = EXACT.scaleb(Decimal(1), -places)
    count = _whole(dividend, EXACT.multiply(divisor, step), mode)
    return _positive_zero(EXACT.multiply(count, step))


def to_step(value: Decimal, step: Decimal, mode: str) -> Decimal:
    """``value`` rounded to a multiple of ``step`` (a positive number) by ``mode``."""
    return _positive_zero(EXACT.multiply(_whole(value, step, mode), step))


def _whole(value: Decimal, step: Decimal, mode: str) -> Decimal:
    """How many whole ``step`` make up ``value``, by ``mode``; decided from the exact remainder."""
    size = magnitude(value)
    count = EXACT.divide_int(size, step)
    twice_rest = EXACT.multiply(EXACT.subtract(size, EXACT.multiply(count, step)), Decimal(2))
    if _takes_next(mode, count, twice_rest, step):
        count = EXACT.add(count, Decimal(1))
    return EXACT.minus(count) if value < 0 else count


def _takes_next(mode: str, count: Decimal, twice_rest: Decimal, step: Decimal) -> bool:
    if mode == "up":
        return twice_rest > 0
    if mode == "down":
        return False
    if twice_rest == step:
        return mode == "half_up" or EXACT.remainder(count, Decimal(2)) == 1
    return twice_rest > step


def _positive_zero(value: Decimal) -> Decimal:
    return value if value else EXACT.copy_abs(value)
