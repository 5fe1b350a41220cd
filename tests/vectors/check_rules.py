"""Checks of rules rather than of bytes: the log's tree, the chain, the job and the times that follow from events.

Part of :mod:`tests.vectors.check`, and as portable. Each returns what is wrong, or "".
"""

from jobseal import checkpoint, cose, event, interval, key, merkle, office, quantity
from jobseal.card import Card
from jobseal.chain import APPEND, FORK, Branch, Chain, Known, lost_range
from jobseal.errors import Malformed
from jobseal.job import Job
from jobseal.limits import STATEMENT_MAX_BYTES

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Verifier


def tree(vector: "dict[str, Any]", _: bytes, __: "Verifier") -> str:
    if not MERKLE_CHECKS[vector["what"]](vector):
        raise Malformed("proof", "it does not hold: the function answers false")
    return ""


def _bytes(vector: "dict[str, Any]", *names: str) -> "list[bytes]":
    return [bytes.fromhex(vector[name]) for name in names]


def _proof(vector: "dict[str, Any]") -> "list[bytes]":
    return [bytes.fromhex(text) for text in vector["proof"]]


def _root(vector: "dict[str, Any]") -> bool:
    leaves = [merkle.leaf_hash(bytes.fromhex(text)) for text in vector["entries"]]
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return merkle.root(leaves) == frontier.root() == bytes.fromhex(vector["root"])


def _leaf(vector: "dict[str, Any]") -> bool:
    kind, statement, entry, leaf = _bytes(vector, "kind", "statement", "entry", "leaf")
    made = merkle.entry(kind, office.hash_of(statement))
    return made == entry and merkle.leaf_hash(made) == leaf


def _inclusion(vector: "dict[str, Any]") -> bool:
    leaf, root = _bytes(vector, "leaf", "root")
    return merkle.verify_inclusion(leaf, vector["index"], vector["size"], _proof(vector), root)


def _consistency(vector: "dict[str, Any]") -> bool:
    old_root, new_root = _bytes(vector, "old_root", "new_root")
    old_size, new_size = vector["old_size"], vector["new_size"]
    return merkle.verify_consistency(old_size, new_size, old_root, new_root, _proof(vector))


def chain_of_a_key(vector: "dict[str, Any]", _: bytes, __: "Verifier") -> str:
    """Play the gateway's part: place each event, and let the chain go on as the placement says."""
    genesis = bytes.fromhex(vector["genesis"])
    logged: dict[int, list[Any]] = {}
    chain = Chain(genesis, [Branch(0, 0, genesis)], lambda seq: logged.get(seq, []))
    for number in range(len(vector["steps"])):
        wrong = _chain_step(chain, logged, vector["steps"][number])
        if wrong:
            return "step " + str(number) + " " + wrong
    ends = [[branch.next, branch.head] for branch in chain.branches]
    stated = [[following, None if head is None else bytes.fromhex(head)] for following, head in vector["branches"]]
    return "" if ends == stated else "the branches end at " + repr(ends)


def _chain_step(chain: Chain, logged: "dict[int, list[Any]]", step: "dict[str, Any]") -> str:
    if "lost" in step:
        first, last = lost_range(event.parse(bytes.fromhex(step["lost"])))
        return "" if chain.skip(first, last, step.get("on", 0)) is step["moves"] else "moves the chain, or does not"
    if "bad" in step:
        return _chain_settle(chain, logged, step)
    signed = event.parse(bytes.fromhex(step["event"]))
    seq = signed.event.seq
    placement = chain.place(signed)
    if [placement.verdict, placement.branch] != [step["verdict"], step["branch"]]:
        return "is " + placement.verdict + " on branch " + str(placement.branch)
    if not placement.needs_signature:
        return ""
    number = placement.branch
    if placement.verdict == FORK:
        number = chain.fork(seq, signed.hash).number
    elif placement.verdict == APPEND:
        chain.advance(number, seq, signed.hash)
    logged.setdefault(seq, []).append(Known(number, signed.hash, signed.envelope.payload))
    return ""


def _chain_settle(chain: Chain, logged: "dict[int, list[Any]]", step: "dict[str, Any]") -> str:
    bad = []
    for data in [bytes.fromhex(text) for text in step["bad"]]:
        try:
            bad.append((office.hash_of(data), event.parse(data)))
        except Malformed:
            bad.append((office.hash_of(data), None))
    following = event.parse(bytes.fromhex(step["then"]))
    number = chain.refused_before(following, bad)
    if number != step["branch"]:
        return "settles the bytes on branch " + str(number)
    if number is not None:
        first = chain.branches[number].next
        for seq in range(first, following.event.seq):
            digest = bad[len(bad) - following.event.seq + seq][0]
            chain.advance(number, seq, digest)
            logged.setdefault(seq, []).append(Known(number, digest, None))
    return ""


def _events(vector: "dict[str, Any]") -> "list[Any]":
    return [event.parse(bytes.fromhex(text)) for text in vector["events"]]


def job_of_events(vector: "dict[str, Any]", _: bytes, __: "Verifier") -> str:
    thumbprint = key.decode(bytes.fromhex(vector["key"])).thumbprint
    signed = _events(vector)
    folded = Job(signed[0].event.job)
    for one in signed:
        folded.add(one, thumbprint)
    if folded.state() != vector["state"]:
        return "is " + folded.state()
    if folded.close(thumbprint) != [vector["close"][0], bytes.fromhex(vector["close"][1])]:
        return "has another close"
    card = Card(folded)
    number = {signed[place].hash: place for place in range(len(signed))}
    found = [
        [one.kind, one.code, one.unit, one.amount, [number[hash] for hash in one.events], one.flags]
        for one in quantity.of_card(card)
    ]
    if found != vector["quantities"]:
        return "comes to " + repr(found)
    problems = [raised.code for raised in card.exceptions()]
    return "" if problems == vector["problems"] else "raises " + repr(problems)


def times(vector: "dict[str, Any]", _: bytes, __: "Verifier") -> str:
    known = []
    for data in [bytes.fromhex(text) for text in vector["checkpoints"]]:
        said = checkpoint.Checkpoint.decode(cose.parse(data, STATEMENT_MAX_BYTES).payload, STATEMENT_MAX_BYTES)
        known.append((checkpoint.hash_of(data), said.size, said.at))
    said = [signed.event for signed in _events(vector)]
    found = interval.intervals(said, vector["logged"], interval.Timeline(known), vector["since"])
    ends = [[one.not_before, one.not_after, one.derived] for one in found]
    return "" if ends == vector["intervals"] else "comes to " + repr(ends)


MERKLE_CHECKS = {"root": _root, "leaf": _leaf, "inclusion": _inclusion, "consistency": _consistency}
