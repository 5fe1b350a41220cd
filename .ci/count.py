"""Say how many tests of a JUnit report passed and failed, on one line; exit 1 unless there were some and all passed."""

import sys
from pathlib import Path
from xml.etree import ElementTree


def main(report: Path) -> int:
    """Counts over every suite of the report; a skipped test has not passed."""
    suites = list(ElementTree.parse(report).iter("testsuite"))
    ran = sum(int(suite.get("tests", 0)) for suite in suites)
    failed = sum(int(suite.get(word, 0)) for suite in suites for word in ("failures", "errors", "skipped"))
    print(f"{ran - failed} passed, {failed} failed")
    return 0 if ran and not failed else 1


sys.exit(main(Path(sys.argv[1])))
