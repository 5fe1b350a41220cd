"""The fingerprint of a gateway: its root key's thumbprint in hex, in groups of four that a person can compare."""

from jobseal.errors import OPERATOR, JobsealError

GROUP = 4
_DIGITS = "0123456789abcdef"


def to_text(thumbprint: bytes) -> str:
    """The 32 bytes as 16 groups of four hex digits."""
    digits = "".join([_DIGITS[byte >> 4] + _DIGITS[byte & 15] for byte in thumbprint])
    return "-".join([digits[at : at + GROUP] for at in range(0, len(digits), GROUP)])


def from_text(text: str) -> bytes:
    """The 32 bytes that a person typed or pasted: 64 hex digits, in any case, with or without hyphens, colons, spaces.

    Raises ``fingerprint`` (fault ``operator``).
    """
    digits = [character for character in text.lower() if character not in "-: \t\r\n"]
    wrong = [character for character in digits if character not in _DIGITS]
    if wrong or len(digits) != 64:
        what = "it has the character " + repr(wrong[0]) if wrong else "it has %d" % len(digits)
        raise JobsealError("fingerprint", "a fingerprint is 64 hex digits, and " + what, OPERATOR)
    numbers = [_DIGITS.index(character) for character in digits]
    return bytes([numbers[at] * 16 + numbers[at + 1] for at in range(0, 64, 2)])
