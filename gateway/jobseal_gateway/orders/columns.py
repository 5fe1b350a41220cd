"""The columns of a work-order file, as data: names, kinds, limits. docs/import.md shows the same table.

CSV and JSON use the same names. A column's kind decides how its cell is read (``fields``) and, for lists, that a
CSV cell is split and a JSON value is an array.
"""

from dataclasses import dataclass

ID = "id"  # 1-64 of [A-Za-z0-9._/-]
CODE = "code"  # 1-64 characters on one line
LINE = "line"  # text on one line
TEXT = "text"  # text, line breaks allowed
REVISION = "revision"  # whole number from 1
CURRENCY = "currency"  # ISO 4217
ZONE = "zone"  # IANA time zone
TIME = "time"  # date and time of day
AMOUNT = "amount"  # decimal text, not negative
CODES = "codes"  # list of codes
REFERENCES = "references"  # system=id pairs
FLAG = "flag"  # yes or no; in JSON also true or false
EVIDENCE = "evidence"  # list out of jobseal.requirement.EVIDENCE_KINDS

LIST_KINDS = frozenset({CODES, REFERENCES, EVIDENCE})

YES, NO = "yes", "no"

LIST_MAX_ITEMS = 64
CODE_MAX_CHARACTERS = 64
REVISION_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, how its cells are read, whether each order needs it, its longest text."""

    name: str
    kind: str
    required: bool = False
    max_characters: int = CODE_MAX_CHARACTERS


_ALL = (
    Column("id", ID, required=True),
    Column("revision", REVISION),
    Column("customer", CODE, required=True),
    Column("customer_name", LINE, max_characters=160),
    Column("site", CODE),
    Column("site_address", TEXT, max_characters=400),
    Column("site_contact", LINE, max_characters=160),
    Column("asset", CODE),
    Column("description", TEXT, max_characters=4000),
    Column("contract", CODE),
    Column("terms", CODE),
    Column("po_number", CODE),
    Column("po_required", FLAG),
    Column("ap_contact", LINE, max_characters=160),
    Column("currency", CURRENCY, required=True),
    Column("budget", AMOUNT),
    Column("time_zone", ZONE, required=True),
    Column("tasks", CODES, required=True),
    Column("technicians", CODES),
    Column("window_start", TIME),
    Column("window_end", TIME),
    Column("respond_by", TIME),
    Column("on_site_by", TIME),
    Column("complete_by", TIME),
    Column("parent", ID),
    Column("external_references", REFERENCES),
    Column("required_evidence", EVIDENCE),
    Column("approval_required", FLAG),
)

COLUMNS: dict[str, Column] = {column.name: column for column in _ALL}
# The targets of a service agreement (response, arrival, fix), in the order in which they are met.
TARGETS = ("respond_by", "on_site_by", "complete_by")
REQUIRED = tuple(column.name for column in _ALL if column.required)
