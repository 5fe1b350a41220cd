"""Photos: real PNG files of the size that was asked for, and no two alike."""

import struct
import zlib

from jobseal_gateway.demo.photo import png

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """(name, content) of each chunk; its checksum is verified."""
    found, at = [], len(SIGNATURE)
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        name, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size) == (zlib.crc32(name + content),)
        found.append((name, content))
        at += size + 12
    return found


def test_a_photo_is_a_whole_png_file_of_its_size() -> None:
    data = png(31, 17, "any")
    assert data.startswith(SIGNATURE)
    named = chunks(data)
    assert [name for name, _ in named] == [b"IHDR", b"IDAT", b"IEND"]
    assert named[0][1] == struct.pack(">IIBBBBB", 31, 17, 8, 0, 0, 0, 0)
    rows = zlib.decompress(named[1][1])
    assert len(rows) == 17 * (1 + 31)
    assert set(rows[:: 1 + 31]) == {0}  # every row says that it is not filtered


def test_photos_differ_by_what_they_are_of_and_come_out_the_same_again() -> None:
    assert png(8, 8, "one") == png(8, 8, "one") != png(8, 8, "two")
