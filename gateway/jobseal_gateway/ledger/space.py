"""Free space under the data folder: ingest stops at a low-water mark, before the database can be hurt.

A write-ahead log on a full disk can fail in ways that are not an error but a signal; so the gateway stops
receiving while there is still room for what it has begun, and goes on by itself when there is space again.
"""

import shutil
from pathlib import Path

LOW_WATER_BYTES = 256 * 1024 * 1024  # several thousand batches and a full copy of SQLite's write-ahead log


def free_bytes(folder: Path) -> int:
    """What this process may still write on the file system of ``folder``. Raises OSError if it is not there."""
    return shutil.disk_usage(folder).free


def is_low(folder: Path, low_water_bytes: int = LOW_WATER_BYTES) -> bool:
    """True while there is less free space than ``low_water_bytes``: take nothing more in, sign no receipt."""
    return free_bytes(folder) < low_water_bytes
