"""One rule of a price list: what it is for, and how a quantity under it becomes an amount. Data, no behaviour.

``KINDS`` says which units, groupings and columns make sense for which kind of rule; the parser checks by it and
docs/pricing.md shows it. A call-out is the fee for a visit, so its rules apply to quantities of kind ``visit``.
"""

from dataclasses import dataclass
from decimal import Decimal

ANY = "*"

# Times are measured in ms and priced by the hour or the minute: how many ms make up the unit.
TIME_UNIT_MS = {"hour": 3_600_000, "minute": 60_000}
MINUTE_MS = 60_000

FLAT = "flat"  # once for each entry, or once for the job, whatever the duration
VISIT = "visit"  # once for each visit

PER_ENTRY = "entry"
PER_JOB = "job"
PERS = (PER_ENTRY, PER_JOB)

ALWAYS = "always"
OUTCOMES = ("completed", "cancelled")
WHENS = (ALWAYS, *OUTCOMES)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule: the ``quantity`` kind that it prices, its fixed ``units`` (empty: any unit of 1 to 16
    characters), the grouping it has when the file says none, and whether minimum and increment make sense."""

    quantity: str
    units: tuple[str, ...]
    per: str
    measured: bool


KINDS = {
    "callout": Kind("visit", (VISIT,), PER_ENTRY, measured=False),
    "travel": Kind("travel", ("hour", "minute", FLAT, VISIT), PER_ENTRY, measured=True),
    "labour": Kind("labour", ("hour", "minute", FLAT), PER_ENTRY, measured=True),
    "waiting": Kind("waiting", ("hour", "minute", FLAT), PER_ENTRY, measured=True),
    "part": Kind("part", (), PER_JOB, measured=True),
    "expense": Kind("expense", (), PER_ENTRY, measured=False),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """``rate`` is money per ``unit``; for an expense it is the factor on the money spent (1.10 is ten percent on top).

    ``minimum`` and ``increment`` are minutes for times and ``unit`` for parts; 0 means none. ``increment_rounding`` is
    how a quantity goes to a whole increment, ``rounding`` and ``places`` how the amount is rounded, once.
    ``per`` says whether each entry or the whole job is measured; ``when`` for which outcome of a job the rule is.
    """

    id: str
    kind: str
    code: str
    unit: str
    rate: Decimal
    description: str = ""
    minimum: Decimal = Decimal(0)
    increment: Decimal = Decimal(0)
    increment_rounding: str = "up"
    per: str = PER_ENTRY
    when: str = ALWAYS
    rounding: str = "half_up"
    places: int = 2
