"""Photos for the demo: real PNG files (ISO/IEC 15948), drawn here so that none has to be kept anywhere."""

import random
import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREYSCALE_8_BIT = bytes([8, 0, 0, 0, 0])


def png(width: int, height: int, seed: str) -> bytes:
    """A grainy greyscale picture that gets darker downwards; the same for the same arguments."""
    source = random.Random(seed)
    base = source.randrange(32, 96)
    rows = []
    for y in range(height):
        shade = base + 96 * (height - y) // height
        grain = bytes(shade + (value & 0x0F) for value in range(256))
        rows.append(b"\x00" + source.randbytes(width).translate(grain))
    header = struct.pack(">II", width, height) + _GREYSCALE_8_BIT
    parts = [_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(b"".join(rows), 6)), _chunk(b"IEND", b"")]
    return _SIGNATURE + b"".join(parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
