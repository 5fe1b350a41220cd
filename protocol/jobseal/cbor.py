"""Deterministic CBOR: the strict subset of RFC 8949 section 4.2.1 that Jobseal speaks.

Values: int within +-(2**53 - 1), bytes, str, list, dict with int or str keys, False, True, None. Refused: floats,
tags, indefinite lengths, non-minimal heads, unsorted or duplicate keys, invalid UTF-8, trailing bytes, nesting
deeper than 8. A value has exactly one encoding and each encoding exactly one value, so two parties that hash the
same bytes mean the same thing. (SPEC.md, "Bytes".)
"""

from jobseal.errors import OURS, JobsealError, Malformed
from jobseal.limits import DEPTH_MAX, INT_MAX

MYPY = False
if MYPY:
    from typing import Any


def _utf8_is_sound(data: bytes) -> bool:
    """Whether ``data`` is UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF."""
    i = 0
    end = len(data)
    while i < end:
        lead = data[i]
        if lead < 0x80:
            i += 1
            continue
        if 0xC2 <= lead <= 0xDF:
            more, low, high = 1, 0x80, 0xBF
        elif 0xE0 <= lead <= 0xEF:
            more = 2
            low = 0xA0 if lead == 0xE0 else 0x80
            high = 0x9F if lead == 0xED else 0xBF
        elif 0xF0 <= lead <= 0xF4:
            more = 3
            low = 0x90 if lead == 0xF0 else 0x80
            high = 0x8F if lead == 0xF4 else 0xBF
        else:
            return False
        if i + more >= end or not low <= data[i + 1] <= high:
            return False
        for j in range(i + 2, i + more + 1):
            if not 0x80 <= data[j] <= 0xBF:
                return False
        i += more + 1
    return True


def _platform_decodes_strictly() -> bool:
    # MicroPython decodes overlong forms and lone surrogates without a word; CPython refuses both.
    for bad in (b"\xc0\x80", b"\xed\xa0\x80"):
        try:
            bad.decode("utf-8")
        except UnicodeError:
            continue
        return False
    return True


_STRICT_PLATFORM = _platform_decodes_strictly()


def _truncated() -> Malformed:
    return Malformed("cbor_truncated", "the bytes end in the middle of an item")


def _not_shortest() -> Malformed:
    return Malformed("cbor_noncanonical", "an integer or length is not in its shortest form")


def _long_argument(data: bytes, pos: int, info: int) -> int:
    """The argument at ``pos`` of a head whose low five bits, ``info``, are above 24 (RFC 8949 section 3)."""
    if info > 27:
        raise Malformed("cbor_type", "indefinite lengths and reserved heads are not allowed")
    width = 1 << (info - 24)
    if pos + width > len(data):
        raise _truncated()
    n = int.from_bytes(data[pos : pos + width], "big")
    if n < 1 << (4 * width):
        raise _not_shortest()
    return n


def _simple(head: int) -> "Any":
    if head == 0xF6:
        return None
    if head == 0xF5:
        return True
    if head == 0xF4:
        return False
    raise Malformed("cbor_type", "only false, true and null are allowed as simple values")


def _item(data: bytes, pos: int, depth: int) -> "tuple[Any, int]":
    """Decode the item at ``pos``; returns it and the position after it. IndexError where ``data`` ends too soon.

    Every event passes here some twenty times, so what is frequent is tried first and in place.
    """
    head = data[pos]
    pos += 1
    if head < 24:
        return head, pos
    if head >= 0xE0:
        return _simple(head), pos
    n = head & 31
    if n == 24:
        n = data[pos]
        if n < 24:
            raise _not_shortest()
        pos += 1
    elif n > 24:
        width = 1 << (n - 24)
        n = _long_argument(data, pos, n)
        pos += width
    if 0x40 <= head < 0x80:
        end = pos + n
        if end > len(data):
            raise _truncated()
        chunk = data[pos:end]
        if head < 0x60:
            return chunk, end
        if not _STRICT_PLATFORM and not _utf8_is_sound(chunk):
            raise UnicodeError
        return chunk.decode("utf-8"), end
    major = head >> 5
    if major == 0:
        if n > INT_MAX:
            raise Malformed("cbor_range", "an integer is beyond 2**53 - 1")
        return n, pos
    if major == 1:
        if n >= INT_MAX:
            raise Malformed("cbor_range", "an integer is below -(2**53 - 1)")
        return -1 - n, pos
    if major == 6:
        raise Malformed("cbor_type", "tags are not allowed here")
    if depth == 0:
        raise Malformed("cbor_depth", "arrays and maps are nested too deeply")
    return _array(data, pos, n, depth - 1) if major == 4 else _map(data, pos, n, depth - 1)


def _array(data: bytes, pos: int, n: int, depth: int) -> "tuple[list[Any], int]":
    if n > len(data) - pos:  # each item takes at least one byte: refuse before looping
        raise _truncated()
    items = []
    for _ in range(n):
        value, pos = _item(data, pos, depth)
        items.append(value)
    return items, pos


def _map(data: bytes, pos: int, n: int, depth: int) -> "tuple[dict[Any, Any], int]":
    if 2 * n > len(data) - pos:
        raise _truncated()
    items = {}
    previous = -1  # the key before, while all keys are small integers: those sort first, and each is its own encoding
    while n and previous < data[pos] < 24:
        previous = data[pos]
        items[previous], pos = _item(data, pos + 1, depth)
        n -= 1
    return (items, pos) if n == 0 else _larger_keys(data, pos, n, depth, items, bytes([previous]) if items else b"")


def _larger_keys(
    data: bytes, pos: int, n: int, depth: int, items: "dict[Any, Any]", previous: bytes
) -> "tuple[dict[Any, Any], int]":
    """The last ``n`` entries of a map, by the rules for keys of any kind; ``previous``: the encoded key before."""
    for _ in range(n):
        start = pos
        if data[pos] >> 5 not in (0, 1, 3):
            raise Malformed("cbor_key", "a map key is neither an integer nor text")
        key, pos = _item(data, pos, 0)
        encoded = data[start:pos]
        if encoded == previous:
            raise Malformed("cbor_duplicate_key", "a map has the same key twice")
        if encoded < previous:
            raise Malformed("cbor_noncanonical", "map keys are not in bytewise order")
        previous = encoded
        items[key], pos = _item(data, pos, depth)
    return items, pos


def decode(data: bytes, max_bytes: int) -> "Any":
    """The one value that ``data`` encodes.

    Raises :class:`Malformed` with ``too_large``, ``cbor_truncated``, ``cbor_trailing``, ``cbor_type``,
    ``cbor_range``, ``cbor_utf8``, ``cbor_key``, ``cbor_duplicate_key``, ``cbor_noncanonical`` or ``cbor_depth``.
    """
    if len(data) > max_bytes:
        raise Malformed("too_large", "%d bytes, and at most %d are allowed" % (len(data), max_bytes))
    try:
        value, pos = _item(data, 0, DEPTH_MAX)
    except IndexError:
        raise _truncated()
    except UnicodeError:
        raise Malformed("cbor_utf8", "a text string is not valid UTF-8")
    if pos != len(data):
        raise Malformed("cbor_trailing", "%d bytes follow the item" % (len(data) - pos))
    return value


_BYTE = [bytes([value]) for value in range(256)]


def head(major: int, n: int) -> bytes:
    """A major type with its argument in shortest form."""
    if n < 24:
        return _BYTE[major << 5 | n]
    if n < 256:
        return _BYTE[major << 5 | 24] + _BYTE[n]
    for info, width in ((25, 2), (26, 4), (27, 8)):
        if n < 1 << (8 * width):
            return _BYTE[major << 5 | info] + n.to_bytes(width, "big")
    raise JobsealError("cbor_range", "an integer does not fit 64 bits", OURS)


def _encode_into(value: "Any", out: "list[bytes]", depth: int) -> None:
    kind = type(value)
    if kind is int:
        if not -INT_MAX <= value <= INT_MAX:
            raise JobsealError("cbor_range", "an integer is beyond +-(2**53 - 1)", OURS)
        out.append(head(0, value) if value >= 0 else head(1, -1 - value))
    elif kind is bytes:
        out.append(head(2, len(value)))
        out.append(value)
    elif kind is str:
        encoded = encode_text(value)
        out.append(head(3, len(encoded)))
        out.append(encoded)
    elif value is None:
        out.append(b"\xf6")
    elif value is True:
        out.append(b"\xf5")
    elif value is False:
        out.append(b"\xf4")
    elif depth == 0:
        raise JobsealError("cbor_depth", "arrays and maps are nested too deeply", OURS)
    elif isinstance(value, (list, tuple)):
        out.append(head(4, len(value)))
        for item in value:
            _encode_into(item, out, depth - 1)
    elif isinstance(value, dict):
        out.append(head(5, len(value)))
        for encoded, key in sorted([(_encoded_key(key), key) for key in value]):
            out.append(encoded)
            _encode_into(value[key], out, depth - 1)
    else:
        raise JobsealError("cbor_type", "no encoding for a value of type " + kind.__name__, OURS)


def _encoded_key(key: "Any") -> bytes:
    kind = type(key)
    if kind is int and 0 <= key < 24:
        encoded: bytes = _BYTE[key]
        return encoded
    if kind is not int and kind is not str:
        raise JobsealError("cbor_key", "a map key is neither an integer nor text", OURS)
    return encode(key)


def encode_text(value: str) -> bytes:
    """UTF-8 of ``value``; raises ``cbor_utf8`` for a lone surrogate, which has none."""
    try:
        encoded = value.encode("utf-8")
    except UnicodeError:
        encoded = b"\xff"
    if not _STRICT_PLATFORM or encoded == b"\xff":
        if not _utf8_is_sound(encoded):
            raise JobsealError("cbor_utf8", "a text has a lone surrogate and no UTF-8 form", OURS)
    return encoded


def encode(value: "Any") -> bytes:
    """The one deterministic encoding of ``value``.

    Raises :class:`JobsealError` (fault ``ours``) for what the subset cannot carry: ``cbor_range``, ``cbor_utf8``,
    ``cbor_key``, ``cbor_type`` or ``cbor_depth``.
    """
    out: list[bytes] = []
    _encode_into(value, out, DEPTH_MAX)
    return b"".join(out)
