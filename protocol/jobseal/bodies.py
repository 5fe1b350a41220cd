"""What the body of each event kind holds, as data: the check, the CDDL in SPEC.md and the screens follow from it.

A body that does not fit its kind is logged all the same and raised as ``malformed_body``: it happened. A kind that
is not in the table is stored, receipted, and raised as ``unknown_kind``.
"""

from jobseal.shape import (
    BOOL,
    CODE,
    DECIMAL,
    HASH,
    INT,
    NULL,
    TIME,
    UINT,
    AnyMap,
    Array,
    Bytes,
    Either,
    Integer,
    Map,
    OneOf,
    Row,
    Text,
    may,
    must,
    optional,
)

MYPY = False
if MYPY:
    from typing import Any

# An object beside the event: digest of salt and bytes, size of the bytes, media type. (SPEC.md, "Objects".)
OBJECT = Row(("digest", HASH), ("size", UINT), ("media", Text(1, 64)))

SUCCESSION_MAX_BYTES = 512

_PART = (
    must(1, "code", CODE),
    must(2, "quantity", DECIMAL),
    must(3, "unit", Text(1, 16)),
    must(4, "source", OneOf("van", "site", "customer")),
    may(5, "serial", CODE),
    may(6, "warranty", BOOL),
    may(7, "billable", BOOL),
    may(8, "task", CODE),
)
_TOTAL = Row(("kind", Text(1, 16)), ("code", CODE), ("unit", Text(1, 16)), ("amount", DECIMAL))

CORRECTION_REASONS = {
    1: "wrong code",
    2: "wrong quantity",
    3: "wrong time",
    4: "wrong job",
    5: "wrong person",
    6: "entered twice",
    7: "did not happen",
    8: "forgotten at the time",
    9: "other",
}

SHAPES = {
    # follows: in a new key's first event, the hash of the key.rotated event that ended the earlier chain.
    "session.opened": Map(may(1, "software", Text(1, 32)), may(2, "follows", HASH)),
    "session.closed": Map(may(1, "reason", OneOf("logout", "idle", "shutdown"))),
    "job.accepted": Map(
        must(1, "order", optional(HASH)),
        must(2, "revision", optional(UINT)),
        may(3, "site", CODE),
        may(4, "details", OBJECT),
    ),
    "travel.started": Map(),
    "travel.stopped": Map(may(1, "distance_m", UINT)),
    "job.arrived": Map(may(1, "site", CODE)),
    "labour.started": Map(must(1, "task", CODE)),
    "labour.stopped": Map(must(1, "task", CODE)),
    "part.used": Map(*_PART),
    "part.returned": Map(*_PART),
    "expense.added": Map(
        must(1, "code", CODE),
        must(2, "amount", DECIMAL),
        must(3, "currency", Text(3, 3)),
        may(4, "receipt", OBJECT),
        may(5, "billable", BOOL),
    ),
    "note.added": Map(must(1, "note", OBJECT)),
    "reading.taken": Map(
        must(1, "code", CODE), must(2, "value", DECIMAL), must(3, "unit", Text(1, 16)), may(4, "asset", CODE)
    ),
    "photo.attached": Map(must(1, "photo", OBJECT), may(2, "purpose", CODE)),
    "checklist.answered": Map(
        must(1, "item", CODE), must(2, "answer", Either(BOOL, Either(INT, Text(1, 64)))), may(3, "task", CODE)
    ),
    "safety.acknowledged": Map(must(1, "item", CODE), may(2, "version", UINT)),
    "job.waiting": Map(must(1, "reason", OneOf("parts", "access", "customer", "approval")), may(2, "note", OBJECT)),
    "job.resumed": Map(),
    "job.completed": Map(
        must(1, "totals", Array(_TOTAL, 0, 64)),
        may(2, "missing", Array(Row(("evidence", CODE), ("reason", CODE)), 0, 16)),
    ),
    "job.signed_off": Map(
        must(1, "method", OneOf("strokes", "typed")),
        must(2, "name", OBJECT),
        may(3, "strokes", OBJECT),
        may(4, "role", CODE),
        may(5, "summary", HASH),
    ),
    "signoff.waived": Map(must(1, "reason", CODE), may(2, "note", OBJECT)),
    "job.reopened": Map(must(1, "reason", CODE), may(2, "note", OBJECT)),
    "job.cancelled": Map(must(1, "reason", CODE), may(2, "note", OBJECT)),
    # to: thumbprint of the key that goes on with the job where this one ends.
    "job.handed_over": Map(must(1, "to", HASH)),
    "event.corrected": Map(
        must(1, "reason", Integer(1, 9)),
        must(2, "body", Either(AnyMap(), NULL)),
        may(3, "at", TIME),
        may(4, "note", OBJECT),
    ),
    "position.logged": Map(must(1, "position", OBJECT)),
    "clock.adjusted": Map(must(1, "shift_ms", INT), may(2, "source", CODE)),
    # succession: what the next key signed; without it that key has to be enrolled like any other.
    "key.rotated": Map(must(1, "thumbprint", HASH), may(2, "succession", Bytes(1, SUCCESSION_MAX_BYTES))),
    "range.lost": Map(must(1, "from", UINT), must(2, "to", UINT)),
}

# The fields of each kind that hold an object.
OBJECT_FIELDS = {kind: [field.key for field in shape.fields if field.of is OBJECT] for kind, shape in SHAPES.items()}


def problem(kind: str, body: "Any") -> str:
    """ "" if ``body`` fits ``kind``, else what is wrong; a kind that is not in the table fits nothing."""
    if kind not in SHAPES:
        return "is of an unknown kind"
    return SHAPES[kind].problem(body)


def named(kind: str, body: "dict[Any, Any]") -> "dict[str, Any]":
    """A fitting body with names for keys."""
    return SHAPES[kind].named(body)


def objects(kind: str, body: "Any") -> "list[list[Any]]":
    """The objects ([digest, size, media type]) that a body names; none for a body that does not fit."""
    if kind not in SHAPES or not (OBJECT_FIELDS[kind] or kind == "event.corrected") or SHAPES[kind].problem(body):
        return []
    found = [body[key] for key in OBJECT_FIELDS[kind] if key in body]
    if kind == "event.corrected" and type(body[2]) is dict:
        for fields in OBJECT_FIELDS.values():
            for key in fields:
                value = body[2].get(key)
                if not OBJECT.problem(value) and value not in found:
                    found.append(value)
    return found
