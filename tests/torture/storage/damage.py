"""Damage to the files of a home: which there are, numbered, and what they make of the bytes. Pure.

Even numbers are single damages, each once, spread evenly over all homes and files: every byte at which the journal,
its head, the uplink's state, the fold and the archive can be cut; every bit of the journal and of the head's two slots;
one bit of each byte of the rest. Odd numbers, and even ones beyond the singles, are two or three damages at once, by
chance from the number. Between the head's slots lie zeros, of which every 64th bit is enough.
"""

from collections.abc import Sequence
from functools import cache
from math import gcd
from random import Random
from typing import NamedTuple

from tests.torture.storage.made import HEAD, Made, homes

CUT, FLIP = "cut", "flip"
SLOT_BYTES = 64
BLOCK_BYTES = 4096
_STRIDE = 7_368_787  # prime: steps through all singles in an order that mixes homes and files
_CACHE_EACH = 8  # caches only cost time when they are damaged: of so many combined damages, one may be to one of them
_GONE_OF_TEN = 1  # of ten combined damages to a file, so many cut all of it


class Damage(NamedTuple):
    """``at``: the byte at which the file is cut, or the bit that is flipped."""

    path: str
    kind: str
    at: int

    def apply(self, data: bytes) -> bytes:
        """What the file holds afterwards."""
        if self.kind == CUT:
            return data[: self.at]
        byte = self.at // 8
        if byte >= len(data):
            return data
        return data[:byte] + bytes([data[byte] ^ 1 << self.at % 8]) + data[byte + 1 :]


def state(number: int) -> tuple[Made, list[Damage]]:
    """The home and the damages of this number."""
    every = _singles()
    half, odd = divmod(number, 2)
    if not odd and half < len(every):
        home, damage = every[half * _STRIDE % len(every)]
        return homes()[home], [damage]
    chance = Random(number)
    made = chance.choice(homes())
    targets = _targets(made)
    core = [path for path in targets if path.endswith((".seg", "/head", "/uplink.cbor"))]
    paths = [chance.choice(targets if chance.randrange(_CACHE_EACH) == 0 else core) for _ in range(2 + number // 2 % 2)]
    return made, [_by_chance(chance, path, made.contents[path]) for path in paths]


def damaged(made: Made, damages: Sequence[Damage]) -> dict[str, bytes]:
    """Path and bytes of every file with these damages done."""
    contents = dict(made.contents)
    for damage in damages:
        contents[damage.path] = damage.apply(contents[damage.path])
    return contents


def singles() -> int:
    """How many single damages there are."""
    return len(_singles())


@cache
def _singles() -> list[tuple[int, Damage]]:
    found = [
        (nth, damage)
        for nth, made in enumerate(homes())
        for path in _targets(made)
        for damage in _of_file(path, len(made.contents[path]))
    ]
    assert gcd(len(found), _STRIDE) == 1, "the stride would not visit all of them"
    return found


def _targets(made: Made) -> list[str]:
    """The files that the journal's promises rest on, or that could mislead it."""
    kinds = (".seg", "/head", "/uplink.cbor", "/fold.cbor")
    return sorted(path for path in made.contents if path.endswith(kinds) or "/archive/" in path)


def _of_file(path: str, size: int) -> list[Damage]:
    cuts = [Damage(path, CUT, at) for at in range(size)]
    if path.endswith(".seg"):
        bits: Sequence[int] = range(size * 8)
    elif path == HEAD:
        slots = (range(at * 8, (at + SLOT_BYTES) * 8) for at in (0, BLOCK_BYTES))
        bits = sorted({bit for slot in slots for bit in slot} | set(range(0, size * 8, 64)))
    else:
        bits = [at * 8 + at % 8 for at in range(size)]
    return cuts + [Damage(path, FLIP, bit) for bit in bits]


def _by_chance(chance: Random, path: str, data: bytes) -> Damage:
    if chance.randrange(10) < _GONE_OF_TEN:
        return Damage(path, CUT, 0)
    if path == HEAD:  # one of its slots, or the combination would mostly hit zeros
        at = chance.choice((0, BLOCK_BYTES)) + chance.randrange(SLOT_BYTES)
        return Damage(path, CUT, at) if chance.randrange(3) == 0 else Damage(path, FLIP, at * 8 + chance.randrange(8))
    at = chance.randrange(len(data))
    return Damage(path, CUT, at) if chance.randrange(2) else Damage(path, FLIP, at * 8 + chance.randrange(8))
