"""The machine under the screen: battery, disk, and whether its clock is one to trust. Looks, and never raises."""

import ctypes
import shutil
from pathlib import Path

_POWER = Path("/sys/class/power_supply")
_TIMEX_BYTES = 512  # more than struct timex has on any Linux
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
LOW_PERCENT = 15
LOW_DISK_BYTES = 64 * 1048576


def battery() -> int | None:
    """Charge in percent; None where there is no battery."""
    try:
        for supply in sorted(_POWER.iterdir()):
            if (supply / "type").read_text().strip() == "Battery":
                return min(100, max(0, int((supply / "capacity").read_text())))
    except (OSError, ValueError):
        pass
    return None


def free_bytes(folder: Path) -> int | None:
    """What is left on the disk of the data folder."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def is_clock_synchronised() -> bool:
    """Whether the kernel knows its clock to be set by a time service (adjtimex(2))."""
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return False
    return bool(0 <= state < _TIME_ERROR)
