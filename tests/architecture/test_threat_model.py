"""docs/threat-model.md names tests that exist: a defence whose test was renamed or removed is no longer shown."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()


def test_every_test_that_the_threat_model_names_is_there() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    named = 0
    for row in rows:
        files = re.findall(r"`(tests/[\w/]+\.py)`", row)
        source = "".join((ROOT / file).read_text() for file in files)
        for name in re.findall(r"`(test_\w+)`", row):
            assert f"def {name}(" in source, f"{name} is in none of {files}"
            named += 1
    assert named >= 15
