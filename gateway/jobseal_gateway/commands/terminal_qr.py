"""A QR code as lines of a terminal: two rows of modules to a line, light modules drawn as blocks, a quiet zone of one.

Drawn in light on dark, which is how most terminals are; a scanner reads either.
"""

import qrcode  # type: ignore[import-untyped]
from qrcode.constants import ERROR_CORRECT_L  # type: ignore[import-untyped]

_BLOCKS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


def drawn(text: str) -> str:
    """The code that holds this text."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_L, border=1)
    code.add_data(text)
    code.make(fit=True)
    light = [[not dark for dark in row] for row in code.get_matrix()]
    if len(light) % 2:
        light.append([True] * len(light[0]))
    pairs = zip(light[::2], light[1::2], strict=True)
    return "\n".join("".join(_BLOCKS[both] for both in zip(upper, lower, strict=True)) for upper, lower in pairs)
