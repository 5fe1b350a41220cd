"""The proof that a customer takes along: a short link with the record's digest, and the signed summary in frames.

The record's digest is the SHA-256 of the newest event by which this handheld completed the job, or of any later one of
that job: each commits to all events before it. The signed summary is that event's complete bytes, in base45 (RFC 9285)
behind ``JSn/m:``, so that everybody who has the enrolment can verify it offline. Pure.
"""

import base64

from jobseal.event import SignedEvent

LINK_DIGEST_CHARACTERS = 26  # of base32: 130 bits
SHORT_DIGEST_CHARACTERS = 20  # 100 bits, for the smallest screens
_BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def digest_text(digest: bytes, characters: int) -> str:
    """The beginning of a digest in base32."""
    return base64.b32encode(digest).decode()[:characters]


def links(prefix: str, job: str, digest: bytes) -> list[str]:
    """What the first code may say, longest first."""
    own = [f"{prefix}{digest_text(digest, LINK_DIGEST_CHARACTERS)}"] if prefix else []
    named = f"JS:{job.upper()}:{digest_text(digest, LINK_DIGEST_CHARACTERS)}"
    return [*own, named, f"JS:{digest_text(digest, SHORT_DIGEST_CHARACTERS)}"]


def frames(signed: SignedEvent, room: int) -> list[str]:
    """The signed summary in pieces of at most ``room`` characters."""
    text = base45(signed.data)
    step = room - len("JS99/99:")
    count = -(-len(text) // step)
    return [f"JS{number + 1}/{count}:{text[number * step : (number + 1) * step]}" for number in range(count)]


def base45(data: bytes) -> str:
    """RFC 9285."""
    out = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        value, digits = int.from_bytes(pair, "big"), 3 if len(pair) == 2 else 2
        for _digit in range(digits):
            value, rest = divmod(value, 45)
            out.append(_BASE45[rest])
    return "".join(out)


def from_base45(text: str) -> bytes:
    """The bytes again; for whoever reads the frames. Raises ``ValueError``."""
    out = b""
    for at in range(0, len(text), 3):
        digits = [_BASE45.index(character) for character in text[at : at + 3]]
        value = sum(digit * 45**place for place, digit in enumerate(digits))
        out += value.to_bytes(2 if len(digits) == 3 else 1, "big")
    return out
