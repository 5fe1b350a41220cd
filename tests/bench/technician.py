"""The capture process of the feed row: signs an event when told to, and says when it was committed.

    python -m tests.bench.technician HOME

A line on standard input is one event of the mix; the answer is its job and the moment of its commit, in seconds of the
machine's monotonic clock, which all processes share.
"""

import os
import sys
from pathlib import Path

from jobseal.host.clock import SystemClock
from jobseal_device import identity
from jobseal_device.command import BUILT_MS
from jobseal_device.home import Home
from tests.bench.capture import Stamped, step
from tests.bench.site import TECHNICIAN


def main(folder: Path) -> None:
    """Until standard input ends."""
    home = Home(folder)
    signer = identity.signer(home)
    capture = Stamped(home, identity.load(home).identity, signer, SystemClock(BUILT_MS), os.urandom)
    try:
        for number, _ in enumerate(sys.stdin):
            kind, body, job = step(number)
            capture.sign(kind, body, job, TECHNICIAN)
            print(job, capture.committed_at, flush=True)
    finally:
        capture.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
