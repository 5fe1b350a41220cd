"""Enrolment on the handheld: one key, one gateway, both checked by what a person compared."""

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from jobseal import key
from jobseal.errors import JobsealError
from jobseal_device import identity
from jobseal_device.capture import Capture
from jobseal_device.durable import Files
from jobseal_device.errors import DiskFull
from jobseal_device.home import Home
from jobseal_device.identity import NotEnrolled
from tests.device.workbench import MONDAY_MS, HandClock, TestOffice, enrolled_home, key_of

SEED = bytes(range(32))


@pytest.fixture
def office() -> TestOffice:
    return TestOffice()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "HH-1")


def test_a_key_is_made_once_and_only_its_owner_can_read_it(home: Home) -> None:
    public = identity.make_key(home, SEED)
    assert identity.make_key(home, bytes(32)) == public
    assert home.seed.read_bytes() == SEED
    assert stat.S_IMODE(home.seed.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.seed.parent.stat().st_mode) == 0o700


def test_an_accepted_enrolment_is_loaded_with_everything_that_follows_from_it(home: Home, office: TestOffice) -> None:
    public = identity.make_key(home, SEED)
    accepted = identity.accept(home, office.welcome(public), office.fingerprint)
    loaded = identity.load(home)
    assert loaded.identity.device == "HH-1"
    assert loaded.identity.thumbprint == key.decode(public).thumbprint
    assert loaded.identity.genesis == hashlib.sha256(accepted.enrolment.data).digest()
    assert loaded.brokers == [("127.0.0.1", 1883)]
    assert loaded.identity.authority.log.thumbprint == office.log.key.thumbprint


def test_the_fingerprint_may_be_typed_as_people_do(home: Home, office: TestOffice) -> None:
    public = identity.make_key(home, SEED)
    typed = " ".join(office.fingerprint[at : at + 8].upper() for at in range(0, 64, 8))
    identity.accept(home, office.welcome(public), f"  {typed} ")


def test_another_gateway_than_the_one_that_was_read_out_is_refused(home: Home, office: TestOffice) -> None:
    public = identity.make_key(home, SEED)
    with pytest.raises(NotEnrolled, match="not the one given"):
        identity.accept(home, TestOffice("impostor").welcome(public), office.fingerprint)
    with pytest.raises(JobsealError) as refused:
        identity.accept(home, office.welcome(public), office.fingerprint[:-1])
    assert refused.value.code == "fingerprint"
    assert not home.welcome.exists()


def test_an_enrolment_of_another_handheld_is_refused(home: Home, office: TestOffice) -> None:
    identity.make_key(home, SEED)
    with pytest.raises(NotEnrolled, match="another handheld's key"):
        identity.accept(home, office.welcome(key_of("other").key.encode()), office.fingerprint)


def test_no_byte_of_an_enrolment_can_be_changed(home: Home, office: TestOffice) -> None:
    public = identity.make_key(home, SEED)
    welcome = office.welcome(public)
    for at in range(len(welcome)):
        changed = bytearray(welcome)
        changed[at] ^= 1
        try:
            taken = identity.accept(home, bytes(changed), office.fingerprint)
        except JobsealError:
            continue
        assert taken.brokers != [("127.0.0.1", 1883)]  # where to connect is nobody's word; what is said there is


def test_without_key_or_enrolment_it_says_what_to_run(home: Home, office: TestOffice) -> None:
    with pytest.raises(NotEnrolled, match="run 'jobseal-device enrol request FILE'"):
        identity.load(home)
    with pytest.raises(NotEnrolled, match="no signing key yet"):
        identity.signer(home)
    with pytest.raises(NotEnrolled, match="no signing key yet"):
        identity.accept(home, office.welcome(key_of("x").key.encode()), office.fingerprint)


def test_a_damaged_key_or_enrolment_is_found_at_the_start(home: Home, office: TestOffice) -> None:
    identity.accept(home, office.welcome(identity.make_key(home, SEED)), office.fingerprint)
    welcome = bytearray(home.welcome.read_bytes())
    welcome[len(welcome) // 3] ^= 1
    home.welcome.write_bytes(welcome)
    with pytest.raises(JobsealError):
        identity.load(home)
    home.seed.write_bytes(SEED[:31])
    with pytest.raises(NotEnrolled, match="not whole"):
        identity.signer(home)
    home.seed.unlink()
    home.seed.mkdir()
    with pytest.raises(NotEnrolled, match="cannot be read"):
        identity.signer(home)


def test_a_chain_that_has_begun_keeps_its_enrolment(tmp_path: Path, office: TestOffice) -> None:
    home = enrolled_home(tmp_path / "HH-1", office)
    public = identity.signer(home).key.encode()
    identity.accept(home, office.welcome(public, at=MONDAY_MS + 1), office.fingerprint)  # nothing signed yet
    enrolled = identity.load(home)
    capture = Capture(home, enrolled.identity, identity.signer(home), HandClock(), bytes)
    capture.sign("session.opened", {}, by="t-1")
    capture.close()
    with pytest.raises(NotEnrolled, match="has signed events under another enrolment"):
        identity.accept(home, office.welcome(public, at=MONDAY_MS + 2), office.fingerprint)
    moved = office.welcome(public, port=1999, at=MONDAY_MS + 1)
    assert identity.accept(home, moved, office.fingerprint).brokers == [("127.0.0.1", 1999)]


class FullForSeeds(Files):
    """A disk on which there is no space for a key."""

    def open(self, path: Path, flags: int) -> int:
        if path.name.startswith("signing.seed") and flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, "no space")
        return super().open(path, flags)


def test_a_key_that_could_not_be_kept_is_not_handed_out(home: Home) -> None:
    with pytest.raises(DiskFull):
        identity.make_key(home, SEED, FullForSeeds())
    assert identity.make_key(home, SEED) == identity.signer(home).key.encode()
