"""A signing key in a TPM: a real TPM 2.0 program (swtpm) makes it and signs, and our own verifier agrees.

Not part of the default run, since it needs what nobody else does: Debian's swtpm, libtss2-dev and libtss2-tcti-swtpm0,
and `pip install 'jobseal[tpm]'`. Then: `make test TESTS=tests/device/tpm_on_swtpm.py`.
"""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from jobseal.host.crypto import Verifier
from jobseal_device import identity, tpm, unlock, vault
from jobseal_device.home import Home
from jobseal_device.tpm import TpmFailed, TpmSigner
from jobseal_device.unlock import Gate, LoginRefused, Voucher, setup_signer
from tests.device.staff import ANNA, SETUP_PIN, Van, lock_of
from tests.device.workbench import HandClock
from tests.servers import eventually, free_port

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SECRET = bytes(range(32))
SOON_S = 30.0


def neighbours() -> tuple[int, int]:
    """Two free ports side by side: the library looks for the second one there."""
    while True:
        port = free_port()
        with suppress(OSError, OverflowError), socket.socket() as beside:
            beside.bind(("127.0.0.1", port + 1))
            return port, port + 1


class Chip:
    """One swtpm, with a state of its own: another folder is another chip."""

    def __init__(self, folder: Path, end: ExitStack) -> None:
        folder.mkdir()
        ports = neighbours()
        self.tcti = f"swtpm:host=127.0.0.1,port={ports[0]}"
        words = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--flags", "not-need-init,startup-clear"]
        for name, port in zip(("--server", "--ctrl"), ports, strict=True):
            words += [name, f"type=tcp,port={port}"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end.callback(process.wait, SOON_S)
        end.callback(process.kill)
        eventually(self.answers, SOON_S)

    def answers(self) -> bool:
        try:
            tpm.make(SECRET, self.tcti)
        except TpmFailed:
            return False
        return True


@pytest.fixture
def end() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def chip(tmp_path: Path, end: ExitStack) -> Chip:
    return Chip(tmp_path / "chip", end)


def test_what_the_tpm_signs_our_own_verifier_takes_and_always_with_the_lower_s(chip: Chip) -> None:
    made = tpm.make(SECRET, chip.tcti)
    signer = TpmSigner(SECRET, made.part, chip.tcti)
    assert signer.key.thumbprint == made.key.thumbprint
    verifier = Verifier()
    for number in range(40):
        data = b"event %d" % number
        signature = signer.sign(data)
        assert len(signature) == 64
        assert int.from_bytes(signature[32:], "big") <= ORDER // 2
        assert verifier(signer.key, signature, data)
        assert not verifier(signer.key, signature, data + b"!")
    signer.close()


def test_without_the_secret_the_tpm_does_not_sign(chip: Chip) -> None:
    made = tpm.make(SECRET, chip.tcti)
    signer = TpmSigner(bytes(32), made.part, chip.tcti)
    with pytest.raises(TpmFailed):
        signer.sign(b"x")
    signer.close()


def test_another_tpm_cannot_load_the_key(chip: Chip, tmp_path: Path, end: ExitStack) -> None:
    made = tpm.make(SECRET, chip.tcti)
    other = Chip(tmp_path / "other", end)
    with pytest.raises(TpmFailed):
        TpmSigner(SECRET, made.part, other.tcti)


def test_a_handheld_with_a_tpm_enrols_as_hardware_and_its_pin_lets_the_tpm_sign(
    chip: Chip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(tpm.TCTI_VARIABLE, chip.tcti)
    home = Home(tmp_path / "HH-1")
    identity.make_hardware_vault(home, lock_of(SETUP_PIN), os.urandom)
    assert identity.assurance(home) == "hardware"
    signer = setup_signer(home, SETUP_PIN)
    assert signer.key.thumbprint == identity.public_key(home).thumbprint
    assert Verifier()(signer.key, signer.sign(b"x"), b"x")
    with pytest.raises(LoginRefused):
        setup_signer(home, "0000")


def test_slots_that_are_made_later_still_open_the_key_of_the_tpm(
    chip: Chip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(tpm.TCTI_VARIABLE, chip.tcti)
    van = Van(Home(tmp_path / "HH-1"))
    van.home.make()
    enrolled = van.set_up()
    van.home.vault.unlink()
    identity.make_hardware_vault(van.home, lock_of(SETUP_PIN), os.urandom)
    van.send([ANNA])
    gate = Gate(van.home, enrolled, HandClock(), os.urandom)
    gate.unlock("t-1", "4821", Voucher(vault.SETUP, SETUP_PIN))
    again = gate.unlock("t-1", "4821").signer
    assert isinstance(again, unlock.TpmSigner)
    assert Verifier()(identity.public_key(van.home), again.sign(b"x"), b"x")
