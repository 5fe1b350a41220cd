"""The steps of a proof that concern what is billed: acts and overrides, objects, the order, lines and the total."""

import hashlib

from jobseal import bodies, decimal_text, quantity
from jobseal.card import Card
from jobseal.flaw import UNCHECKABLE, Flaw
from jobseal.object import SALT_BYTES
from jobseal.proof_log import document

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.evidence import Evidence, LoggedAct
    from jobseal.quantity import Quantity
    from jobseal.record import Line


def relevance(evidence: "Evidence") -> None:
    """Every office statement bears on this record, and every override that the record names is among them."""
    keys = {row[0] for row in evidence.record.closes}
    digests = {logged.hash for logged in evidence.events} | {named[0] for named in evidence.job.objects()}
    for logged in evidence.acts:
        if not _bears_on(evidence, logged, keys, digests):
            raise Flaw("superfluous", logged.where, "it has nothing to do with this record")
    for code, hash in evidence.record.overrides or []:
        acts = [logged.act for logged in evidence.of_kind("exception.overridden") if logged.hash == hash]
        if not acts or acts[0].named()["code"] != code or acts[0].job != evidence.record.work_order:
            raise Flaw("override_missing", "override of " + code, "the bundle has no such act of an operator")


def _bears_on(evidence: "Evidence", logged: "LoggedAct", keys: "set[bytes]", digests: "set[bytes]") -> bool:
    act = logged.act
    body = act.named()
    if act.kind == "device.enrolled":
        found = next(enrolled for enrolled in evidence.enrolled.values() if enrolled.hash == logged.hash)
        ended = found.ended_at is not None and found.earlier in keys  # it says where one of them ended
        return ended or found.key.thumbprint in keys
    if act.kind == "object.erased":
        return bool([digest for digest in body["digests"] if digest in digests])
    if act.kind == "log.restarted":
        return True
    if act.job is not None:
        return act.job == evidence.record.work_order
    return body.get("key") in keys or body.get("event") in digests


def overridden(evidence: "Evidence", code: str) -> bool:
    """Whether the record was released in spite of this exception, by a named person."""
    return bool([row for row in evidence.record.overrides or [] if row[0] == code])


def objects(evidence: "Evidence") -> None:
    """Every object is one that an event names, once; what is named and not there is a remark."""
    named: dict[bytes, list[Any]] = {}
    for logged in evidence.events:
        if logged.signed is not None:
            for found in bodies.objects(logged.signed.event.kind, logged.signed.event.body):
                named.setdefault(found[0], []).append((logged.where, found))
    present = set()
    rows = evidence.bundle.objects
    for number in range(len(rows)):
        where = "object %d" % (number + 1)
        digest = hashlib.sha256(rows[number]).digest()
        if digest not in named:
            raise Flaw("object_unnamed", where, "no event names it")
        if digest in present:
            raise Flaw("superfluous", where, "it is there twice")
        present.add(digest)
        for by, found in named[digest]:
            if found[1] != len(rows[number]) - SALT_BYTES:
                raise Flaw("attachment_mismatch", where, by + " names it with another size")
    for logged in evidence.events:
        if logged.signed is not None:
            for found in bodies.objects(logged.signed.event.kind, logged.signed.event.body):
                if found[0] not in present:
                    evidence.note("object_absent", logged.where, "it names an object that is not in the bundle")


def order(evidence: "Evidence") -> None:
    """The work order is the one that the record names."""
    if not document(evidence.bundle.order, evidence.record.order):
        raise Flaw("order_mismatch", "work order", "it is not the document that the record names")


def lines(evidence: "Evidence") -> None:
    """The raw quantity of each line is that of the events it cites, nothing is billed twice, and the total is the
    sum.
    """
    available = quantity.of_card(Card(evidence.job))
    billed: list[Quantity] = []
    amounts = []
    for line in evidence.record.line_items():
        where = "line %d" % line.number
        _cites_what_is_here(evidence, line, where)
        if line.kind != "adjustment":
            found = _behind(line, available)
            _follows(line, found, where)
            if [one for one in found if one in billed]:
                raise Flaw("billed_twice", where, "an earlier line bills some of the same")
            billed += found
        amounts.append(line.amount)
    if not decimal_text.same(decimal_text.total(amounts), evidence.record.total):
        raise Flaw("total_mismatch", "record", "its total is not the sum of its lines")


def _cites_what_is_here(evidence: "Evidence", line: "Line", where: str) -> None:
    here = {logged.hash: logged for logged in evidence.events}
    for cited in line.events:
        if line.events.count(cited) != 1 or cited not in here:
            raise Flaw("citation", where, "it cites an event twice, or one that is not in the bundle")
        logged = here[cited]
        if logged.signed is None and line.kind != "adjustment":
            raise Flaw("event_erased", where, "it rests on %s, which was erased" % logged.where, UNCHECKABLE)
        if not overridden(evidence, "key_revoked") and _revoked(evidence, logged.key, logged.index, logged.seq):
            raise Flaw("key_revoked", where, "it rests on %s, signed by a revoked key" % logged.where)


def _revoked(evidence: "Evidence", key: bytes | None, index: int, seq: int | None) -> bool:
    for heir in evidence.enrolled.values():
        if heir.earlier == key and heir.ended_at is not None and seq is not None and seq > heir.ended_at:
            return True  # the key had ended, by its own word
    for logged in evidence.of_kind("device.revoked"):
        body = logged.act.named()
        if body["key"] != key:
            continue
        last = body.get("last_trusted_seq")
        if index > logged.index or (last is not None and seq is not None and seq > last):
            return True
    return False


def _behind(line: "Line", available: "list[Quantity]") -> "list[Quantity]":
    """The quantities of the line's kind and code that rest on nothing but the events it cites."""
    return [
        one
        for one in available
        if one.kind == line.kind
        and one.code == line.code
        and not [hash for hash in one.events if hash not in line.events]
    ]


def _follows(line: "Line", found: "list[Quantity]", where: str) -> None:
    behind: list[bytes] = []
    for one in found:
        behind += one.events
        if one.unit != line.raw_unit:
            raise Flaw("raw_mismatch", where, "its events are measured in %s, not in %s" % (one.unit, line.raw_unit))
    if not found or [cited for cited in line.events if cited not in behind]:
        raise Flaw("citation", where, "it cites an event that has no part in its quantity")
    raw = decimal_text.total([one.amount for one in found])
    if not decimal_text.same(raw, line.raw):
        raise Flaw("raw_mismatch", where, "its events come to %s %s, not %s" % (raw, line.raw_unit, line.raw))
