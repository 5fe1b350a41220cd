"""Vectors of the log's tree, of objects, and of the bundle that carries everything."""

from typing import Any

from jobseal import bundle, cbor, merkle, record
from jobseal import object as objects
from tests.vectors import keys, statements
from tests.vectors.day import DAY
from tests.vectors.entry import Entry, File, invalid, valid
from tests.vectors.world import ENROLLED, NAME, NOTE, SPARE_ENROLLED, UNPLANNED, digest, named

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


def unplanned_bundle() -> bundle.Bundle:
    """The evidence of the day's unplanned job, which cost nothing."""
    events = DAY.van.events[26:31]
    closing = DAY.van.events[29]
    released = record.sign(
        statements.a_record(
            UNPLANNED, [], "0", closing, order=None, order_revision=None, po_number=None, state="waived"
        ),
        keys.OFFICE,
    )
    size = len(DAY.log.leaves)
    return bundle.Bundle(
        format="jobseal/1/bundle",
        root=keys.ROOT.key.encode(),
        authority=statements.CERTIFICATIONS,
        record=released,
        events=[DAY.log.inclusion(data, size) for data in events],
        acts=[DAY.log.inclusion(ENROLLED, size), DAY.log.inclusion(SPARE_ENROLLED, size)],
        checkpoints=[[DAY.second_checkpoint, DAY.log.consistency(4, size)], [DAY.third_checkpoint, []]],
        receipts=[statements.LAST_RECEIPT],
        order=b"",
        objects=[NOTE],
    )


def _bundle() -> list[Entry]:
    good = unplanned_bundle()
    data = good.encode()
    value = good.to_map()
    small = {**value, 5: value[5][:1], 6: [], 7: [], 8: [], 10: []}
    erased = {**small, 5: [[value[5][0][0], digest(value[5][0][1]), value[5][0][2]]]}
    entries = [
        valid("unplanned-job", "a whole bundle: record, events, acts, checkpoints, receipt, object", data, value),
        valid("erased-event", "an erased event is there as its hash", cbor.encode(erased), erased),
    ]
    changes: list[tuple[str, str, dict[int, Any]]] = [
        ("format-unknown", "a bundle of a later version", {1: "jobseal/2/bundle"}),
        ("one-certification", "one certification where two are needed", {3: value[3][:1]}),
        ("record-empty", "no record", {4: b""}),
        ("event-index-negative", "a negative place in the log", {5: [[-1, value[5][0][1], []]]}),
        ("event-of-31", "less than a hash where the event should be", {5: [[0, bytes(31), []]]}),
        ("event-without-proof", "an event without its proof", {5: [value[5][0][:2]]}),
        ("proof-hash-of-31", "a proof hash of 31 bytes", {5: [[0, value[5][0][1], [bytes(31)]]]}),
        ("checkpoint-bare", "a checkpoint without its proof", {7: [DAY.third_checkpoint]}),
        ("object-of-31", "an object shorter than its salt", {10: [bytes(31)]}),
        ("unknown-field", "a field that nobody knows", {11: 0}),
    ]
    entries += [invalid(name, shows, cbor.encode({**small, **new}), "malformed") for name, shows, new in changes]
    entries.append(invalid("trailing", "a byte after the bundle", cbor.encode(small) + b"\x00", "cbor_trailing"))
    return entries


FILES: dict[str, File] = {
    "merkle": ("the log's tree: roots, entries, inclusion and consistency proofs (SPEC.md, Log)", _merkle),
    "object": ("salted bytes, held against [digest, size, media type] (SPEC.md, Objects)", _object),
    "bundle": (
        "the outer form of a bundle: what is inside has vectors of its own (SPEC.md, Bundle)",
        _bundle,
    ),
}
