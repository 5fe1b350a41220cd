"""``make bench``: how fast and how large Jobseal is, each figure beside what it is measured against.

    python tests/bench [--quick] [ROW ...]

One JSON line a row; ROW is a module below or a part of a row's name. Exit status 0 when every row could be measured,
met or not: an unmet row is a fact, and docs/performance.md says what it is made of.
"""

import argparse
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.bench import growth, ingest  # noqa: E402
from tests.bench.row import Row  # noqa: E402

MODULES: dict[str, Callable[[bool], Iterator[Row]]] = {"ingest": ingest.rows, "growth": growth.rows}


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure speed and size against references.")
    parser.add_argument("--quick", action="store_true", help="end within 90 seconds")
    parser.add_argument("only", nargs="*", metavar="ROW", choices=[[], *MODULES], help=", ".join(MODULES))
    given = parser.parse_args()
    failed = 0
    for name, rows in MODULES.items():
        if given.only and name not in given.only:
            continue
        try:
            for row in rows(given.quick):
                print(row.line(), flush=True)
        except Exception:
            traceback.print_exc()
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
