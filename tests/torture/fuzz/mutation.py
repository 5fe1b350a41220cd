"""Changes that know what they change: CBOR trees, signed statements, tables of text, and plain bytes.

All are functions of an input and a source of chance, so that the same seed makes the same inputs.
"""

from collections.abc import Callable, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from random import Random
from typing import Any

import cbor2

from jobseal import cbor as instrumented
from jobseal.errors import JobsealError


def _as_it_stands() -> Any:
    """Our codec once more, without what an engine may have put into it to see where it goes: that costs time here."""
    spec = spec_from_file_location("jobseal_cbor_of_mutation", instrumented.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cbor = _as_it_stands()

INTEGERS = (
    0, 1, 2, 7, 8, 23, 24, 63, 64, 127, 128, 255, 256, 1000, 65535, 65536, 86_400_000, 2**31, 2**32 - 1, 2**32,
    253_402_300_800_000, 2**53 - 2, 2**53 - 1, 2**53, 2**63, 2**64 - 1, 2**64, -1, -2, -24, -25, -256, -(2**53) + 1,
    -(2**53), -(2**64),
)  # fmt: skip
TEXTS = (
    "", "a", "0", "-0", "1.50", "-1", "0.000000001", "999999999999999.999999999", "1e9", "EUR", "ms", "pc", "gateway",
    "\x00", "\x1b[2J", "\x7f", "\u0085", "\u200f", "\ufeff", "\ud7ff", "\U0010ffff", "e\u0301", "ß" * 64, "x" * 64,
    "x" * 65, "x" * 160, "#", "+", "../..", "J-1", "WO-1",
)  # fmt: skip
_SMALL = 24

Inside = Callable[[bytes, Random], bytes]


def spoil(data: bytes, chance: Random) -> bytes:
    """A few bytes changed, put in, taken out, doubled or moved."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(out) + 1)
        size = min(chance.choice((1, 1, 2, 4, 8, 32)), len(out) - at)
        act = chance.randrange(6)
        if act == 0 and at < len(out):
            out[at] ^= 1 << chance.randrange(8)
        elif act == 1 and at < len(out):
            out[at] = chance.randrange(256)
        elif act == 2:
            out[at:at] = chance.randbytes(chance.choice((1, 1, 2, 8)))
        elif act == 3:
            del out[at : at + size]
        elif act == 4:
            out[at:at] = out[at : at + size]
        else:
            to = chance.randrange(len(out) + 1)
            out[to : to + size] = out[at : at + size]
    return bytes(out)


def item(data: bytes, chance: Random, inside: Inside = spoil) -> bytes:
    """CBOR with something in its tree changed; now and then, or where it is no CBOR of ours, with its bytes spoiled.

    ``inside`` changes a byte string that stands in it.
    """
    if chance.random() < 0.1:
        return spoil(data, chance)
    try:
        value = cbor.decode(data, 1 << 24)
    except JobsealError:
        return spoil(data, chance)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        value = changed(value, chance, inside)
    return encoded(value)


def encoded(value: Any) -> bytes:
    """Its deterministic encoding, also where our subset has none for it."""
    try:
        data: bytes = cbor.encode(value)
    except JobsealError:
        data = cbor2.dumps(value, canonical=True)
    return data


def changed(value: Any, chance: Random, inside: Inside = spoil) -> Any:
    """The value with one thing in it changed."""
    if isinstance(value, dict) and value and chance.random() < 0.95:
        return _changed_map(value, chance, inside)
    if isinstance(value, list) and value and chance.random() < 0.95:
        return _changed_list(value, chance, inside)
    if isinstance(value, bytes) and value and chance.random() < 0.8:
        return inside(value, chance)
    if isinstance(value, bool) or value is None:
        return scalar(chance)
    if isinstance(value, int) and chance.random() < 0.7:
        return value + chance.choice((-1, 1, 1000, -1000)) if chance.random() < 0.5 else chance.choice(INTEGERS)
    if isinstance(value, str) and chance.random() < 0.7:
        return _changed_text(value, chance)
    return scalar(chance)


def scalar(chance: Random) -> Any:
    """Some value without an inside, or an empty one."""
    return chance.choice((
        chance.choice(INTEGERS), chance.choice(TEXTS), chance.randbytes(chance.choice((0, 1, 8, 16, 32, 64))),
        None, True, False, [], {}, chance.randrange(_SMALL), 1.5,
    ))  # fmt: skip


def _changed_map(value: dict[Any, Any], chance: Random, inside: Inside) -> dict[Any, Any]:
    out = dict(value)
    key = chance.choice(sorted(out, key=repr))
    act = chance.random()
    if act < 0.75:
        out[key] = changed(out[key], chance, inside)
    elif act < 0.83:
        del out[key]
    elif act < 0.9:
        out[chance.choice(sorted(out, key=repr))] = out[key]
    else:
        out[chance.randrange(_SMALL) if chance.random() < 0.7 else chance.choice(TEXTS)] = scalar(chance)
    return out


def _changed_list(value: list[Any], chance: Random, inside: Inside) -> list[Any]:
    out = list(value)
    at, to = chance.randrange(len(out)), chance.randrange(len(out))
    act = chance.random()
    if act < 0.7:
        out[at] = changed(out[at], chance, inside)
    elif act < 0.78:
        del out[at]
    elif act < 0.86:
        out.insert(to, out[at])
    elif act < 0.94:
        out[at], out[to] = out[to], out[at]
    else:
        out.insert(to, scalar(chance))
    return out


def _changed_text(value: str, chance: Random) -> str:
    at = chance.randrange(len(value) + 1)
    act = chance.randrange(4)
    if act == 0:
        return chance.choice(TEXTS)
    if act == 1:
        return value[:at] + chance.choice(TEXTS) + value[at:]
    return value[:at] + value[at + 1 :] if act == 2 else value * 2


def text(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    """A line or a cell taken out, doubled or moved, a word put in, or bytes spoiled."""
    act = chance.randrange(6)
    if act == 0 or not data:
        return spoil(data, chance)
    separator = chance.choice((b"\n", b",", b";", b"|", b'"', b"=", b"&", b":"))
    parts = data.split(separator)
    at, to = chance.randrange(len(parts)), chance.randrange(len(parts))
    if act == 1:
        del parts[at]
    elif act == 2:
        parts.insert(to, parts[at])
    elif act == 3:
        parts[at], parts[to] = parts[to], parts[at]
    elif act == 4:
        parts[at] = chance.choice(words)
    else:
        cut = chance.randrange(len(parts[at]) + 1)
        parts[at] = parts[at][:cut] + chance.choice(words) + parts[at][cut:]
    return separator.join(parts)
