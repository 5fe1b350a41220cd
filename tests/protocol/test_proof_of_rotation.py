"""Evidence across a rotation: what a stranger accepts of two keys on one job, and what he does not."""

from typing import Any

from jobseal.bundle import Bundle
from jobseal.proof import Findings, verify_bundle
from tests.bundles import LOG_ID, Office, signer
from tests.handheld import NAME, Handheld
from tests.protocol.test_proof import VERIFIER, accepted
from tests.protocol.test_rotating import handed_over, rotated

ROOT = signer("root").key.thumbprint


def findings_of(gateway: Office) -> Findings:
    return verify_bundle(Bundle(**gateway.bundle_fields(gateway.record_fields())).encode(), VERIFIER, ROOT)


def enrolled(gateway: Office, heir: Handheld, ended: Handheld, **body: Any) -> None:
    """The gateway enrols the key that the earlier one's last event brought."""
    said = {
        "device": "a",
        "key": heir.signer.key.encode(),
        "assurance": "pin",
        "earlier": ended.thumbprint,
        "log": LOG_ID,
        "follows": [len(ended.chain) - 1, ended.chain[-1].hash],
    }
    gateway.act("device.enrolled", **said | body)
    heir._prev = ended.chain[-1].hash


def rotation(**body: Any) -> tuple[Office, Handheld, Handheld]:
    """A job is begun under one key, and finished under the next."""
    gateway = Office()
    old, new = gateway.enrol("a"), Handheld("b")
    old.sign("job.accepted", order=None, revision=None)
    old.sign("job.arrived")
    old.sign("labour.started", task="repair")
    handed_over(old, new)
    rotated(old, new)
    gateway.take(old, *old.chain)
    enrolled(gateway, new, old, **body)
    new.sign("labour.stopped", task="repair")
    new.sign("job.completed", totals=[])
    new.sign("job.signed_off", method="typed", name=NAME)
    gateway.take(new, *new.chain)
    return gateway, old, new


def test_a_record_over_two_keys_is_accepted_with_a_close_of_each() -> None:
    gateway, _, _ = rotation()
    found = findings_of(gateway)
    assert accepted(found), (found.code, found.where, found.sentence)


def test_a_first_event_that_does_not_follow_the_end_of_the_earlier_key_is_wrong() -> None:
    gateway, _, _ = rotation(follows=[4, bytes(32)])
    assert findings_of(gateway).code == "chain_broken"


def test_a_job_handed_over_to_a_key_that_does_not_follow_is_wrong() -> None:
    gateway, _, _ = rotation(earlier=bytes(32))
    assert findings_of(gateway).code == "chain_broken"


def behind_its_end() -> Office:
    """A gateway that bills what a key has signed behind its end."""
    gateway = Office()
    old, new = gateway.enrol("a"), Handheld("b")
    rotated(old, new)
    gateway.take(old, *old.chain)
    enrolled(gateway, new, old)
    gateway.take(old, *old.work())
    return gateway


def test_a_line_that_rests_on_what_a_key_signed_behind_its_end_is_wrong_whatever_the_gateway_says() -> None:
    found = findings_of(behind_its_end())
    assert (found.code, found.where) == ("key_revoked", "line 1")


def test_the_enrolment_of_another_handheld_that_follows_none_of_the_keys_is_superfluous() -> None:
    gateway, _, _ = rotation()
    stranger = Handheld("c")
    body = {"follows": [0, bytes(32)], "earlier": stranger.thumbprint}
    enrolled(gateway, Handheld("d"), stranger_with_a_chain(stranger), **body)
    assert findings_of(gateway).code == "superfluous"


def stranger_with_a_chain(stranger: Handheld) -> Handheld:
    stranger.sign("session.opened", None)
    return stranger
