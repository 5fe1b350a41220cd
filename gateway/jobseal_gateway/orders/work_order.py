"""One work order as it was imported: plain values, checked by whoever built it (``assemble``).

It knows its two plain forms and nothing about files, databases or the wire. ``record`` is everything, for the
gateway's own keeping. ``snapshot`` is what a handheld gets: without ``OFFICE_ONLY``, which a technician does not
need and a lost handheld should not hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import cast

# Names, money and terms that concern the office and the billing system only.
OFFICE_ONLY = frozenset({"ap_contact", "approval_required", "budget", "po_required", "terms"})

Plain = int | bool | str | list[str] | dict[str, str] | None


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """A request for service. Times are Unix ms UTC; ``budget`` is decimal text in ``currency``.

    ``revision`` is None when the file does not say one: then whoever stores the order counts.
    ``external_references`` are (system, id) pairs, sorted by system, one for each system.
    ``respond_by``, ``on_site_by`` and ``complete_by`` are the targets of the service agreement for this order.
    """

    id: str
    customer: str
    currency: str
    time_zone: str
    tasks: tuple[str, ...]
    revision: int | None = None
    customer_name: str | None = None
    site: str | None = None
    site_address: str | None = None
    site_contact: str | None = None
    asset: str | None = None
    description: str | None = None
    contract: str | None = None
    terms: str | None = None
    po_number: str | None = None
    po_required: bool | None = None
    ap_contact: str | None = None
    budget: str | None = None
    technicians: tuple[str, ...] = ()
    window_start: int | None = None
    window_end: int | None = None
    respond_by: int | None = None
    on_site_by: int | None = None
    complete_by: int | None = None
    parent: str | None = None
    external_references: tuple[tuple[str, str], ...] = ()
    required_evidence: tuple[str, ...] = ()
    approval_required: bool | None = None

    def record(self) -> dict[str, Plain]:
        """Every field under its column's name: integers, texts, lists of text, a map of text, None."""
        return {field.name: _plain(field.name, getattr(self, field.name)) for field in fields(self)}

    def snapshot(self) -> dict[str, Plain]:
        """What goes to handhelds, for deterministic encoding: ``record`` without ``OFFICE_ONLY``."""
        return {name: value for name, value in self.record().items() if name not in OFFICE_ONLY}


def from_record(record: Mapping[str, Plain]) -> WorkOrder:
    """The work order whose ``record`` this is. Trusts it: records come from our own storage."""
    values: dict[str, object] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            values[name] = tuple(sorted(value.items()))
        elif isinstance(value, list):
            values[name] = tuple(value)
        else:
            values[name] = value
    return WorkOrder(**values)  # type: ignore[arg-type]


def _plain(name: str, value: object) -> Plain:
    if name == "external_references":
        return dict(cast(tuple[tuple[str, str], ...], value))
    if isinstance(value, tuple):
        return list(value)
    return cast(int | bool | str | None, value)
