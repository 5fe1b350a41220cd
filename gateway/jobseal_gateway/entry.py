"""How a child process of the gateway begins and ends: its home opened, its words on one line each, its exit status."""

import gc
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from jobseal.errors import JobsealError
from jobseal.host.clock import Clock
from jobseal_gateway import home
from jobseal_gateway.home import Gateway

GARBAGE_OBJECTS = 50_000  # before the collector looks: a round of ingest makes thousands and leaves no circle behind

Say = Callable[[str], None]


def enter(name: str, run: Callable[[Gateway, Say], None], folder: Path, clock: Clock | None) -> int:
    """Run the process; 0 when it was asked to stop, 1 when it cannot start or go on, and says why."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format=f"{name}: %(levelname)s %(name)s: %(message)s")
    try:
        with home.open(folder, clock) as gateway:
            run(gateway, _say)
    except JobsealError as error:
        _say(f"{error.sentence} [{error.code}]")
        return 1
    return 0


def settle_memory() -> None:
    """Keep the garbage collector away from what is loaded for good, and from most work: it cost ingest one in forty."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)


def _say(line: str) -> None:
    print(line, flush=True)
