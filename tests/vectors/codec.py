"""Vectors of the encoding itself, and of the three text forms with rules of their own."""

from typing import Any

from jobseal import cbor
from tests.vectors.entry import Entry, File, invalid, valid

MAX_BYTES = 4096


def _good() -> list[tuple[str, str, Any]]:
    deepest: Any = 0
    for _ in range(8):
        deepest = [deepest]
    return [
        ("zero", "the smallest item", 0),
        ("inline-integer", "up to 23 the argument is in the head", 23),
        ("one-byte-integer", "from 24 on it follows in one byte", 24),
        ("one-byte-integer-last", "the last one-byte argument", 255),
        ("two-byte-integer", "the first two-byte argument", 256),
        ("two-byte-integer-last", "the last two-byte argument", 65535),
        ("four-byte-integer", "the first four-byte argument", 65536),
        ("four-byte-integer-last", "the last four-byte argument", 2**32 - 1),
        ("eight-byte-integer", "the first eight-byte argument", 2**32),
        ("greatest-integer", "2**53 - 1", 2**53 - 1),
        ("minus-one", "the first negative integer", -1),
        ("minus-24", "the last negative integer with its argument in the head", -24),
        ("minus-25", "the first negative integer with one byte more", -25),
        ("minus-256", "the last negative integer with one byte more", -256),
        ("least-integer", "-(2**53 - 1)", -(2**53 - 1)),
        ("false", "one of three simple values", False),
        ("true", "one of three simple values", True),
        ("null", "one of three simple values", None),
        ("no-bytes", "an empty byte string", b""),
        ("bytes", "a byte string", bytes(range(24))),
        ("no-text", "an empty text", ""),
        ("ascii", "a text", "Jobseal"),
        ("utf8-two-bytes", "the least and the greatest character of two bytes", "\u0080\u07ff"),
        ("utf8-three-bytes", "characters of three bytes around the surrogates", "\u0800\ud7ff\ue000\uffff"),
        ("utf8-four-bytes", "the least and the greatest character of four bytes", "\U00010000\U0010ffff"),
        ("utf8-not-normalised", "a letter and a combining accent stay as they are", "e\u0301"),
        ("nul-in-text", "the codec lets control characters through: shapes refuse them", "\x00"),
        ("no-items", "an empty array", []),
        ("array", "an array of 24 items, its length in one byte", list(range(24))),
        ("no-entries", "an empty map", {}),
        ("map-order", "keys in bytewise order of their encodings: 10, 100, -1, then texts", {
            10: 1, 100: 2, -1: 3, "z": 4, "aa": 5,
        }),
        ("map-integer-and-text", "1 and \"1\" are two keys", {1: "integer", "1": "text"}),
        ("kinds", "true is not 1, null is not 0, text is not bytes", [True, 1, False, 0, None, "", b""]),
        ("depth-8", "eight arrays inside each other", deepest),
        ("depth-8-with-map", "a map counts as one level as well", [[[[[[[{1: []}[1]]]]]]]]),
    ]  # fmt: skip


_BAD = [
    ("empty", "no bytes at all", "", "cbor_truncated"),
    ("one-byte-argument-for-23", "23 has a shorter form", "1817", "cbor_noncanonical"),
    ("two-byte-argument-for-255", "255 has a shorter form", "1900ff", "cbor_noncanonical"),
    ("four-byte-argument-for-65535", "65535 has a shorter form", "1a0000ffff", "cbor_noncanonical"),
    ("eight-byte-argument-for-2**32-1", "it has a shorter form", "1b00000000ffffffff", "cbor_noncanonical"),
    ("long-negative", "-1 has a shorter form", "3800", "cbor_noncanonical"),
    ("long-bytes-length", "a length has a shorter form", "580100", "cbor_noncanonical"),
    ("long-text-length", "a length has a shorter form", "780161", "cbor_noncanonical"),
    ("long-array-length", "a length has a shorter form", "980100", "cbor_noncanonical"),
    ("long-map-length", "a length has a shorter form", "b8010000", "cbor_noncanonical"),
    ("beyond-greatest", "2**53", "1b0020000000000000", "cbor_range"),
    ("greatest-of-64-bits", "2**64 - 1", "1bffffffffffffffff", "cbor_range"),
    ("beyond-least", "-(2**53)", "3b001fffffffffffff", "cbor_range"),
    ("least-of-64-bits", "-(2**64)", "3bffffffffffffffff", "cbor_range"),
    ("half-float", "1.0 as a float of two bytes", "f93c00", "cbor_type"),
    ("single-float", "1.0 as a float of four bytes", "fa3f800000", "cbor_type"),
    ("double-float", "1.0 as a float of eight bytes", "fb3ff0000000000000", "cbor_type"),
    ("not-a-number", "a NaN", "f97e00", "cbor_type"),
    ("undefined", "undefined is not null", "f7", "cbor_type"),
    ("simple-value", "a simple value without meaning", "e0", "cbor_type"),
    ("simple-value-one-byte", "a simple value in two bytes", "f8ff", "cbor_type"),
    ("simple-false-in-two-bytes", "false in a second encoding", "f814", "cbor_type"),
    ("break", "a break outside of anything", "ff", "cbor_type"),
    ("tag", "a tag: a time", "c11a5f5e1000", "cbor_type"),
    ("tag-18", "even the tag of a signed message has no place inside an item", "d280", "cbor_type"),
    ("bignum", "an integer dressed up as a tagged byte string", "c24101", "cbor_type"),
    ("tag-at-depth-9", "a tag is refused as a tag wherever it stands", "8181818181818181c100", "cbor_type"),
    ("indefinite-bytes", "a byte string in pieces", "5f4100ff", "cbor_type"),
    ("indefinite-text", "a text in pieces", "7f6161ff", "cbor_type"),
    ("indefinite-array", "an array without a length", "9f00ff", "cbor_type"),
    ("indefinite-map", "a map without a length", "bf0000ff", "cbor_type"),
    ("reserved-argument", "28 has no meaning as low bits", "1c", "cbor_type"),
    ("trailing-byte", "one byte after the item", "0000", "cbor_trailing"),
    ("two-items", "two items, one after the other", "8080", "cbor_trailing"),
    ("argument-cut", "an argument that ends too early", "1901", "cbor_truncated"),
    ("bytes-cut", "a byte string that ends too early", "420a", "cbor_truncated"),
    ("text-cut", "a text that ends too early", "6261", "cbor_truncated"),
    ("array-cut", "an array with an item missing", "8200", "cbor_truncated"),
    ("map-cut", "a map with a value missing", "a100", "cbor_truncated"),
    ("huge-bytes-length", "a length of 2**64 - 1 bytes", "5bffffffffffffffff", "cbor_truncated"),
    ("huge-array-length", "2**63 items are refused before any is looked at", "9b8000000000000000", "cbor_truncated"),
    ("huge-map-length", "2**63 entries are refused before any is looked at", "bb8000000000000000", "cbor_truncated"),
    ("duplicate-integer-key", "the same key twice with the same value", "a201000100", "cbor_duplicate_key"),
    ("duplicate-text-key", "the same key twice with two values", "a2616100616101", "cbor_duplicate_key"),
    ("unsorted-keys", "2 before 1", "a202000100", "cbor_noncanonical"),
    ("length-first-order", "an older rule put shorter keys first: -1 before 100", "a22000186400", "cbor_noncanonical"),
    ("unsorted-text-keys", "\"b\" before \"a\"", "a2616200616100", "cbor_noncanonical"),
    ("bytes-as-key", "a byte string as key", "a1410000", "cbor_key"),
    ("array-as-key", "an array as key", "a18000", "cbor_key"),
    ("false-as-key", "a simple value as key", "a1f400", "cbor_key"),
    ("key-not-in-shortest-form", "a key with a shorter form", "a1180100", "cbor_noncanonical"),
    ("utf8-overlong-nul", "an overlong form of U+0000", "62c080", "cbor_utf8"),
    ("utf8-overlong-slash", "an overlong form of \"/\"", "62c0af", "cbor_utf8"),
    ("utf8-overlong-three", "an overlong form of three bytes", "63e080af", "cbor_utf8"),
    ("utf8-overlong-three-last", "the greatest overlong form of three bytes", "63e09fbf", "cbor_utf8"),
    ("utf8-overlong-four", "an overlong form of four bytes", "64f08080af", "cbor_utf8"),
    ("utf8-high-surrogate", "U+D800", "63eda080", "cbor_utf8"),
    ("utf8-low-surrogate", "U+DFFF", "63edbfbf", "cbor_utf8"),
    ("utf8-surrogate-pair", "U+10000 as two surrogates", "66eda080edb080", "cbor_utf8"),
    ("utf8-beyond-last", "U+110000", "64f4908080", "cbor_utf8"),
    ("utf8-five-bytes", "a form of five bytes", "65f888808080", "cbor_utf8"),
    ("utf8-lone-continuation", "a continuation byte without a lead", "6180", "cbor_utf8"),
    ("utf8-cut", "a character whose last byte is missing", "62e282", "cbor_utf8"),
    ("utf8-lead-then-ascii", "a lead byte followed by a letter", "62c361", "cbor_utf8"),
    ("utf8-ff", "a byte that UTF-8 never uses", "61ff", "cbor_utf8"),
    ("utf8-in-key", "an overlong form in a map key", "a162c08000", "cbor_utf8"),
    ("depth-9", "nine arrays inside each other", "81" * 9 + "00", "cbor_depth"),
    ("depth-9-empty", "the ninth array is refused though it is empty", "81" * 8 + "80", "cbor_depth"),
    ("depth-9-map", "a map at the ninth level", "81" * 8 + "a0", "cbor_depth"),
    ("depth-3000", "what would overrun a stack", "81" * 3000 + "00", "cbor_depth"),
    ("too-large", "one byte more than the 4096 that are allowed here", "591001" + "00" * 4094, "too_large"),
]  # fmt: skip


def _cbor() -> list[Entry]:
    good = [valid(name, shows, cbor.encode(value), value) for name, shows, value in _good()]
    bad = [invalid(name, shows, bytes.fromhex(data), code) for name, shows, data, code in _BAD]
    return good + bad


_TEXTS = {
    "decimal": (
        ["0", "0.0", "1", "-1", "0.5", "-0.5", "1.50", "10", "0.000000001", "999999999999999",
         "-999999999999999.999999999"],
        ["", "-", "+1", "-0", "-0.0", "0.0000000001", "00", "01", "-01", "1.", ".5", "1e3", "1,5", "1 ", " 1", "NaN",
         "1000000000000000", "--1", "1-", "1.5.5", "0x1", "\u0661", "\uff11", "1_0", "Infinity"],
    ),
    "code": (
        ["A", "BOILER-SERVICE", "x" * 64, "\u00e9" * 64, "\U0001f527" * 64, "two words", "e\u0301"],
        ["", "x" * 65, "\u00e9" * 65, "a\x00", "tab\t", "line\n", "\x1f", "\x7f", "\x80", "\x9f"],
    ),
    "device": (
        ["a", "van-07", "VAN_07.2", "x" * 64, "Gateway", "gateway-1"],
        ["", "x" * 65, "gateway", "van/07", "+", "#", "$SYS", "van 07", "caf\u00e9", "van\x00", "a:b"],
    ),
}  # fmt: skip


def _shape() -> list[Entry]:
    entries = []
    for shape, (good, bad) in _TEXTS.items():
        for number, text in enumerate(good):
            shows = f"takes {text!a}"
            entries.append(valid(f"{shape}-{number}", shows, cbor.encode(text), text, shape=shape))
        for number, text in enumerate(bad):
            shows = f"refuses {text!a}"
            entries.append(invalid(f"not-{shape}-{number}", shows, cbor.encode(text), "malformed", shape=shape))
        entries.append(invalid(f"not-{shape}-integer", "an integer is no text", b"\x01", "malformed", shape=shape))
        entries.append(invalid(f"not-{shape}-bytes", "bytes are no text", b"\x41\x31", "malformed", shape=shape))
    return entries


FILES: dict[str, File] = {
    "cbor": ("one item of at most 4096 bytes, decoded and encoded again (SPEC.md, Bytes)", _cbor),
    "shape": ("texts with a form of their own, as CBOR items (SPEC.md, Decimals, Texts, Device names)", _shape),
}
