"""Shapes: what a message may look like, as data, from which the check and the CDDL text (RFC 8610) both follow.

A shape is an object with ``problem(value) -> str`` ("" when the value fits, else what is wrong and where) and
``cddl() -> str``. Shapes say nothing of meaning: a shape that fits can still be an illegal step.
"""

from jobseal.errors import OURS, Malformed
from jobseal.limits import INT_MAX

MYPY = False
if MYPY:
    from typing import Any


class Integer:
    """An integer from ``low`` to ``high``, both included."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def problem(self, value: "Any") -> str:
        if type(value) is int and self.low <= value <= self.high:
            return ""
        return "is not an integer from %d to %d" % (self.low, self.high)

    def cddl(self) -> str:
        if self.low == 0 and self.high == INT_MAX:
            return "uint53"
        if self.low == -INT_MAX and self.high == INT_MAX:
            return "int53"
        return "%d..%d" % (self.low, self.high)


class Bytes:
    """A byte string of ``low`` to ``high`` bytes."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def problem(self, value: "Any") -> str:
        if type(value) is bytes and self.low <= len(value) <= self.high:
            return ""
        return "is not a byte string of %d to %d bytes" % (self.low, self.high)

    def cddl(self) -> str:
        if self.low == self.high:
            return "bstr .size %d" % self.low
        return "bstr .size (%d..%d)" % (self.low, self.high)


# Looking at each character is slow, and a text that is printable has no control character. MicroPython cannot tell.
_is_printable = getattr(str, "isprintable", None)


class Text:
    """A text of ``low`` to ``high`` characters, without control characters."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def problem(self, value: "Any") -> str:
        if type(value) is not str or not self.low <= len(value) <= self.high:
            return "is not a text of %d to %d characters" % (self.low, self.high)
        if _is_printable is not None and _is_printable(value):
            return ""
        for character in value:
            if character < " " or "\x7f" <= character <= "\x9f":
                return "has a control character"
        return ""

    def cddl(self) -> str:
        # Not .size, which counts a text's bytes (RFC 8610 section 3.8.1); \p{Cc} are the control characters.
        return 'tstr .regexp "[^\\\\p{Cc}]{%d,%d}"' % (self.low, self.high)


class DeviceName:
    """What a device is called: 1 to 64 letters, digits, ``.``, ``_`` or ``-``, and never ``gateway``.

    It is a level of MQTT topics and a user name in the broker's access list, so nothing may be in it that means
    something there (``/``, ``+``, ``#``, ``$``), and no device may be called what the gateway's own topics are called.
    """

    __slots__ = ()

    def problem(self, value: "Any") -> str:
        if type(value) is not str or not 1 <= len(value) <= 64 or value == "gateway":
            return "is not a device name of 1 to 64 characters other than gateway"
        for c in value:
            if not ("a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c in "._-"):
                return "has a character that no device name may have"
        return ""

    def cddl(self) -> str:
        return "device-name"


class OneOf:
    """One of the given texts."""

    __slots__ = ("values",)

    def __init__(self, *values: str) -> None:
        self.values = values

    def problem(self, value: "Any") -> str:
        if type(value) is str and value in self.values:
            return ""
        return "is not one of " + ", ".join(self.values)

    def cddl(self) -> str:
        return " / ".join(['"%s"' % value for value in self.values])


class Decimal:
    """A decimal number as text: ``-?(0|[1-9][0-9]{0,14})([.][0-9]{1,9})?`` and never minus zero."""

    __slots__ = ()

    def problem(self, value: "Any") -> str:
        return "" if type(value) is str and is_decimal(value) else "is not a decimal number in its stated form"

    def cddl(self) -> str:
        return "decimal"


def _is_digits(text: str) -> bool:
    for character in text:
        if not "0" <= character <= "9":
            return False
    return len(text) > 0


def is_decimal(text: str) -> bool:
    """Whether ``text`` has the decimal form of SPEC.md, "Decimals"."""
    digits = text[1:] if text.startswith("-") else text
    whole, point, fraction = digits, "", ""
    at = digits.find(".")
    if at >= 0:
        whole, point, fraction = digits[:at], ".", digits[at + 1 :]
    if not _is_digits(whole) or len(whole) > 15 or (whole[0] == "0" and whole != "0"):
        return False
    if point and (not _is_digits(fraction) or len(fraction) > 9):
        return False
    is_zero = not (whole + fraction).strip("0")
    return not (is_zero and text.startswith("-"))


class Boolean:
    """true or false."""

    __slots__ = ()

    def problem(self, value: "Any") -> str:
        return "" if value is True or value is False else "is neither true nor false"

    def cddl(self) -> str:
        return "bool"


class Either:
    """A value that fits one of two shapes."""

    __slots__ = ("first", "second")

    def __init__(self, first: "Any", second: "Any") -> None:
        self.first = first
        self.second = second

    def problem(self, value: "Any") -> str:
        wrong = self.first.problem(value)
        if wrong and self.second.problem(value):
            return wrong + " and " + self.second.problem(value)  # type: ignore[no-any-return]
        return ""

    def cddl(self) -> str:
        return self.first.cddl() + " / " + self.second.cddl()  # type: ignore[no-any-return]


class Null:
    """null, on its own; ``Either(X, Null())`` is an optional X that is always present."""

    __slots__ = ()

    def problem(self, value: "Any") -> str:
        return "" if value is None else "is not null"

    def cddl(self) -> str:
        return "null"


class Array:
    """An array of ``low`` to ``high`` items of one shape."""

    __slots__ = ("high", "low", "of")

    def __init__(self, of: "Any", low: int, high: int) -> None:
        self.of = of
        self.low = low
        self.high = high

    def problem(self, value: "Any") -> str:
        if type(value) is not list or not self.low <= len(value) <= self.high:
            return "is not an array of %d to %d items" % (self.low, self.high)
        for i in range(len(value)):
            wrong = self.of.problem(value[i])
            if wrong:
                return "[%d] %s" % (i, wrong)
        return ""

    def cddl(self) -> str:
        return "[%d*%d %s]" % (self.low, self.high, self.of.cddl())


class Row:
    """An array with one named shape for each place."""

    __slots__ = ("cells",)

    def __init__(self, *cells: "Any") -> None:
        self.cells = cells  # (name, shape) each

    def problem(self, value: "Any") -> str:
        if type(value) is not list or len(value) != len(self.cells):
            return "is not an array of exactly %d items" % len(self.cells)
        for i in range(len(value)):
            wrong = self.cells[i][1].problem(value[i])
            if wrong:
                return "%s %s" % (self.cells[i][0], wrong)
        return ""

    def cddl(self) -> str:
        return "[" + ", ".join(["%s: %s" % (name, of.cddl()) for name, of in self.cells]) + "]"


class AnyMap:
    """A map whose inside is checked elsewhere (the body of an event: its kind says what it holds)."""

    __slots__ = ()

    def problem(self, value: "Any") -> str:
        return "" if type(value) is dict else "is not a map"

    def cddl(self) -> str:
        return "{ * (int / tstr) => any }"


class Field:
    """One entry of a map: its key on the wire, its name, its shape, and whether it must be there."""

    __slots__ = ("key", "name", "of", "required")

    def __init__(self, key: int, name: str, of: "Any", required: bool) -> None:
        self.key = key
        self.name = name
        self.of = of
        self.required = required


def must(key: int, name: str, of: "Any") -> Field:
    """A field that is always there."""
    return Field(key, name, of, True)


def may(key: int, name: str, of: "Any") -> Field:
    """A field that may be absent."""
    return Field(key, name, of, False)


class Map:
    """A map with the given fields and no others."""

    __slots__ = ("_checks", "by_key", "by_name", "fields", "names")

    def __init__(self, *fields: Field) -> None:
        self.fields = fields
        self.names = [(field.key, field.name) for field in fields]
        self._checks = [(field.key, field.of.problem, field) for field in fields]
        self.by_key = {field.key: field for field in fields}
        self.by_name = {field.name: field for field in fields}

    def problem(self, value: "Any") -> str:
        if type(value) is not dict:
            return "is not a map"
        known = 0
        for key, problem, field in self._checks:
            if key in value:
                known += 1
                wrong = problem(value[key])
                if wrong:
                    return "%s %s" % (field.name, wrong)
            elif field.required:
                return "has no " + field.name
        if known != len(value):
            for key in value:
                if key not in self.by_key:
                    return "has an unknown field " + repr(key)
        return ""

    def cddl(self) -> str:
        rows = []
        for field in self.fields:
            mark = "" if field.required else "? "
            rows.append("%s%d: %s, ; %s" % (mark, field.key, field.of.cddl(), field.name))
        return "{\n  " + "\n  ".join(rows) + "\n}" if rows else "{}"

    def named(self, value: "dict[Any, Any]") -> "dict[str, Any]":
        """The same map with names for keys; what is absent is absent. The value must fit."""
        return {field.name: value[field.key] for field in self.fields if field.key in value}

    def keyed(self, value: "dict[str, Any]") -> "dict[int, Any]":
        """The wire form of a map with names for keys; None stands for an absent optional field.

        Raises :class:`Malformed` ``unknown_field`` (fault ``ours``) for a name that the shape does not have.
        """
        out = {}
        for name in value:
            if name not in self.by_name:
                raise Malformed("unknown_field", "there is no field " + name, OURS)
            field = self.by_name[name]
            if value[name] is not None or field.required:
                out[field.key] = value[name]
        return out


UINT = Integer(0, INT_MAX)
INT = Integer(-INT_MAX, INT_MAX)
BOOL = Boolean()
NULL = Null()
DECIMAL = Decimal()
HASH = Bytes(32, 32)  # SHA-256
TIME = Integer(-INT_MAX, INT_MAX)  # Unix ms UTC as somebody claims it; 1990 and 2126 are claims too
CODE = Text(1, 64)
NAME = Text(1, 160)
DEVICE = DeviceName()
KID = Bytes(8, 8)
NONCE = Bytes(8, 8)


def optional(of: "Any") -> Either:
    """``of`` or null."""
    return Either(of, NULL)
