"""The gateway's errors: one base, so that a caller can tell our refusals from a defect.

Every one carries a stable ``code``, a sentence for a person and whose move it is (``jobseal.errors``).
Modules define their own errors beside the rule that raises them; only what several modules raise is here.
"""

from collections.abc import Sequence

from jobseal.errors import OPERATOR, JobsealError
from jobseal_gateway.problem import Problem, render


class GatewayError(JobsealError):
    """The base of every error that the gateway raises on purpose."""


class InputRefused(GatewayError):
    """A file that a person wrote holds mistakes; ``problems`` names every one of them with its place.

    Raised by commands after a pure parser has returned its list; the parsers themselves never raise it.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("input_refused", render(problems), OPERATOR)
        self.problems = tuple(problems)
