"""Fixed addresses, so that a guided run can be repeated: libFuzzer tells comparisons apart by where they are in memory.

One run in six took another way before, with the same seed. Where the kernel refuses (some containers do), runs stay as
they are: guided, and only nearly repeatable.
"""

import ctypes
import os
import sys

_NO_RANDOMIZE = 0x0040000  # ADDR_NO_RANDOMIZE, personality(2)
_ASK = 0xFFFFFFFF


def fix() -> None:
    """Begin this process anew with fixed addresses, unless they are fixed already or cannot be."""
    personality = ctypes.CDLL(None).personality
    personality.argtypes = [ctypes.c_ulong]
    now = personality(_ASK)
    if now < 0 or now & _NO_RANDOMIZE or personality(now | _NO_RANDOMIZE) < 0 or not personality(_ASK) & _NO_RANDOMIZE:
        return
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
