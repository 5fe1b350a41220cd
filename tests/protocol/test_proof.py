"""A bundle is accepted if everything in it holds, and the first thing that is wrong is named, whatever it is."""

import functools
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from jobseal import authority, cbor, checkpoint, edwards, event, merkle, office, receipt, record, root_line
from jobseal.authority import Certification
from jobseal.bundle import Bundle
from jobseal.checkpoint import Checkpoint
from jobseal.errors import SignatureUnverifiable
from jobseal.event import Event
from jobseal.host.crypto import Verifier
from jobseal.key import Key
from jobseal.proof import STEPS, Findings, verify_bundle
from jobseal.record import Record
from tests.bundles import LOG_ID, Office, signer, small_day
from tests.handheld import MINUTE_MS, Handheld

Fields = dict[str, Any]


class Remembering:
    """A verifier that answers the same question only once: verifying is a pure function, and slow."""

    def __init__(self) -> None:
        self._verifier = Verifier()
        self._answers: dict[tuple[bytes, bytes, bytes], bool] = {}

    def __call__(self, key: Key, signature: bytes, data: bytes) -> bool:
        question = (key.thumbprint, signature, data)
        if question not in self._answers:
            self._answers[question] = self._verifier(key, signature, data)
        return self._answers[question]


VERIFIER = Remembering()
ROOT = signer("root").key.thumbprint


def findings_of(bundle: bytes, trusted: bytes | None = ROOT) -> Findings:
    return verify_bundle(bundle, VERIFIER, trusted)


def outcome(findings: Findings) -> tuple[str, str, str]:
    return findings.status, findings.code, findings.where


def accepted(findings: Findings) -> bool:
    return outcome(findings) == ("ok", "ok", "")


def remarks(findings: Findings) -> list[str]:
    assert findings.evidence is not None
    return [remark.code for remark in findings.evidence.remarks]


def test_an_honest_bundle_is_accepted_after_every_step() -> None:
    gateway, _ = small_day()
    findings = findings_of(gateway.bundle())
    assert accepted(findings)
    assert findings.steps == [name for name, _ in STEPS]
    assert remarks(findings) == []


def test_without_a_trusted_fingerprint_the_best_is_consistent_relative_to_a_root() -> None:
    gateway, _ = small_day()
    findings = findings_of(gateway.bundle(), None)
    assert findings.status == "untrusted"
    assert findings.root == ROOT


def test_no_byte_of_a_bundle_can_be_flipped_without_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edwards, "check_public_key", functools.cache(edwards.check_public_key))  # pure, and slow
    gateway, _ = small_day()
    bundle = bytearray(gateway.bundle())
    for place in range(len(bundle)):
        bundle[place] ^= 1 << place % 8
        assert findings_of(bytes(bundle), None).status in ("wrong", "uncheckable"), place
        bundle[place] ^= 1 << place % 8


def test_no_byte_can_be_missing_or_follow() -> None:
    gateway, _ = small_day()
    bundle = gateway.bundle()
    for cut in range(0, len(bundle), 97):
        assert findings_of(bundle[:cut]).status == "wrong"
    assert findings_of(bundle + b"\x00").code == "cbor_trailing"


def test_a_root_other_than_the_trusted_one_is_wrong() -> None:
    gateway, _ = small_day()
    assert outcome(findings_of(gateway.bundle(), bytes(32))) == ("wrong", "root_mismatch", "root key")


def test_what_a_verifier_cannot_check_is_not_called_wrong() -> None:
    gateway, _ = small_day()

    def blind(*_: Any) -> bool:
        raise SignatureUnverifiable("no such algorithm here")

    findings = verify_bundle(gateway.bundle(), blind, ROOT)
    assert outcome(findings) == ("uncheckable", "signature_unverifiable", "authority")


def test_a_bundle_of_another_version_cannot_be_checked() -> None:
    findings = findings_of(cbor.encode({1: "jobseal/2/bundle"}))
    assert outcome(findings) == ("uncheckable", "bundle_version", "bundle")


@pytest.mark.parametrize("value", [1, [], {}, {1: 1}, {1: "jobseal/1/bundle"}])
def test_what_is_no_bundle_is_malformed(value: Any) -> None:
    assert findings_of(cbor.encode(value)).code == "malformed"


# What somebody might do to a bundle: (change to the finished fields, code, where).


def forged_authority(fields: Fields, gateway: Office) -> None:
    gateway.root = signer("mallory")
    other = Office().authority
    fields["root"] = gateway.root.key.encode()
    fields["authority"] = other


def record_by_the_log_key(fields: Fields, gateway: Office) -> None:
    content = Record.decode(record.cose.parse(fields["record"], 10**6).payload, 10**6)
    fields["record"] = record.sign(content, gateway.log)


def last_checkpoint_dropped(fields: Fields, _: Office) -> None:
    fields["checkpoints"] = fields["checkpoints"][:-1]


def history_rewritten(fields: Fields, gateway: Office) -> None:
    content = Checkpoint(log=LOG_ID, size=3, root=bytes(32), at=gateway.now - 100_000_000)
    fields["checkpoints"].insert(0, [checkpoint.sign(content, gateway.log), fields["checkpoints"][0][1]])


def checkpoint_of_another_log(fields: Fields, gateway: Office) -> None:
    content = Checkpoint(log=bytes(16), size=0, root=merkle.EMPTY_ROOT, at=0)
    fields["checkpoints"].insert(0, [checkpoint.sign(content, gateway.log), []])


def checkpoint_twice(fields: Fields, _: Office) -> None:
    fields["checkpoints"].insert(0, fields["checkpoints"][0])


def checkpoints_swapped(fields: Fields, _: Office) -> None:
    rows = fields["checkpoints"]
    rows[0], rows[1] = rows[1], rows[0]


def anchored_checkpoint_dropped(fields: Fields, _: Office) -> None:
    del fields["checkpoints"][0]


def enrolment_dropped(fields: Fields, _: Office) -> None:
    fields["acts"] = []


def act_by_another_key(fields: Fields, gateway: Office) -> None:
    index, data, proof = fields["acts"][0]
    content = office.Act.decode(office.cose.parse(data, 10**5).payload, 10**5)
    fields["acts"][0] = [index, office.sign(content, gateway.log), proof]


def act_twice(fields: Fields, _: Office) -> None:
    fields["acts"].append(fields["acts"][0])


def event_twice(fields: Fields, _: Office) -> None:
    fields["events"].insert(1, fields["events"][0])


def events_swapped(fields: Fields, _: Office) -> None:
    rows = fields["events"]
    rows[1], rows[2] = rows[2], rows[1]


def event_of_another_job_added(fields: Fields, gateway: Office) -> None:
    index, signed = next((i, s) for i, s, _ in gateway.events if s.event.job == "J-2")
    size = gateway.leaves[: gateway.events[-1][0] + 1]
    row = [index, signed.data, merkle.inclusion_proof(size, index)]
    fields["events"] = sorted([*fields["events"], row], key=lambda row: row[0])


def event_that_was_never_logged(fields: Fields, gateway: Office) -> None:
    handheld = gateway.events[0][2]
    index, _, proof = fields["events"][-1]
    fields["events"][-1] = [index, handheld.sign("signoff.waived", reason="absent").data, proof]


def event_by_a_stranger(fields: Fields, _: Office) -> None:
    stranger = Handheld("stranger")
    index, _, proof = fields["events"][0]
    fields["events"][0] = [index, stranger.sign("job.accepted", order=None, revision=None).data, proof]


def event_at_another_index(fields: Fields, _: Office) -> None:
    fields["events"][-1][0] += 1


def event_dropped(fields: Fields, _: Office) -> None:
    del fields["events"][2]


def last_event_dropped(fields: Fields, _: Office) -> None:
    del fields["events"][-1]


def receipt_twice(fields: Fields, _: Office) -> None:
    fields["receipts"].append(fields["receipts"][0])


def object_of_nobody(fields: Fields, _: Office) -> None:
    fields["objects"].append(bytes(40))


def object_changed(fields: Fields, _: Office) -> None:
    fields["objects"][0] = bytes(32) + b"R. Forger"


def object_twice(fields: Fields, _: Office) -> None:
    fields["objects"].append(fields["objects"][0])


def order_changed(fields: Fields, _: Office) -> None:
    fields["order"] = b'{"id": "J-1", "customer": "Somebody Else"}'


TAMPERING: list[tuple[Callable[[Fields, Office], None], str, str]] = [
    (forged_authority, "signature_invalid", "authority"),
    (record_by_the_log_key, "signature_invalid", "record"),
    (last_checkpoint_dropped, "checkpoint_missing", "checkpoints"),
    (history_rewritten, "log_inconsistent", "checkpoint 1"),
    (checkpoint_of_another_log, "log_mismatch", "checkpoint 1"),
    (checkpoint_twice, "superfluous", "checkpoint 2"),
    (checkpoints_swapped, "checkpoint_order", "checkpoint 2"),
    (anchored_checkpoint_dropped, "anchor_missing", "event 1 (index 1)"),
    (enrolment_dropped, "key_unknown", "event 1 (index 1)"),
    (act_by_another_key, "signature_invalid", "act 1 (index 0)"),
    (act_twice, "log_order", "act 2 (index 0, device.enrolled)"),
    (event_twice, "log_order", "event 2 (index 1)"),
    (events_swapped, "log_order", "event 3 (index 2)"),
    (event_of_another_job_added, "superfluous", "event 3 (index 3)"),
    (event_that_was_never_logged, "not_in_log", "event 7 (index 8)"),
    (event_by_a_stranger, "key_unknown", "event 1 (index 1)"),
    (event_at_another_index, "not_in_log", "event 7 (index 9)"),
    (event_dropped, "close_missing", "key "),
    (last_event_dropped, "close_missing", "key "),
    (receipt_twice, "superfluous", "receipt 2"),
    (object_of_nobody, "object_unnamed", "object 2"),
    (object_changed, "object_unnamed", "object 1"),
    (object_twice, "superfluous", "object 2"),
    (order_changed, "order_mismatch", "work order"),
]


@pytest.mark.parametrize(("change", "code", "where"), TAMPERING, ids=lambda value: getattr(value, "__name__", None))
def test_whatever_is_done_to_a_bundle_is_named(change: Callable[[Fields, Office], None], code: str, where: str) -> None:
    gateway, _ = small_day()
    fields = gateway.bundle_fields(gateway.record_fields())
    change(fields, gateway)
    findings = findings_of(Bundle(**fields).encode(), None if change is forged_authority else ROOT)
    assert (findings.status, findings.code) == ("wrong", code), findings.sentence
    assert findings.where.startswith(where)
    assert findings.sentence


# What a gateway might sign that does not follow from its evidence: (change to the record's fields, code, where).


def raw_of_the_first_line_raised(fields: Fields) -> None:
    fields["lines"][0][5] = str(int(fields["lines"][0][5]) + 1)


def raw_in_other_units(fields: Fields) -> None:
    fields["lines"][0][6] = "min"


def cited_event_left_out(fields: Fields) -> None:
    fields["lines"][0][13] = fields["lines"][0][13][:1]


def other_event_cited_as_well(fields: Fields) -> None:
    fields["lines"][0][13] = fields["lines"][0][13] + fields["lines"][2][13]


def event_cited_twice(fields: Fields) -> None:
    fields["lines"][0][13] = fields["lines"][0][13] * 2


def event_of_nowhere_cited(fields: Fields) -> None:
    fields["lines"][0][13] = [bytes(32)]


def nothing_cited(fields: Fields) -> None:
    fields["lines"][0][13] = []


def line_of_another_code(fields: Fields) -> None:
    fields["lines"][2][3] = "gold-filter"


def line_twice(fields: Fields) -> None:
    fields["lines"].append(fields["lines"][0] | {1: 4})


def total_raised(fields: Fields) -> None:
    fields["total"] = "3.51"


def close_left_out(fields: Fields) -> None:
    fields["closes"] = []


def close_count_raised(fields: Fields) -> None:
    fields["closes"][0][1] += 1


def close_by_an_act_of_nobody(fields: Fields) -> None:
    fields["closes"][0][3] = bytes(32)


def override_by_nobody(fields: Fields) -> None:
    fields["overrides"] = [["missing_stop", bytes(32)]]


def other_log(fields: Fields) -> None:
    fields["log"] = bytes(16)


def no_order(fields: Fields) -> None:
    fields["order"] = None


MISBILLING: list[tuple[Callable[[Fields], None], str, str]] = [
    (raw_of_the_first_line_raised, "raw_mismatch", "line 1"),
    (raw_in_other_units, "raw_mismatch", "line 1"),
    (cited_event_left_out, "citation", "line 1"),
    (other_event_cited_as_well, "citation", "line 1"),
    (event_cited_twice, "citation", "line 1"),
    (event_of_nowhere_cited, "citation", "line 1"),
    (nothing_cited, "citation", "line 1"),
    (line_of_another_code, "citation", "line 3"),
    (line_twice, "billed_twice", "line 4"),
    (total_raised, "total_mismatch", "record"),
    (close_left_out, "close_missing", "key "),
    (close_count_raised, "close_mismatch", "key "),
    (close_by_an_act_of_nobody, "close_missing", "key "),
    (override_by_nobody, "override_missing", "override of missing_stop"),
    (other_log, "log_mismatch", "record"),
    (no_order, "order_mismatch", "work order"),
]


@pytest.mark.parametrize(("change", "code", "where"), MISBILLING, ids=lambda value: getattr(value, "__name__", None))
def test_a_record_that_does_not_follow_from_its_events_is_named(
    change: Callable[[Fields], None], code: str, where: str
) -> None:
    gateway, _ = small_day()
    fields = gateway.record_fields()
    change(fields)
    findings = findings_of(Bundle(**gateway.bundle_fields(fields)).encode())
    assert (findings.status, findings.code) == ("wrong", code), findings.sentence
    assert findings.where.startswith(where)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"head": bytes(32)}, "receipt_mismatch"),
        ({"next": 0}, "receipt_mismatch"),
        ({"key": bytes(32)}, "superfluous"),
        ({"proof": [bytes(32)]}, "log_inconsistent"),
        ({"since": 1, "proof": []}, "log_inconsistent"),
    ],
)
def test_a_receipt_that_contradicts_the_rest_is_named(changes: Fields, code: str) -> None:
    gateway, handheld = small_day()
    gateway.sign_checkpoint()
    gateway.acknowledge(handheld, **changes)
    findings = findings_of(gateway.bundle())
    assert outcome(findings) == ("wrong", code, "receipt 2")


def test_a_receipt_on_a_checkpoint_that_is_not_here_is_named() -> None:
    gateway, handheld = small_day()
    fields = gateway.bundle_fields(gateway.record_fields())
    content = Checkpoint(log=LOG_ID, size=2, root=merkle.root(gateway.leaves[:2]), at=gateway.now)
    gateway.checkpoints.append(checkpoint.sign(content, gateway.log))
    gateway.acknowledge(handheld)
    findings = findings_of(Bundle(**fields).encode())
    assert outcome(findings) == ("wrong", "checkpoint_missing", "receipt 2")


def test_a_receipt_signed_by_the_office_is_named() -> None:
    gateway, _ = small_day()
    content = receipt.Receipt.decode(receipt.cose.parse(gateway.receipts[0], 10**5).payload, 10**5)
    gateway.receipts[0] = receipt.sign(content, gateway.desk)
    assert outcome(findings_of(gateway.bundle())) == ("wrong", "signature_invalid", "receipt 1")


def test_an_act_about_another_handheld_is_superfluous() -> None:
    gateway, _ = small_day()
    gateway.enrol("b")
    assert findings_of(gateway.bundle()).code == "superfluous"


def test_an_enrolment_for_another_log_is_named() -> None:
    gateway = Office()
    handheld = gateway.enrol("a", log=bytes(16))
    gateway.take(handheld, *handheld.work())
    assert findings_of(gateway.bundle()).code == "log_mismatch"


def forked(prev: bool) -> tuple[Office, Handheld]:
    """A day on which a clone signs one more event, after the same one as the original, or after nothing known."""
    gateway, handheld = small_day()
    last = handheld.chain[-1].event
    seq, before = (last.seq, last.prev) if prev else (last.seq + 1, bytes(32))
    fields = {name: getattr(last, name) for name in ("at", "up", "boot", "kind", "body", "job", "by", "close")}
    signed = event.parse(event.sign(Event(**fields | {"seq": seq, "prev": before, "at": 5}), handheld.signer))
    gateway.take(handheld, signed)
    return gateway, handheld


def test_two_events_with_one_number_are_a_fork() -> None:
    assert findings_of(forked(True)[0].bundle()).code == "chain_fork"


def test_an_event_that_does_not_follow_its_neighbour_breaks_the_chain() -> None:
    assert findings_of(forked(False)[0].bundle()).code == "chain_broken"


def test_a_first_event_that_names_another_enrolment_breaks_the_chain() -> None:
    gateway = Office()
    gateway.enrol("a")
    handheld = Handheld("a", bytes(32))
    gateway.take(handheld, *handheld.work())
    assert findings_of(gateway.bundle()).code == "chain_broken"


def test_two_technicians_need_two_closes_and_one_may_be_closed_by_the_office() -> None:
    gateway = Office()
    first, second = gateway.enrol("a"), gateway.enrol("b")
    gateway.take(first, *first.work())
    gateway.take(second, second.sign("job.accepted", order=None, revision=None))
    act = gateway.act("job.closed_by_office", "J-1", reason="went home", key=second.thumbprint)
    fields = gateway.record_fields()
    fields["closes"][1][3] = second.chain[0].hash
    assert findings_of(Bundle(**gateway.bundle_fields(fields)).encode()).code == "close_missing"
    fields["closes"][1][3] = act
    assert accepted(findings_of(Bundle(**gateway.bundle_fields(fields)).encode()))
    fields["closes"][0][3] = act
    findings = findings_of(Bundle(**gateway.bundle_fields(fields)).encode())
    assert (findings.code, findings.where[:3]) == ("close_missing", "key")


def test_an_office_closure_names_the_events_that_there_were() -> None:
    gateway = Office()
    first, second = gateway.enrol("a"), gateway.enrol("b")
    gateway.take(first, *first.work())
    gateway.take(second, second.sign("job.accepted", order=None, revision=None))
    act = gateway.act("job.closed_by_office", "J-1", reason="went home")
    fields = gateway.record_fields()
    fields["closes"][1] = [second.thumbprint, 0, hashlib.sha256(b"").digest(), act]
    assert findings_of(Bundle(**gateway.bundle_fields(fields)).encode()).code == "close_mismatch"


def test_work_of_a_revoked_key_is_billed_only_if_it_was_logged_before_or_overridden() -> None:
    gateway, handheld = small_day()
    gateway.act("device.revoked", key=handheld.thumbprint, reason="lost")
    assert accepted(findings_of(gateway.bundle()))

    gateway = Office()
    handheld = gateway.enrol("a")
    gateway.act("device.revoked", key=handheld.thumbprint, reason="compromised", last_trusted_seq=2)
    gateway.take(handheld, *handheld.work())
    findings = findings_of(gateway.bundle())
    assert (findings.code, findings.where) == ("key_revoked", "line 1")
    act = gateway.act("exception.overridden", "J-1", code="key_revoked", reason="customer confirms")
    assert accepted(findings_of(gateway.bundle(overrides=[["key_revoked", act]])))
    assert findings_of(gateway.bundle(overrides=[["missing_stop", act]])).code == "override_missing"


def erase(fields: Fields, kind: str) -> None:
    for row in fields["events"]:
        if event.parse(row[1]).event.kind == kind:
            row[1] = hashlib.sha256(row[1]).digest()
            return


@pytest.mark.parametrize("kind", ["job.accepted", "part.used"])
def test_an_erased_event_stays_in_the_log_and_in_the_closes_and_is_remarked_on(kind: str) -> None:
    gateway, _ = small_day()
    gateway.act("object.erased", digests=[gateway.events[0][1].hash], reason="asked for")
    record_fields = gateway.record_fields()
    if kind == "part.used":
        del record_fields["lines"][2]
        record_fields["total"] = "2.50"
    fields = gateway.bundle_fields(record_fields)
    if kind == "part.used":
        fields["acts"].pop()
    erase(fields, kind)
    fields["acts"] = fields["acts"][: 2 if kind == "job.accepted" else 1]
    findings = findings_of(Bundle(**fields).encode())
    assert outcome(findings)[:2] == ("ok", "ok"), findings.sentence
    assert remarks(findings) == ["event_erased"]


def test_an_erased_event_whose_neighbours_are_of_other_jobs_is_placed_by_the_close() -> None:
    gateway, handheld = Office(), None
    handheld = gateway.enrol("a")
    handheld.sign("job.accepted", order=None, revision=None)
    handheld.sign("note.added", note=[bytes(32), 1, "text/plain"])
    handheld.sign("job.accepted", "J-2", order=None, revision=None)
    handheld.sign("job.arrived")
    handheld.sign("job.completed", totals=[])
    gateway.take(handheld, *handheld.chain)
    fields = gateway.bundle_fields(gateway.record_fields() | {"total": "1.50"})
    erase(fields, "note.added")
    findings = findings_of(Bundle(**fields).encode())
    assert accepted(findings), findings.sentence
    assert remarks(findings) == ["event_erased"]


def test_a_line_that_rests_on_an_erased_event_cannot_be_checked() -> None:
    gateway, _ = small_day()
    fields = gateway.bundle_fields(gateway.record_fields())
    erase(fields, "part.used")
    assert outcome(findings_of(Bundle(**fields).encode())) == ("uncheckable", "event_erased", "line 3")


def test_an_object_that_is_not_here_is_remarked_on() -> None:
    gateway, _ = small_day()
    gateway.objects.clear()
    findings = findings_of(gateway.bundle())
    assert accepted(findings)
    assert remarks(findings) == ["object_absent"]


def test_an_object_of_another_size_than_named_is_a_mismatch() -> None:
    gateway = Office()
    handheld = gateway.enrol("a")
    name = gateway.keep(b"R. Customer", "text/plain")
    handheld.sign("job.accepted", order=None, revision=None)
    handheld.sign("note.added", note=[name[0], name[1] + 1, name[2]])
    handheld.sign("job.cancelled", reason="storm")
    gateway.take(handheld, *handheld.chain)
    assert findings_of(gateway.bundle(total="0")).code == "attachment_mismatch"


def test_a_claimed_time_outside_of_the_proven_interval_is_remarked_on() -> None:
    gateway = Office()
    handheld = gateway.enrol("a")
    gateway.sign_checkpoint(handheld)
    handheld.wall = -400 * 24 * 60 * MINUTE_MS
    gateway.take(handheld, *handheld.work())
    findings = findings_of(gateway.bundle())
    assert accepted(findings)
    assert set(remarks(findings)) == {"clock_outside_interval", "object_absent"}
    assert findings.evidence is not None
    assert all(logged.interval is not None for logged in findings.evidence.events)


EARLIER = b"the log that was"


def restarted_day(**wrong: Any) -> Office:
    """A handheld that begins under an earlier log, whose last checkpoint is lost, and ends under the present one."""
    gateway = Office()
    handheld = gateway.enrol("a", log=EARLIER)
    gateway.sign_checkpoint(handheld, EARLIER)
    events = handheld.work()
    gateway.take(handheld, *events[:2])
    gateway.restart(EARLIER, **wrong)
    gateway.take(handheld, *events[2:])
    return gateway


def test_events_and_checkpoints_of_before_a_restart_prove_a_record_of_after_it() -> None:
    gateway = restarted_day()
    findings = findings_of(gateway.bundle())
    assert accepted(findings)
    assert findings.evidence is not None
    assert {known.log for _, known in findings.evidence.checkpoints} == {EARLIER, LOG_ID}


def test_after_a_restart_of_the_log_anchors_of_the_earlier_one_may_be_lost() -> None:
    gateway = Office()
    handheld = gateway.enrol("a", log=EARLIER)
    handheld.anchor = bytes([7]) * 32
    gateway.restart(EARLIER)
    gateway.take(handheld, *handheld.work())
    findings = findings_of(gateway.bundle())
    assert accepted(findings)
    assert "anchor_lost" in remarks(findings)


@pytest.mark.parametrize("wrong", [{"size": 2}, {"size": 4}, {"root": bytes(32)}])
def test_a_restart_that_names_another_size_or_root_than_its_log_shows_proves_nothing(wrong: dict[str, Any]) -> None:
    assert findings_of(restarted_day(**wrong).bundle()).code == "log_inconsistent"


def test_a_checkpoint_of_an_earlier_log_beyond_what_was_restored_is_of_no_log_that_counts() -> None:
    gateway = restarted_day()
    gateway.sign_checkpoint(None, EARLIER)
    assert findings_of(gateway.bundle()).code == "log_mismatch"


def test_a_restart_says_nothing_of_logs_that_it_does_not_name() -> None:
    gateway = restarted_day(earlier_log=bytes(16))
    assert findings_of(gateway.bundle()).code == "log_mismatch"


def under_a_later_root(gateway: Office, at: int) -> bytes:
    """The gateway's bundle, after its root gave way to another at this time."""
    later = signer("later root")
    fields = gateway.bundle_fields(gateway.record_fields()) | {
        "root": later.key.encode(),
        "authority": [
            authority.certify(Certification(role=role, key=of.key.encode(), at=at), later)
            for role, of in (("log", gateway.log), ("office", gateway.desk))
        ],
        "rotations": [root_line.rotate(gateway.root, later, at)],
    }
    return Bundle(**fields).encode()


def test_a_restart_proves_under_a_later_root_what_it_did_before_and_nothing_if_the_root_had_given_way() -> None:
    gateway = restarted_day()
    said_at = office.read(next(data for _, data in gateway.acts if office.read(data).kind == office.RESTART)).at
    assert accepted(findings_of(under_a_later_root(gateway, said_at)))
    assert accepted(findings_of(under_a_later_root(gateway, said_at), signer("later root").key.thumbprint))
    findings = findings_of(under_a_later_root(gateway, said_at - 1))
    assert outcome(findings)[:2] == ("wrong", "authority")
    assert findings.where.startswith("act ")


def test_an_adjustment_rests_on_no_quantity() -> None:
    gateway, _ = small_day()
    fields = gateway.record_fields()
    fields["lines"].append(fields["lines"][0] | {1: 4, 2: "adjustment", 3: "goodwill", 10: "-1.00", 13: []})
    fields["total"] = "2.50"
    assert accepted(findings_of(Bundle(**gateway.bundle_fields(fields)).encode()))


def test_several_quantities_of_one_code_can_be_one_line() -> None:
    gateway = Office()
    handheld = gateway.enrol("a")
    handheld.sign("job.accepted", order=None, revision=None)
    handheld.sign("job.arrived")
    part = {"code": "hose", "unit": "m", "source": "van"}
    handheld.sign("part.used", quantity="2.50", **part)
    handheld.sign("part.returned", quantity="0.75", **part)
    handheld.sign("job.completed", totals=[])
    gateway.take(handheld, *handheld.chain)
    fields = gateway.record_fields()
    used, returned = fields["lines"][1:]
    fields["lines"][1:] = [used | {5: "1.75", 13: used[13] + returned[13]}]
    fields["total"] = "2.50"
    assert accepted(findings_of(Bundle(**gateway.bundle_fields(fields)).encode()))
