"""The bodies of events by themselves: one that fits its kind has one form, and names only objects."""

from random import Random
from typing import Any

from jobseal import bodies, cbor
from jobseal.errors import JobsealError
from tests.torture.fuzz import mutation
from tests.torture.fuzz.targets import vectors
from tests.torture.fuzz.targets.contract import hold


class Bodies:
    """[kind, body]."""

    most_bytes = 2_048
    limit_s = 1.0

    def seeds(self) -> list[bytes]:
        return [cbor.encode([each["kind"], cbor.decode(bytes.fromhex(each["hex"]), 4_096)]) for each in entries()]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return other_kind(mutation.item(data, chance), chance)

    def run(self, data: bytes) -> None:
        try:
            value = cbor.decode(data, 4_096)
        except JobsealError:
            return
        if not (type(value) is list and len(value) == 2 and type(value[0]) is str and type(value[1]) is dict):
            return
        kind, body = value
        wrong = bodies.problem(kind, body)
        named = bodies.objects(kind, body)
        hold(all(not bodies.OBJECT.problem(each) for each in named), "object_misfit", "it names what is no object")
        if not wrong:
            again = bodies.SHAPES[kind].keyed(bodies.named(kind, body))
            hold(again == body and cbor.encode(again) == cbor.encode(body), "body_two_forms", kind)


def entries() -> list[dict[str, Any]]:
    """The vectors of bodies, but for the largest."""
    return [each for each in vectors.entries("bodies") if len(each["hex"]) < 1_000]


def other_kind(data: bytes, chance: Random) -> bytes:
    """Now and then the kind of a row is another one."""
    if chance.random() > 0.1:
        return data
    try:
        value = cbor.decode(data, 1 << 20)
    except JobsealError:
        return data
    rows = value if type(value) is list and value and type(value[0]) is list else [value]
    row = chance.choice(rows)
    if type(row) is list and row:
        row[0] = chance.choice(sorted(bodies.SHAPES))
    return mutation.encoded(value)
