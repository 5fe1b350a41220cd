"""Vectors of the log's tree and of objects."""

from jobseal import merkle
from jobseal import object as objects
from tests.vectors.day import DAY
from tests.vectors.entry import Entry, File, invalid, valid
from tests.vectors.world import ENROLLED, NAME, NOTE, digest, named

# The leaves that implementations of Certificate Transparency test with.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]


def _hexes(proof: list[bytes]) -> list[str]:
    return [item.hex() for item in proof]


def _outcome(holds: bool) -> Entry:
    return {"valid": True} if holds else {"valid": False, "code": "proof"}


def _inclusion(name: str, shows: str, holds: bool, leaf: bytes, index: int, size: int, proof: list[bytes],
               root: bytes) -> Entry:  # fmt: skip
    return {"name": name, "shows": shows, **_outcome(holds), "what": "inclusion", "leaf": leaf.hex(), "index": index,
            "size": size, "proof": _hexes(proof), "root": root.hex()}  # fmt: skip


def _consistency(name: str, shows: str, holds: bool, sizes: tuple[int, int], roots: tuple[bytes, bytes],
                 proof: list[bytes]) -> Entry:  # fmt: skip
    return {"name": name, "shows": shows, **_outcome(holds), "what": "consistency", "old_size": sizes[0],
            "new_size": sizes[1], "old_root": roots[0].hex(), "new_root": roots[1].hex(),
            "proof": _hexes(proof)}  # fmt: skip


def _spoiled(proof: list[bytes]) -> list[tuple[str, str, list[bytes]]]:
    first = proof[0]
    return [
        ("cut", "the last hash is missing", proof[:-1]),
        ("extended", "one hash too many", [*proof, first]),
        ("reversed", "the hashes in the other order", proof[::-1]),
        ("flipped", "one bit flipped", [bytes([first[0] ^ 1]) + first[1:], *proof[1:]]),
        ("hash-of-31", "a hash of 31 bytes", [first[:31], *proof[1:]]),
        ("hash-of-33", "a hash of 33 bytes", [first + b"\x00", *proof[1:]]),
        ("hashes-joined", "two hashes as one of 64 bytes", [proof[0] + proof[1], *proof[2:]]),
        ("hash-split", "one hash as two of 16 bytes", [first[:16], first[16:], *proof[1:]]),
        ("empty-hash", "an empty hash in front", [b"", *proof]),
    ]


def _merkle() -> list[Entry]:
    leaves = [merkle.leaf_hash(bytes.fromhex(text)) for text in LEAVES]
    entries: list[Entry] = [
        {"name": f"root-{size}", "shows": f"the root over {size} leaves", "valid": True, "what": "root",
         "entries": LEAVES[:size], "root": merkle.root(leaves[:size]).hex()}
        for size in range(9)
    ]  # fmt: skip
    for size in (1, 5, 7, 8):
        root = merkle.root(leaves[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(leaves[:size], index)
            shows = f"leaf {index} of {size}"
            entries.append(
                _inclusion(f"inclusion-{index}-{size}", shows, True, leaves[index], index, size, proof, root)
            )
    root, proof = merkle.root(leaves[:7]), merkle.inclusion_proof(leaves[:7], 3)
    for name, shows, wrong in _spoiled(proof):
        entries.append(_inclusion(f"inclusion-{name}", shows, False, leaves[3], 3, 7, wrong, root))
    entries += [
        _inclusion("inclusion-other-index", "the proof of another place", False, leaves[3], 4, 7, proof, root),
        _inclusion("inclusion-index-beyond", "a place outside the log", False, leaves[3], 7, 7, proof, root),
        _inclusion("inclusion-index-negative", "a negative place", False, leaves[3], -1, 7, proof, root),
        _inclusion("inclusion-other-leaf", "another leaf", False, leaves[2], 3, 7, proof, root),
        _inclusion("inclusion-leaf-of-31", "a leaf hash of 31 bytes", False, leaves[3][:31], 3, 7, proof, root),
        _inclusion("inclusion-size-zero", "a log without leaves", False, leaves[0], 0, 0, [], merkle.EMPTY_ROOT),
        _inclusion("inclusion-node-as-leaf", "an inner node is no leaf", False,
                   merkle.node_hash(leaves[0], leaves[1]), 0, 1, [], merkle.node_hash(leaves[0], leaves[1])[::-1]),
    ]  # fmt: skip
    for old, new in [(0, 0), (0, 5), (1, 2), (1, 8), (2, 4), (3, 7), (4, 7), (6, 8), (7, 8), (8, 8)]:
        roots = (merkle.root(leaves[:old]), merkle.root(leaves[:new]))
        good = merkle.consistency_proof(leaves[:new], old)
        entries.append(_consistency(f"consistency-{old}-{new}", f"size {old} is the beginning of size {new}", True,
                                    (old, new), roots, good))  # fmt: skip
    roots = (merkle.root(leaves[:3]), merkle.root(leaves[:7]))
    good = merkle.consistency_proof(leaves[:7], 3)
    for name, shows, wrong in _spoiled(good):
        entries.append(_consistency(f"consistency-{name}", shows, False, (3, 7), roots, wrong))
    entries += [
        _consistency("consistency-backwards", "a log cannot shrink", False, (7, 3), (roots[1], roots[0]), good),
        _consistency("consistency-other-root", "the same size, another root", False, (7, 7), roots, []),
        _consistency("consistency-empty-proof", "no proof where one is needed", False, (3, 7), roots, []),
        _consistency("consistency-from-nothing", "an empty log has one root only", False, (0, 7), roots, []),
        _consistency("consistency-equal-with-proof", "equal sizes take no proof", False, (7, 7),
                     (roots[1], roots[1]), good),
    ]  # fmt: skip
    entry = merkle.entry(merkle.ENTRY_EVENT, digest(DAY.van.events[0]))
    entries.append({"name": "entry-event", "shows": "the log's entry for an event, and its leaf hash", "valid": True,
                    "what": "leaf", "statement": DAY.van.events[0].hex(), "kind": "01", "entry": entry.hex(),
                    "leaf": merkle.leaf_hash(entry).hex()})  # fmt: skip
    entry = merkle.entry(merkle.ENTRY_OFFICE, digest(ENROLLED))
    entries.append({"name": "entry-office", "shows": "the log's entry for an office statement", "valid": True,
                    "what": "leaf", "statement": ENROLLED.hex(), "kind": "02", "entry": entry.hex(),
                    "leaf": merkle.leaf_hash(entry).hex()})  # fmt: skip
    return entries


def _object() -> list[Entry]:
    entries = [
        valid("note", "a note behind its salt", NOTE, named(NOTE), content=NOTE[32:].hex()),
        valid("empty", "an object without content is its salt", bytes(32), objects.reference(bytes(32), "text/plain"),
              content=""),
    ]  # fmt: skip
    flipped = bytes([NOTE[0] ^ 1]) + NOTE[1:]
    for name, shows, data in [
        ("salt-flipped", "one bit of the salt flipped", flipped),
        ("content-flipped", "one bit of the content flipped", NOTE[:-1] + bytes([NOTE[-1] ^ 1])),
        ("cut", "one byte too few", NOTE[:-1]),
        ("extended", "one byte too many", NOTE + b"\x00"),
        ("other", "another object", NAME),
        ("unsalted", "the content without its salt", NOTE[32:]),
        ("nothing", "no bytes", b""),
    ]:
        form = {"reference": [{"h": digest(NOTE).hex()}, len(NOTE) - 32, "text/plain"]}
        entries.append(invalid(name, shows, data, "attachment_mismatch", **form))
    size = invalid("size-lies", "the event names another size", NOTE, "attachment_mismatch",
                   reference=[{"h": digest(NOTE).hex()}, len(NOTE) - 31, "text/plain"])  # fmt: skip
    return [*entries, size]


FILES: dict[str, File] = {
    "merkle": ("the log's tree: roots, entries, inclusion and consistency proofs (SPEC.md, Log and receipts)", _merkle),
    "object": ("salted bytes, held against [digest, size, media type] (SPEC.md, Objects)", _object),
}
