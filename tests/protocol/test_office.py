"""Office statements: every act fits its kind, names a person, and only the root restarts a log."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import office
from jobseal.errors import JobsealError, SignatureInvalid
from jobseal.host.crypto import Verifier
from tests.protocol.shapes import fitting
from tests.vectors import keys

DOMAIN_ACTS = {
    "device.enrolled", "device.suspended", "device.reinstated", "device.revoked", "branch.adopted", "range.written_off",
    "job.closed_by_office", "exception.overridden", "record.released", "object.erased", "log.restarted",
}  # fmt: skip


def test_every_act_of_the_domain_is_in_the_table_and_no_other() -> None:
    assert set(office.SHAPES) == DOMAIN_ACTS


@pytest.mark.parametrize("kind", [kind for kind in office.SHAPES if kind != office.RESTART])
@given(data=st.data())
def test_an_act_says_what_was_signed(kind: str, data: st.DataObject) -> None:
    body = office.SHAPES[kind].named(data.draw(fitting(office.SHAPES[kind])))
    signed = office.sign(office.act(kind, 5, "m.keller", body, "WO-1"), keys.OFFICE)
    found = office.verify(signed, keys.OFFICE.key, Verifier())
    assert (found.kind, found.at, found.operator, found.job) == (kind, 5, "m.keller", "WO-1")
    assert found.named() == body
    assert office.hash_of(signed) == hashlib.sha256(signed).digest()


def test_a_body_that_does_not_fit_is_never_signed() -> None:
    with pytest.raises(JobsealError) as caught:
        office.act("device.suspended", 5, "m.keller", {"key": bytes(32)})
    assert (caught.value.code, caught.value.fault) == ("malformed", "ours")


def test_nobody_acts_anonymously() -> None:
    with pytest.raises(JobsealError):
        office.act("device.suspended", 5, "", {"key": bytes(32), "reason": "lost"})


def test_only_the_root_declares_a_restart_and_it_declares_nothing_else() -> None:
    body = {"earlier_log": bytes(16), "size": 4, "root": bytes(32), "reason": "restored from backup"}
    restart = office.act(office.RESTART, 5, "m.keller", body)
    by_root, by_office = office.sign(restart, keys.ROOT), office.sign(restart, keys.OFFICE)
    assert office.verify_restart(by_root, keys.ROOT.key, Verifier()).named() == body
    suspension = office.act("device.suspended", 5, "m.keller", {"key": bytes(32), "reason": "lost"})
    for wrong in (
        lambda: office.verify(by_office, keys.OFFICE.key, Verifier()),
        lambda: office.verify(by_root, keys.OFFICE.key, Verifier()),
        lambda: office.verify_restart(by_office, keys.ROOT.key, Verifier()),
        lambda: office.verify_restart(office.sign(suspension, keys.ROOT), keys.ROOT.key, Verifier()),
    ):
        with pytest.raises(SignatureInvalid):
            wrong()
