"""The columns of a price list, and how the cells of one row become a rule.

``Fields`` reads typed values out of a row and collects what is wrong; it goes on after a mistake with some
harmless value, so that one pass finds them all.
"""

import datetime
import re
import unicodedata
from decimal import Decimal

from jobseal_gateway.pricing.currency import PLACES
from jobseal_gateway.pricing.decimals import (
    ROUNDING_MODES,
    TEXT_MAX_PLACES,
    ZERO,
    add,
    multiply,
    parse_decimal,
    without_needless_zeros,
)
from jobseal_gateway.pricing.rule import ALWAYS, FLAT, KINDS, PER_JOB, PERS, VISIT, WHENS, Kind, Rule

COLUMNS = (
    "price_list",
    "version",
    "currency",
    "valid_from",
    "valid_until",
    "rule",
    "kind",
    "code",
    "description",
    "unit",
    "rate",
    "markup",
    "minimum",
    "increment",
    "increment_rounding",
    "per",
    "when",
    "rounding",
    "places",
)
REQUIRED = ("price_list", "version", "currency", "valid_from", "rule", "kind", "code", "unit", "rate")

# Nine digits before the point leave room for any product with a quantity.
NUMBER_LIMIT = Decimal(10) ** 9
CODE_MAX_CHARACTERS = 64
UNIT_MAX_CHARACTERS = 16
DESCRIPTION_MAX_CHARACTERS = 160
MARKUP_MAX_PLACES = 7  # percent, so that the factor keeps to 9 places
HUNDREDTH = Decimal("0.01")

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Fields:
    """The cells of one row by column name; ``flaws`` are (column, code, sentence)."""

    def __init__(self, cells: dict[str, str]) -> None:
        self._cells = cells
        self.flaws: list[tuple[str, str, str]] = []

    def wrong(self, name: str, code: str, sentence: str) -> None:
        """Note a mistake in column ``name``."""
        if (name, code, sentence) not in self.flaws:
            self.flaws.append((name, code, sentence))

    def text(self, name: str, max_characters: int) -> str:
        """The cell as text on one line; empty if there is none."""
        value = self._cells.get(name, "")
        if len(value) > max_characters:
            sentence = f"The text has {len(value)} characters; at most {max_characters} are allowed."
            self.wrong(name, "too_long", sentence)
        if any(unicodedata.category(each) in ("Cc", "Cs") for each in value):
            self.wrong(name, "control_character", "The text holds a line break or another control character.")
        return value

    def needed(self, name: str, max_characters: int) -> str:
        """Like ``text``, but it must be there."""
        value = self.text(name, max_characters)
        if not value:
            self.wrong(name, "missing_value", f'Every rule needs a "{name}".')
        return value

    def code(self, name: str) -> str:
        """A code of 1 to 64 characters."""
        return self.needed(name, CODE_MAX_CHARACTERS)

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of the ``allowed`` words; ``default`` for an empty cell."""
        value = self.text(name, CODE_MAX_CHARACTERS) or default
        if value in allowed:
            return value
        said = f'"{value}" is not possible here' if value else "A word is missing here"
        self.wrong(name, "bad_value", f"{said}; these are: {', '.join(allowed)}.")
        return allowed[0]

    def currency(self, name: str) -> str:
        """An ISO 4217 code."""
        value = self.needed(name, CODE_MAX_CHARACTERS)
        if value and value not in PLACES:
            self.wrong(name, "unknown_currency", f'"{value}" is not a currency; write its ISO 4217 code, such as EUR.')
        return value

    def day(self, name: str) -> datetime.date | None:
        """A day as 2026-01-31, which must be there."""
        self.needed(name, CODE_MAX_CHARACTERS)
        return self.optional_day(name)

    def optional_day(self, name: str) -> datetime.date | None:
        """A day as 2026-01-31, or None for an empty cell."""
        value = self._cells.get(name, "")
        if not value:
            return None
        try:
            if _DAY.fullmatch(value):
                return datetime.date.fromisoformat(value)
        except ValueError:
            pass
        self.wrong(name, "bad_day", f'"{value}" is not a day; write it as 2026-01-31.')
        return None

    def number(self, name: str) -> Decimal:
        """A decimal from 0, below 10**9; 0 for an empty cell."""
        value = self._cells.get(name, "")
        if not value:
            return ZERO
        parsed = parse_decimal(value)
        if parsed is None:
            hint = " (a point, not a comma, before the decimals)" if "," in value else ""
            self.wrong(name, "bad_decimal", f'"{value}" is not a number such as 85 or 85.50{hint}.')
            return ZERO
        if not 0 <= parsed < NUMBER_LIMIT:
            self.wrong(name, "bad_decimal", f"{value} is out of range; 0 to below {NUMBER_LIMIT} is possible.")
            return ZERO
        return without_needless_zeros(parsed)

    def empty(self, name: str, because: str) -> None:
        """Nothing may stand in this column."""
        if self._cells.get(name, ""):
            self.wrong(name, "not_applicable", f"{because} Leave the cell empty.")


def read_rule(fields: Fields) -> Rule | None:
    """The rule of one row; meaningless if ``fields`` has flaws afterwards, None if not even its kind is known."""
    kind_name = fields.text("kind", CODE_MAX_CHARACTERS)
    if kind_name not in KINDS:
        fields.one_of("kind", tuple(KINDS), "")
        for name in ("rule", "code"):
            fields.code(name)
        return None
    kind = KINDS[kind_name]
    unit = _unit(fields, kind_name, kind)
    _check_measured(fields, kind_name, kind, unit)
    return Rule(
        id=fields.code("rule"),
        kind=kind_name,
        code=fields.code("code"),
        unit=unit,
        rate=_rate(fields, kind_name),
        description=fields.text("description", DESCRIPTION_MAX_CHARACTERS),
        minimum=fields.number("minimum"),
        increment=fields.number("increment"),
        increment_rounding=fields.one_of("increment_rounding", ROUNDING_MODES, "up"),
        per=_per(fields, kind, unit),
        when=fields.one_of("when", WHENS, ALWAYS),
        rounding=fields.one_of("rounding", ROUNDING_MODES, "half_up"),
        places=_places(fields),
    )


def _unit(fields: Fields, kind_name: str, kind: Kind) -> str:
    if kind.units:
        return fields.one_of("unit", kind.units, "")
    unit = fields.needed("unit", UNIT_MAX_CHARACTERS)
    currency = fields.text("currency", CODE_MAX_CHARACTERS)
    if kind_name == "expense" and unit and unit != currency:
        sentence = f"An expense is measured in money; its unit is the price list's currency, {currency}."
        fields.wrong("unit", "bad_value", sentence)
    return unit


def _check_measured(fields: Fields, kind_name: str, kind: Kind, unit: str) -> None:
    if kind.measured and unit not in (FLAT, VISIT):
        return
    for name in ("minimum", "increment", "increment_rounding"):
        fields.empty(name, f"A rule for {kind_name} by {unit} measures nothing.")


def _rate(fields: Fields, kind_name: str) -> Decimal:
    if kind_name != "expense":
        fields.empty("markup", "Only an expense has a markup.")
        if not fields.text("rate", CODE_MAX_CHARACTERS):
            fields.wrong("rate", "missing_value", 'Every rule needs a "rate"; write 0 if it costs nothing.')
        return fields.number("rate")
    fields.empty("rate", "An expense is passed through, with a markup in percent if there is one.")
    markup = fields.number("markup")
    if _places_of(markup) > MARKUP_MAX_PLACES:
        fields.wrong("markup", "bad_decimal", f"At most {MARKUP_MAX_PLACES} decimal places are possible.")
        return Decimal(1)
    return without_needless_zeros(add(Decimal(1), multiply(markup, HUNDREDTH)))


def _per(fields: Fields, kind: Kind, unit: str) -> str:
    if kind.quantity == "travel" and unit == VISIT:
        fields.one_of("per", (PER_JOB,), PER_JOB)
        return PER_JOB
    return fields.one_of("per", PERS, kind.per)


def _places(fields: Fields) -> int:
    default = PLACES.get(fields.text("currency", CODE_MAX_CHARACTERS), 2)
    allowed = tuple(str(number) for number in range(TEXT_MAX_PLACES + 1))
    return int(fields.one_of("places", allowed, str(default)))


def _places_of(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
