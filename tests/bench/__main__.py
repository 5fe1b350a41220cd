"""``make bench``: how fast and how large Jobseal is, each figure beside what it is measured against.

    python tests/bench [--quick] [ROW ...]

One JSON line a row; ROW is one of the modules here. Exit status 0 when every row could be measured,
met or not: an unmet row is a fact, and docs/performance.md says what it is made of.
"""

import argparse
import sys
import traceback
from importlib import import_module
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

MODULES = ("ingest", "growth", "capture", "size", "feed", "enrolment", "screen", "screen_busy")


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure speed and size against references.")
    parser.add_argument("--quick", action="store_true", help="end within 90 seconds")
    parser.add_argument("only", nargs="*", metavar="ROW", choices=[[], *MODULES], help=", ".join(MODULES))
    given = parser.parse_args()
    failed = 0
    for name in given.only or MODULES:
        try:
            for row in import_module(f"tests.bench.{name}").rows(given.quick):
                print(row.line(), flush=True)
        except Exception:
            traceback.print_exc()
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
