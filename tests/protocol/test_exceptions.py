"""The table of exceptions is complete and consistent."""

import re
from pathlib import Path

from jobseal.exceptions import CODES, RULES

OWNERS = {"technician", "dispatcher", "operator", "billing", "ours"}


def test_every_code_is_there_once_with_an_owner_a_sentence_and_a_way_out() -> None:
    assert len(set(CODES)) == len(CODES) == 31
    for code in CODES:
        rule = RULES[code]
        assert rule.owner in OWNERS
        assert rule.severity in {"info", "warning", "error"}
        assert rule.sentence.endswith(".")
        assert rule.resolution.endswith(".")


def test_every_code_that_the_fold_raises_is_in_the_table() -> None:
    package = Path(__file__).parents[2] / "protocol" / "jobseal"
    source = "".join((package / f"{module}.py").read_text() for module in ("lane", "card", "measure"))
    raised = set(re.findall(r'(?:Raised\(|append\(\[|problem = |None, flags, )"([a-z_]+)"', source))
    assert {"illegal_transition", "missing_stop", "clock_unset", "malformed_body"} <= raised
    assert raised <= set(CODES)
