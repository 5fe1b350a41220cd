"""The command, with a handler that is blocked for a while now and then: as a slow card blocks it.

python -m tests.device.ui.blocked HOME EVERY BLOCK_MS
"""

import sys
import time
from pathlib import Path

from jobseal_device.command import BUILT_MS
from jobseal_device.home import Home
from jobseal_device.ui import start
from jobseal_device.ui.navigator import Navigator

MS_PER_S = 1000


def main(folder: str, every: str, block_ms: str) -> None:
    """Each ``every``-th scan is blocked, the first one too."""
    scan, count = Navigator.scan, iter(range(10**9))

    def blocked(self: Navigator, code: str) -> None:
        if next(count) % int(every) == 0:
            time.sleep(int(block_ms) / MS_PER_S)
        scan(self, code)

    Navigator.scan = blocked  # type: ignore[method-assign]
    start.start(Home(Path(folder)), BUILT_MS)


if __name__ == "__main__":
    main(*sys.argv[1:])
