"""The gateway's word about people, byte for byte, on a handheld that is offline whenever somebody logs in."""

import os
from pathlib import Path

import pytest

from jobseal import work
from jobseal.host import pin
from jobseal.host.pin import Cost
from jobseal.uplink_state import State
from jobseal_device import identity, vault
from jobseal_device.home import Home
from jobseal_device.unlock import Gate, LoginRefused, Voucher
from jobseal_device.uplink_file import write_uplink
from jobseal_device.work_file import WorkFile
from jobseal_gateway import enrol, people
from jobseal_gateway.enrol import Request
from jobseal_gateway.ledger import assignments, orders
from jobseal_gateway.ledger.database import reading
from tests.device.workbench import HandClock
from tests.gateway.bureaus import OPERATOR, Bureau

CHEAP = Cost(64, 1, 1)
SETUP_PIN = "778899"


class Handheld:
    """``hh-1``, enrolled behind PINs; ``sync`` brings what the gateway has for it and nothing else does."""

    def __init__(self, bureau: Bureau, folder: Path) -> None:
        self.bureau = bureau
        self.home = Home(folder)
        public = identity.make_vault(self.home, b"\1" * 32, pin.lock(SETUP_PIN, bytes(16), CHEAP), os.urandom)
        enrolled = enrol.enrol(bureau.gateway, Request(public, "Van", "hh-1", "pin", ["t-1"]), OPERATOR)
        self.enrolled = identity.accept(self.home, enrolled.welcome, bureau.station.keys.fingerprint)
        self.gate = Gate(self.home, self.enrolled, HandClock(), os.urandom)

    def sync(self) -> None:
        """Take up the newest assignment and the documents that it names."""
        with reading(self.bureau.engine) as connection:
            newest = assignments.newest_snapshot(connection, "hh-1")
            assert newest is not None
            said = work.verify(
                newest.bytes, "hh-1", self.enrolled.identity.authority.office, self.bureau.station.verifier
            )
            documents = orders.pulled(connection, said.digests())
        state = State()
        state.assignment = newest.bytes
        write_uplink(self.home, state)
        kept = WorkFile(self.home)
        kept.assign(said)
        for document in documents.values():
            kept.keep(document)
        kept.flush()

    def refusal(self, who: str, digits: str, voucher: Voucher | None = None) -> str:
        with pytest.raises(LoginRefused) as refused:
            self.gate.unlock(who, digits, voucher)
        return refused.value.code


@pytest.fixture
def handheld(bureau: Bureau, tmp_path: Path) -> Handheld:
    return Handheld(bureau, tmp_path / "handheld")


def add(bureau: Bureau, who: str, digits: str, role: str = "technician") -> None:
    people.add(bureau.gateway, who, f"Name of {who}", OPERATOR, digits, role, cost=CHEAP)


def test_people_pins_and_departures_reach_a_handheld_with_its_next_sync_and_hold_offline(
    bureau: Bureau, handheld: Handheld
) -> None:
    add(bureau, "t-1", "4821")
    assert handheld.refusal("t-1", "4821") == "no_roster"
    handheld.sync()
    assert handheld.gate.unlock("t-1", "4821", Voucher(vault.SETUP, SETUP_PIN)).technician == "t-1"

    add(bureau, "s-1", "60514", "supervisor")
    people.set_pin(bureau.gateway, "t-1", "5309", OPERATOR, CHEAP)
    assert handheld.gate.unlock("t-1", "4821").technician == "t-1"  # what it has not heard, it cannot know
    handheld.sync()
    assert handheld.refusal("t-1", "4821") == "wrong_pin"
    assert handheld.gate.unlock("t-1", "5309", Voucher("t-1", "4821")).technician == "t-1"
    assert handheld.gate.unlock("s-1", "60514").technician == "s-1"

    people.remove(bureau.gateway, "t-1", OPERATOR)
    handheld.sync()
    assert handheld.refusal("t-1", "5309") == "unknown_technician"
    assert handheld.gate.unlock("s-1", "60514").technician == "s-1"
    closed = vault.read(handheld.home)
    assert closed is not None
    assert list(closed.locks) == ["s-1"]


def test_an_enrolment_that_promises_more_than_the_handheld_keeps_is_refused(bureau: Bureau, tmp_path: Path) -> None:
    home = Home(tmp_path / "plain")
    public = identity.make_key(home, b"\2" * 32)
    welcome = enrol.enrol(bureau.gateway, Request(public, "Van", "hh-2", "pin"), OPERATOR).welcome
    with pytest.raises(identity.NotEnrolled) as refused:
        identity.accept(home, welcome, bureau.station.keys.fingerprint)
    assert "promises too much" in refused.value.sentence
    assert not home.welcome.exists()
