"""A gateway in a rehearsal: the real serving processes, on a clock that runs faster than the day.

Not a command that is installed: only a demonstration starts it (``python -m jobseal_gateway.rehearsal HOME CLOCK``),
and nothing else in this package can choose the clock of a serving gateway. CLOCK is a JSON object, ``ScaledClock``'s
arguments with ``boot`` in hex. It starts itself again for each process, with the process's name behind.
"""

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from jobseal.errors import JobsealError
from jobseal.host.clock import ScaledClock
from jobseal_gateway import serve


def clock_of(text: str) -> ScaledClock:
    """The clock that these JSON arguments describe. Raises ValueError, KeyError, TypeError."""
    arguments = json.loads(text)
    return ScaledClock(**dict(arguments, boot=bytes.fromhex(arguments["boot"])))


def main(arguments: Sequence[str]) -> int:
    """HOME CLOCK: serve. HOME CLOCK NAME: be that process."""
    folder, clock, *name = arguments
    if name:
        status: int = import_module(serve.PROCESSES[name[0]]).main(Path(folder), clock_of(clock))
        return status
    command = [sys.executable, "-m", "jobseal_gateway.rehearsal", folder, clock]
    try:
        return serve.supervise(Path(folder), lambda process: [*command, process])
    except JobsealError as error:
        print(f"gateway: {error.sentence} [{error.code}]", flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
