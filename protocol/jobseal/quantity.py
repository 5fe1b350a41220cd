"""Raw quantities: what a job used, as it follows from its events and before any price list looks at it."""


class Quantity:
    """One time entry, part usage, expense or visit, never rounded.

    ``kind``: labour, travel, waiting, part, expense, visit; ``code``: the task, the part, the expense, the reason for
    waiting, or the kind itself; ``amount``: decimal text in ``unit`` ("ms" for times, as integer text; returns are
    negative); ``by``: technician id or None; ``at``: claimed start, Unix ms UTC or None; ``events``: hashes of the events it rests on.
    """

    __slots__ = ("amount", "at", "billable", "by", "code", "events", "kind", "unit", "warranty")

    def __init__(
        self,
        kind: str,
        code: str,
        unit: str,
        amount: str,
        by: str | None,
        at: int | None,
        events: list[bytes],
        warranty: bool = False,
        billable: bool = True,
    ) -> None:
        self.kind = kind
        self.code = code
        self.unit = unit
        self.amount = amount
        self.by = by
        self.at = at
        self.events = events
        self.warranty = warranty
        self.billable = billable
