"""The key that signs session cookies: one small file of the gateway's home, readable by its owner only.

It keeps made-up cookies away from the database; what a session opens is decided there. A new key ends them all.
"""

import secrets
from contextlib import suppress
from pathlib import Path

from jobseal_gateway import durable

KEY_BYTES = 32


def make(path: Path) -> None:
    """Make the key unless it is there. Raises OSError."""
    if not path.exists():
        with suppress(FileExistsError):
            durable.create(path, _new())


def rotate(path: Path) -> None:
    """Put another in its place: no cookie that was given out holds any longer. Raises OSError."""
    durable.replace(path, _new())


def _new() -> bytes:
    return secrets.token_hex(KEY_BYTES).encode()
