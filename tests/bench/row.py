"""A row: one figure, beside what it was measured against and what it has to reach."""

import json
import operator
from dataclasses import asdict, dataclass

AT_LEAST, AT_MOST = ">=", "<="
_HOLDS = {AT_LEAST: operator.ge, AT_MOST: operator.le}


@dataclass(frozen=True, slots=True)
class Row:
    """``ratio`` is ``measured`` to ``reference``; both as None where the goal is a plain figure. ``goal`` reads like
    ``>= 0.6`` and is about the ratio, or about ``measured`` where there is none."""

    name: str
    measured: float
    reference: float | None
    ratio: float | None
    goal: str
    unit: str
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        sign, bound = self.goal.split()
        return bool(_HOLDS[sign](self.measured if self.ratio is None else self.ratio, float(bound)))

    def line(self) -> str:
        """The row as one line of JSON."""
        shown = {key: _short(value) for key, value in asdict(self).items() if value != ""}
        return json.dumps({**shown, "met": self.met})


def _short(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value
