"""Fills the generated parts of protocol/SPEC.md: CDDL, tables and the worked example, from the code and the vectors.

    python -m tests.vectors.spec

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. Everything else is written by hand.
"""

import re
from pathlib import Path

from jobseal import (
    authority,
    batch,
    bodies,
    bundle,
    checkpoint,
    cose,
    enrolling,
    enrolment,
    event,
    exceptions,
    fork,
    frame,
    hello,
    lifecycle,
    limits,
    merkle,
    office,
    receipt,
    record,
    refusal,
    restart,
    root_line,
    roster,
    rotating,
    shape,
    work,
)
from jobseal import object as objects
from tests.vectors import keys, statements
from tests.vectors.annotated import fields, listing, signed, signed_event
from tests.vectors.day import DAY
from tests.vectors.frames import FIRST_BATCH
from tests.vectors.world import ENROLLED, TPM_ENROLLED, digest

SPEC = Path(__file__).parents[2] / "protocol" / "SPEC.md"
_PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

PRELUDE = r"""uint53 = 0..9007199254740991
int53 = -9007199254740991..9007199254740991
hash = bstr .size 32                          ; SHA-256
code = tstr .regexp "[^\\p{Cc}]{1,64}"        ; no control characters
decimal = tstr .regexp "-?(0|[1-9][0-9]{0,14})([.][0-9]{1,9})?"  ; and never minus zero
device-name = tstr .regexp "[A-Za-z0-9._-]{1,64}"  ; and never "gateway"
object = [digest: hash, size: uint53, media: tstr .regexp "[^\\p{Cc}]{1,64}"]
signed<payload> = #6.18([                     ; the one layout that is read, see Signatures
  protected: bstr .cbor {1: -19 / -9, 4: bstr .size 8},
  unprotected: {},
  payload: bstr .cbor payload,
  signature: bstr .size 64
])"""


def _rule(name: str, of: shape.Map) -> str:
    """One CDDL rule, with the names of the prelude and of the rules that it contains."""
    text = of.cddl()
    for shorter, longer in (
        ("line", record.Line.SHAPE.cddl()),
        ("person", roster.Person.SHAPE.cddl()),
        ("object", bodies.OBJECT.cddl()),
        ("code", shape.CODE.cddl()),
        ("hash", shape.HASH.cddl()),
    ):
        if name != shorter:
            text = text.replace(longer, shorter)
    return f"{name} = {text}"


def _cddl(*rules: str) -> str:
    return "```cddl\n" + "\n".join(rules) + "\n```\n"


def _statement(name: str, of: shape.Map) -> list[str]:
    return [f"{name} = signed<{name}-payload>", _rule(f"{name}-payload", of)]


def _limits() -> str:
    rows = ["| name | value |", "|---|---|"]
    rows += [f"| `{name}` | {getattr(limits, name)} |" for name in dir(limits) if name.isupper()]
    return "\n".join(rows) + "\n"


def _exceptions() -> str:
    rows = ["| code | owner | holds the record | what happened | what resolves it |", "|---|---|---|---|---|"]
    for code in exceptions.CODES:
        rule = exceptions.RULES[code]
        holds = "yes" if rule.blocks else "no"
        rows.append(f"| `{code}` | {rule.owner} | {holds} | {rule.sentence} | {rule.resolution} |")
    return "\n".join(rows) + "\n"


def _lifecycle() -> str:
    rows = ["| from | to |", "|---|---|"]
    rows += [f"| {state} | {', '.join(lifecycle.TRANSITIONS[state]) or 'nothing'} |" for state in lifecycle.STATES]
    rows += ["", "| kind | legal in | leads to |", "|---|---|---|"]
    for kind in lifecycle.KINDS:
        states, target = lifecycle.STEPS[kind]
        where = "any state" if states == lifecycle.STATES else ", ".join(states)
        rows.append(f"| `{kind}` | {where} | {target or 'the same'} |")
    return "\n".join(rows) + "\n"


def _block(text: str) -> str:
    return "```\n" + text + "\n```\n"


def _example_keys() -> str:
    rows = ["| key | public key (Ed25519, 32 bytes) | kid |", "|---|---|---|"]
    for name, signer in (("handheld", keys.VAN), ("log", keys.LOG), ("office", keys.OFFICE), ("root", keys.ROOT)):
        rows.append(f"| {name} | `{signer.key.x.hex()}` | `{signer.key.kid.hex()}` |")
    return "\n".join(rows) + "\n"


def _example_event() -> str:
    return _block(listing(signed_event(DAY.van.events[1])))


def _example_signed_bytes() -> str:
    envelope = cose.parse(DAY.van.events[1], limits.EVENT_MAX_BYTES)
    data = cose.to_be_signed(envelope.protected, cose.EVENT, envelope.payload)
    return _block(
        listing(
            [
                (data[:1], "array of 4"),
                (data[1:12], '"Signature1"'),
                (data[12:26], "the protected header, as above"),
                (data[26:42], f'the domain as external_aad: "{cose.EVENT}"'),
                (data[42:44], f"the payload, {len(envelope.payload)} bytes, as above"),
                (envelope.payload, ""),
            ]
        )
    )


def _example_hashes() -> str:
    rows = [
        ("SHA-256 of the enrolment statement (`enrolment.json`, van-07)", digest(ENROLLED)),
        ("SHA-256 of event 0 (`event.json`, van-07-00)", digest(DAY.van.events[0])),
        ("SHA-256 of event 1, the one above", digest(DAY.van.events[1])),
        ("SHA-256 of the first checkpoint (`checkpoint.json`, first)", digest(DAY.first_checkpoint)),
    ]
    return "\n".join(f"- {what}: `{value.hex()}`" for what, value in rows) + "\n"


def _example_batch() -> str:
    data = frame.encode(FIRST_BATCH)
    head = [(data[:1], "array of 2"), (data[1:7], '"batch"')]
    return _block(listing(head + fields(batch.Batch.SHAPE, FIRST_BATCH.to_map())))


def _example_receipt() -> str:
    return _block(listing(signed(statements.FIRST_RECEIPT, receipt.Receipt.SHAPE)))


def _example_checkpoint() -> str:
    return _block(listing(signed(DAY.second_checkpoint, checkpoint.Checkpoint.SHAPE)))


def _example_log() -> str:
    logged = [
        ("the enrolment of van-07", "02", ENROLLED),
        ("the enrolment of tpm-01", "02", TPM_ENROLLED),
        ("event 0 of van-07", "01", DAY.van.events[0]),
        ("event 1 of van-07", "01", DAY.van.events[1]),
    ]
    leaves = [merkle.leaf_hash(bytes.fromhex(kind) + digest(data)) for _, kind, data in logged]
    old, right = merkle.node_hash(*leaves[:2]), merkle.node_hash(*leaves[2:])
    rows = [
        f"leaf {place} = SHA-256(00 || {kind} || SHA-256({what}))\n       = {leaves[place].hex()}"
        for place, (what, kind, _) in enumerate(logged)
    ]
    rows.append(f"root of size 2 = SHA-256(01 || leaf 0 || leaf 1)\n       = {old.hex()}")
    rows.append(f"proof[0]       = SHA-256(01 || leaf 2 || leaf 3)\n       = {right.hex()}")
    rows.append(
        f"root of size 4 = SHA-256(01 || root of size 2 || proof[0])\n       = {merkle.node_hash(old, right).hex()}"
    )
    return _block("\n".join(rows))


def parts() -> dict[str, str]:
    """Every generated part by name."""
    kinds = [_rule(kind, of) for kind, of in bodies.SHAPES.items()]
    acts = [_rule(kind, of) for kind, of in office.SHAPES.items()]
    names = {"refusal": refusal.Refusal, "hello": hello.Hello, "batch": batch.Batch, "chunk": objects.Chunk,
             "want": objects.Want, "pull": work.Pull, "document": work.Document,
             "restarted": restart.Restarted}  # fmt: skip
    up = " / ".join(f'["{name}", {name}]' for name in frame.UP)
    down = " / ".join(f'["{name}", {name}]' for name in frame.DOWN)
    frames = [
        f"up-frame = {up}",
        f'down-frame = ["receipt", bstr .cbor receipt] / ["assignment", bstr .cbor assignment]\n  / {down}',
    ]
    return {
        "cddl-prelude": _cddl(PRELUDE),
        "cddl-key": _cddl(
            "key = {1: 1, 3: -19, -1: 6, -2: bstr .size 32}                      ; Ed25519\n"
            "    / {1: 2, 3: -9, -1: 1, -2: bstr .size 32, -3: bstr .size 32}    ; P-256"
        ),
        "cddl-authority": _cddl(*_statement("certification", authority.Certification.SHAPE)),
        "cddl-root": _cddl(*_statement("root-rotation", root_line.RootRotation.SHAPE)),
        "cddl-succession": _cddl(*_statement("succession", rotating.Succession.SHAPE)),
        "cddl-welcome": _cddl(_rule("welcome", enrolment.Welcome.SHAPE)),
        "cddl-enrolling": _cddl(
            *_statement("request", enrolling.Request.SHAPE),
            _rule("anchors", enrolling.Anchors.SHAPE),
            _rule("waiting", enrolling.Waiting.SHAPE),
            _rule("grant", enrolling.Grant.SHAPE),
            *_statement("renewal", enrolling.Renewal.SHAPE),
        ),
        "cddl-event": _cddl(*_statement("event", event.Event.SHAPE)),
        "cddl-bodies": _cddl(*kinds),
        "cddl-office": _cddl(*_statement("act", office.Act.SHAPE), *acts),
        "cddl-log": _cddl(
            *_statement("checkpoint", checkpoint.Checkpoint.SHAPE), *_statement("receipt", receipt.Receipt.SHAPE)
        ),
        "cddl-work": _cddl(*_statement("assignment", work.Assignment.SHAPE)),
        "cddl-roster": _cddl(_rule("roster", roster.Roster.SHAPE), _rule("person", roster.Person.SHAPE)),
        "cddl-frames": _cddl(*frames, *[_rule(name, of.SHAPE) for name, of in names.items()]),
        "cddl-record": _cddl(*_statement("record", record.Record.SHAPE), _rule("line", record.Line.SHAPE)),
        "cddl-bundle": _cddl(_rule("bundle", bundle.Bundle.SHAPE)),
        "cddl-fork": _cddl(_rule("fork-proof", fork.ForkProof.SHAPE)),
        "limits": _limits(),
        "exceptions": _exceptions(),
        "lifecycle": _lifecycle(),
        "example-keys": _example_keys(),
        "example-event": _example_event(),
        "example-signed-bytes": _example_signed_bytes(),
        "example-hashes": _example_hashes(),
        "example-batch": _example_batch(),
        "example-receipt": _example_receipt(),
        "example-checkpoint": _example_checkpoint(),
        "example-log": _example_log(),
    }


def filled(text: str) -> str:
    """``text`` with every generated part as it should be. Raises KeyError for a part that nobody generates."""
    made = parts()
    return _PART.sub(lambda found: found[1] + made[found[2]] + found[3], text)


def main() -> None:
    """Bring SPEC.md up to date."""
    text = SPEC.read_text()
    fresh = filled(text)
    if fresh != text:
        SPEC.write_text(fresh)
        print("wrote", SPEC.name)


if __name__ == "__main__":
    main()
