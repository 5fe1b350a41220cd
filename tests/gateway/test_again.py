"""A handheld that was reset, or set back, is enrolled again under its own name, and its history goes on.

The operator's commands, the handheld's own request, capture and uplink, the real ingest and projector.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jobseal import work
from jobseal.enrolling import Grant, parse_code
from jobseal.host.crypto import Verifier
from jobseal_device import enrolling as handheld
from jobseal_device import identity, turns
from jobseal_device.home import Home
from jobseal_device.uplink_file import read_uplink
from jobseal_gateway import admission, command, home, succession
from jobseal_gateway.ingest import Moment
from jobseal_gateway.ledger import keys
from jobseal_gateway.ledger.database import reading
from tests.field import Office, Phone
from tests.gateway.billed import PRICES, hold_up, kept, stated
from tests.gateway.rotations import rotated, sync_all

Shop = Callable[..., Any]


class Day:
    """A gateway that its operator's commands work on, and one handheld in ``folder``."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._shop = folder / "shop"
        self._capsys = capsys
        self.folder = folder / "hh"
        self.run("init", "--organisation", "Test")
        self.gateway = home.open(self._shop)
        self.office = Office(self.gateway.engine, self.gateway.home.data)
        self.pass_on()
        self.office.prices(PRICES)
        for order in ("WO-1", "WO-2"):
            self.office.order(order, ("t-1",))

    def run(self, *words: str) -> Any:
        command.main(["--home", str(self._shop), "--json", *words])
        return json.loads(self._capsys.readouterr().out)

    def pass_on(self) -> None:
        """The gateway's own clock is the machine's; the handheld's is never behind it."""
        before = self.office.station.now
        self.office.station.now = Moment(max(before.wall_ms or 0, self.gateway.now_ms()), before.up_ms)

    def enrol(self, at: Home, code: str) -> Phone:
        """As ``jobseal-device enrol`` does it, but for the way over the network."""
        identity.make_key(at, (b"%d" % self.gateway.now_ms()).ljust(32, b"."))
        request = handheld.make_request(at, identity.signer(at), "none", parse_code(code).token)
        grant = admission.ask(self.gateway, request, "10.0.0.7")
        assert isinstance(grant, Grant)
        handheld.take(at, grant.encode(), self.gateway.keys.fingerprint)
        self.pass_on()
        self.office.phones.clear()  # what was there before has ended
        return Phone(self.office, "hh-1", "t-1", folder=at.folder)

    def known(self) -> list[keys.Key]:
        with reading(self.gateway.engine) as connection:
            return keys.of_device(connection, "hh-1")

    def worked(self) -> Phone:
        """One job is billed, and a second one begun."""
        ticket = self.run("enrol", "new", "--label", "Van 7", "--device", "hh-1", "--technician", "t-1", "--approved")[
            "invited"
        ][0]
        phone = self.enrol(Home(self.folder), ticket["code"])
        phone.work("WO-1")
        phone.sign("job.accepted", "WO-2")
        phone.sign("job.arrived", "WO-2")
        phone.sign("part.used", "WO-2", code="P-1", quantity="1", unit="pc", source="van")
        phone.sync()
        self.office.project()
        assert hold_up(self.office, "WO-1") == 1
        return phone


@pytest.fixture
def day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Day]:
    made = Day(tmp_path, capsys)
    yield made
    made.office.close()
    made.gateway.close()


def finished(day: Day, phone: Phone, told: Any) -> None:
    """The second job is finished under the new key, and the old one's part closed by a person."""
    phone.sign("job.accepted", "WO-2")
    phone.sign("job.arrived", "WO-2")
    phone.sign("job.completed", "WO-2")
    phone.sign("signoff.waived", "WO-2", reason="away")
    phone.sync()
    day.office.project()
    assert kept(day.office, "WO-2") == [], "nobody has closed what the old key began"
    day.pass_on()
    closed = day.run("office", "close", "WO-2", "--key", told["ended"][:16], "--reason", "handheld was reset")
    assert "hash" in closed
    day.pass_on()
    day.office.project()
    (record,) = stated(day.office, "WO-2")
    assert [line.kind for line in record.line_items()].count("part") == 1, "what the old key signed is billed"
    assert hold_up(day.office, "WO-1") == hold_up(day.office, "WO-2") == 1
    assert len(kept(day.office, "WO-1")) == 1


def test_a_handheld_whose_folder_was_wiped_goes_on_under_its_name_and_everything_stays_billable(day: Day) -> None:
    phone = day.worked()
    phone.capture.close()
    shutil.rmtree(day.folder)
    told = day.run("enrol", "new", "--again", "hh-1", "--approved", "--minutes", "600")
    assert (told["invited"][0]["label"], told["unfinished"]) == ("Van 7", ["WO-2"])
    assert [row.status for row in day.known()] == [keys.REVOKED]
    again = day.enrol(Home(day.folder), told["invited"][0]["code"])
    assert [row.status for row in day.known()] == [keys.REVOKED, keys.ACTIVE]
    assert again.enrolled.enrolment.earlier == phone.enrolled.key.thumbprint
    assert again.enrolled.enrolment.label == "Van 7"
    again.sync()
    trusted = again.enrolled.identity.authority.office
    said = work.verify(read_uplink(again.home).assignment or b"", "hh-1", trusted, Verifier())
    assert {order for order, *_ in said.orders} == {"WO-1", "WO-2"}
    finished(day, again, told)


def test_one_that_was_set_back_goes_on_in_the_same_folder_with_a_key_of_its_own(day: Day) -> None:
    phone = day.worked()
    phone.capture.close()
    phone.home.rolled_back.write_bytes(b"proof")
    told = day.run("enrol", "new", "--again", "hh-1", "--approved", "--minutes", "600")
    again = day.enrol(phone.home.next_turn(), told["invited"][0]["code"])
    assert turns.current(Home(day.folder)).turn == 1
    assert turns.to_send(Home(day.folder)).turn == 1, "nobody waits for what the old key will never have acknowledged"
    assert again.enrolled.key.thumbprint != phone.enrolled.key.thumbprint
    assert again.enrolled.identity.genesis == again.enrolled.enrolment.hash
    again.sync()
    finished(day, again, told)


def test_nobody_is_enrolled_again_who_never_was(day: Day) -> None:
    assert day.run("enrol", "new", "--again", "hh-9")["error"] == "unknown_device"


def test_asking_again_for_a_key_that_has_ended_makes_another_code_and_ends_nothing_twice(day: Day) -> None:
    day.worked()
    first = day.run("enrol", "new", "--again", "hh-1")
    second = day.run("enrol", "new", "--again", "hh-1")
    assert first["ended"] == second["ended"]
    assert first["invited"][0]["code"] != second["invited"][0]["code"]


def test_what_was_signed_under_a_rotation_that_came_too_late_is_logged_and_held_and_the_handheld_goes_on(
    day: Day,
) -> None:
    phone = day.worked()
    rotated(phone)  # the office has not heard of it when it ends the handheld's key
    second = phone.enrolled
    phone.sign("part.used", "WO-2", code="P-1", quantity="2", unit="pc", source="van")
    phone.capture.close()
    told = day.run("enrol", "new", "--again", "hh-1", "--approved", "--minutes", "600")
    again = day.enrol(phone.home.next_turn(), told["invited"][0]["code"])
    again.sign("job.accepted", "WO-2")
    sync_all(again)
    assert [turns.is_sent(turn) for turn in turns.every(again.home)] == [True, True, True]
    assert [row.status for row in day.known()] == [keys.REVOKED, keys.ACTIVE, keys.REVOKED]
    with reading(day.gateway.engine) as connection:
        assert keys.by_kid(connection, second.key.kid) == day.known()[-1]
        newest = succession.present(connection, "hh-1")
    assert newest is not None
    assert newest.thumbprint == again.enrolled.key.thumbprint
    day.office.project()
    assert "key_revoked" in str(day.office.documents()["WO-2"][0]), "for a person to decide on"
