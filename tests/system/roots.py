"""Roots of a log, by RFC 9162's own recursion and nothing of the production code."""

from hashlib import sha256


def root(hashes: list[bytes]) -> bytes:
    return Roots(hashes).of(len(hashes))


class Roots:
    """MTH of RFC 9162 section 2.1.1, as it is written there, over the beginnings of one log; what is complete in one of
    them is the same in all."""

    def __init__(self, hashes: list[bytes]) -> None:
        self._hashes = hashes
        self._known: dict[tuple[int, int], bytes] = {}

    def of(self, size: int) -> bytes:
        """Over the first ``size`` leaves, or all where there are not so many."""
        return self._over(0, min(size, len(self._hashes)))

    def _over(self, start: int, end: int) -> bytes:
        if end - start < 2:
            return self._hashes[start] if start < end else sha256(b"").digest()
        found = self._known.get((start, end))
        if found is None:
            half = 1
            while half * 2 < end - start:
                half *= 2
            found = sha256(b"\1" + self._over(start, start + half) + self._over(start + half, end)).digest()
            self._known[start, end] = found
        return found
