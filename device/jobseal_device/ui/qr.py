"""QR codes in half blocks, two modules a character: light modules are drawn, dark ones are left black. Pure.

Cameras want light around the code: one module of quiet zone on each side is drawn too.
"""

from collections.abc import Sequence
from functools import lru_cache

QUIET = 1  # modules
VERSION_MOST = 10
_HALVES = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


def version_for(columns: int, rows: int) -> int:
    """The largest version that fits; 0 if none does."""
    side = min(columns, rows * 2) - 2 * QUIET
    return max(0, min(VERSION_MOST, (side - 17) // 4))


def alphanumeric_room(version: int) -> int:
    """Characters of the alphanumeric set that fit at error correction L (ISO/IEC 18004, table 7)."""
    return (0, 25, 47, 77, 114, 154, 195, 224, 279, 335, 395)[version]


@lru_cache(maxsize=64)
def blocks(text: str, columns: int, rows: int) -> Sequence[str] | None:
    """The code in at most so many cells; None if it does not fit."""
    import qrcode  # type: ignore[import-untyped]
    from qrcode.constants import ERROR_CORRECT_L  # type: ignore[import-untyped]
    from qrcode.exceptions import DataOverflowError  # type: ignore[import-untyped]

    most = version_for(columns, rows)
    if not most:
        return None
    code = qrcode.QRCode(version=None, error_correction=ERROR_CORRECT_L, border=0)
    code.add_data(text, optimize=0)
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError):
        return None
    if code.version > most:
        return None
    side = code.modules_count + 2 * QUIET
    light = [[True] * side for _row in range(side + side % 2)]
    for y, row in enumerate(code.modules, QUIET):
        for x, dark in enumerate(row, QUIET):
            light[y][x] = not dark
    if side % 2:
        light[side] = [False] * side  # half a row below the code stays black
    return ["".join(_HALVES[light[y][x], light[y + 1][x]] for x in range(side)) for y in range(0, len(light), 2)]
