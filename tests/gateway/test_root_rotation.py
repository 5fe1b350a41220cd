"""The root gives way to another: evidence, handhelds and commands across it."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from jobseal import authority as keys_of
from jobseal import cbor, cose, root_line
from jobseal.enrolling import Anchors, parse_code
from jobseal.errors import JobsealError
from jobseal.host import command as jobseal
from jobseal.host.crypto import Ed25519Signer, Verifier
from jobseal.key import Key
from jobseal_device import durable, enrolling, identity, link_identity, renewing, trusting
from jobseal_device.home import Home
from jobseal_device.link.tls import Context
from jobseal_gateway import authority, ca, command, home
from jobseal_gateway.authority import AuthorityUnusable
from jobseal_gateway.credentials import BrokerFiles
from jobseal_gateway.mosquitto import CA_NAME, CRL_NAME, MosquittoSettings
from tests.devices import DAY_MS
from tests.field import Office, Phone
from tests.gateway.billed import bundle_of, kept
from tests.gateway.doors import OpenDoor, enrol

VERIFIER = Verifier()


def billed(office: Office) -> bytes:
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.work()
    phone.sync()
    office.project()
    return bundle_of(office, kept(office)[0])


def rotate(office: Office, name: str) -> authority.GatewayKeys:
    folder = office.folder / "keys"
    present = office.station.keys.fingerprint
    old = folder / f"{present}.seed"
    if not old.exists():
        old.write_bytes((folder / "root.seed").read_bytes())
    new = office.folder / f"{name}.seed"
    rotated = authority.rotate_root(folder, old, new, DAY_MS + 1, VERIFIER)
    (folder / f"{rotated.fingerprint}.seed").write_bytes(new.read_bytes())
    office.station.keys = rotated
    return rotated


def judged(folder: Path, capsys: pytest.CaptureFixture[str], bundle: bytes, *words: str) -> tuple[int, Any]:
    (folder / "b.bundle").write_bytes(bundle)
    code = jobseal.main(["verify", str(folder / "b.bundle"), "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_a_bundle_made_under_a_later_root_is_accepted_by_whoever_trusts_any_root_that_it_came_from(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    billed(office)
    first = office.station.keys.fingerprint
    second = rotate(office, "second").fingerprint
    third = rotate(office, "third").fingerprint
    bundle = bundle_of(office, kept(office)[0])
    for trusted in (first, second, third):
        assert judged(tmp_path, capsys, bundle, "--trust", trusted)[0] == 0, trusted
    code, said = judged(tmp_path, capsys, bundle, "--trust", "00" * 32)
    assert (code, said["code"]) == (1, "root_mismatch")


def test_a_bundle_from_before_is_accepted_under_a_later_root_with_the_rotations_beside_it(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = billed(office)
    later = rotate(office, "second")
    published = tmp_path / "rotations.cbor"
    published.write_bytes(cbor.encode(later.rotations))
    assert judged(tmp_path, capsys, before, "--trust", later.fingerprint)[1]["code"] == "root_mismatch"
    words = ("--trust", later.fingerprint, "--rotations", str(published))
    assert judged(tmp_path, capsys, before, *words)[0] == 0
    published.write_bytes(cbor.encode([[later.rotations[0][1], later.rotations[0][1]]]))
    assert judged(tmp_path, capsys, before, *words)[0] == 1, "the new root alone vouches for nothing"


def test_a_thief_of_no_root_makes_no_bundle_pass_by_a_rotation_of_his_own(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    billed(office)
    trusted = office.station.keys.fingerprint
    thief, present = Ed25519Signer(bytes(31) + b"\x07"), office.station.keys
    forged = root_line.RootRotation(earlier=present.authority.root.encode(), next=thief.key.encode(), at=1)

    alone = [cose.sign(forged.encode(), cose.ROOT, thief)] * 2
    certified = [
        keys_of.certify(keys_of.Certification(role=role, key=public.encode(), at=1), thief)
        for role, public in (("log", present.log.key), ("office", present.office.key))
    ]
    public = keys_of.Authority(thief.key, present.log.key, present.office.key)
    office.station.keys = authority.GatewayKeys(
        public, certified, present.log_id, present.log, present.office, present.ca, [alone]
    )
    code, said = judged(tmp_path, capsys, bundle_of(office, kept(office)[0]), "--trust", trusted)
    assert (code, said["code"]) == (1, "signature_invalid")


def test_nothing_has_changed_until_the_one_file_is_replaced_and_a_wrong_seed_changes_nothing(tmp_path: Path) -> None:
    made = authority.create(tmp_path / "keys", DAY_MS, VERIFIER)
    other = tmp_path / "other.seed"
    other.write_bytes(bytes(32))
    with pytest.raises(AuthorityUnusable):
        authority.rotate_root(tmp_path / "keys", other, tmp_path / "new.seed", DAY_MS, VERIFIER)
    seed = tmp_path / "keys" / "root.seed"
    with pytest.raises(AuthorityUnusable):
        authority.rotate_root(tmp_path / "keys", seed, seed, DAY_MS, VERIFIER)
    assert authority.load(tmp_path / "keys", VERIFIER).fingerprint == made.fingerprint


def test_a_gateway_from_before_roots_could_be_rotated_still_opens_and_rotates(tmp_path: Path) -> None:
    made = authority.create(tmp_path / "keys", DAY_MS, VERIFIER)
    path = tmp_path / "keys" / authority.STATEMENT
    path.write_bytes(cbor.encode(cbor.decode(path.read_bytes(), 4096)[:3]))
    seed = tmp_path / "keys" / "root.seed"
    rotated = authority.rotate_root(tmp_path / "keys", seed, tmp_path / "new.seed", DAY_MS, VERIFIER)
    assert len(rotated.rotations) == 1
    assert rotated.log.key.thumbprint == made.log.key.thumbprint


def reopened(open_door: OpenDoor, name: str) -> authority.GatewayKeys:
    """The root gives way to another, and the same door says so: as the gateway's next start does."""
    folder, seeds = open_door.gateway.home.keys, open_door.gateway.home.folder
    present = seeds / "present.seed"
    if not present.exists():
        present.write_bytes((folder / "root.seed").read_bytes())
    new = seeds / f"{name}.seed"
    rotated = authority.rotate_root(folder, present, new, open_door.gateway.now_ms(), VERIFIER)
    present.write_bytes(new.read_bytes())
    held = open_door.gateway.keys
    held.authority, held.certifications, held.rotations = rotated.authority, rotated.certifications, rotated.rotations
    return rotated


def test_a_handheld_that_was_away_for_several_rotations_pins_the_newest_root_and_goes_on(
    open_door: OpenDoor, tmp_path: Path
) -> None:
    enrolled = enrol(tmp_path / "hh", open_door.invite().code)
    at = Home(tmp_path / "hh")
    assert not trusting.look(at, enrolled.identity.authority), "nothing is new"
    reopened(open_door, "second")
    reopened(open_door, "third")
    newest = reopened(open_door, "fourth")
    assert trusting.look(at, enrolled.identity.authority)
    assert identity.load(at).identity.authority.root.thumbprint == newest.authority.root.thumbprint
    assert identity.load_pinned(at).identity.authority.root.thumbprint == enrolled.identity.authority.root.thumbprint
    assert not trusting.look(at, enrolled.identity.authority)
    fresh = enrol(tmp_path / "other", open_door.invite("hh-2").code)
    assert fresh.identity.authority.root.thumbprint == newest.authority.root.thumbprint


def test_what_the_gateway_has_become_is_kept_for_an_earlier_turn_that_only_knows_the_root_before(
    open_door: OpenDoor, tmp_path: Path
) -> None:
    """The newest turn was enrolled under the later root, and hears nothing new; a turn before it has to."""
    first = enrol(tmp_path / "hh", open_door.invite().code)
    newest = reopened(open_door, "second")
    at = Home(tmp_path / "hh").next_turn()
    identity.make_key(at, bytes(range(32)))
    second = enrolling.enrol(at, parse_code(open_door.invite("hh-2").code), identity.signer(at), "none", [].append, 20)
    assert second.identity.authority.root.thumbprint == newest.authority.root.thumbprint
    assert (
        identity.load(Home(tmp_path / "hh")).identity.authority.root.thumbprint
        == first.identity.authority.root.thumbprint
    )
    assert trusting.look(at, second.identity.authority)
    assert not trusting.look(at, second.identity.authority)
    for turn in (Home(tmp_path / "hh"), at):
        assert identity.load(turn).identity.authority.root.thumbprint == newest.authority.root.thumbprint


def test_a_handheld_believes_no_root_that_both_have_not_signed_whoever_wrote_the_file(
    open_door: OpenDoor, tmp_path: Path
) -> None:
    enrolled = enrol(tmp_path / "hh", open_door.invite().code)
    at, pinned = Home(tmp_path / "hh"), enrolled.identity.authority
    thief = Ed25519Signer(bytes(31) + b"\x09")
    forged = root_line.RootRotation(earlier=pinned.root.encode(), next=thief.key.encode(), at=1)

    alone = cose.sign(forged.encode(), cose.ROOT, thief)
    certified = [
        keys_of.certify(keys_of.Certification(role=role, key=thief.key.encode(), at=1), thief)
        for role in ("log", "office", "ca")
    ]
    said = Anchors(root=thief.key.encode(), authority=certified, certificate=b"x", rotations=[[alone, alone]])
    durable.replace(durable.REAL, at.anchors, said.encode())
    assert identity.load(at).identity.authority.root.thumbprint == pinned.root.thumbprint
    with pytest.raises(JobsealError) as refused:
        trusting.follow(pinned.root, said)
    assert refused.value.code == "signature_invalid"
    without = Anchors(root=thief.key.encode(), authority=certified, certificate=b"x")
    with pytest.raises(JobsealError):
        trusting.follow(pinned.root, without)


def rotated_ca(folder: Path) -> home.Gateway:
    """The gateway in this folder after its CA has given way to another."""
    with home.open(folder) as gateway:
        keys, now_ms = gateway.home.keys, gateway.now_ms()
    authority.rotate_ca(keys, keys / "root.seed", now_ms, VERIFIER)
    return home.open(folder)


def openssl(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *words], input=stdin, capture_output=True, timeout=30, check=False)


def test_openssl_takes_certificates_of_either_ca_until_the_earlier_one_is_retired_and_none_that_is_revoked(
    tmp_path: Path,
) -> None:
    made = home.make(tmp_path / "shop", {"organisation": "Test"})
    link = key_of(tmp_path)
    old = made.keys.ca.issue_link("hh-1", link, made.now_ms())
    made.close()
    with rotated_ca(tmp_path / "shop") as gateway:
        new = gateway.keys.ca.issue_link("hh-1", link, gateway.now_ms())
        files = BrokerFiles(gateway, MosquittoSettings(port=1))()
        assert verified(tmp_path, files, old)
        assert verified(tmp_path, files, new)
        revoked = [ca.Revoked(old.serial_number, gateway.now_ms())]
        lists = [
            each.revocation_list(revoked, 2, gateway.now_ms()) for each in (gateway.keys.ca, *gateway.keys.earlier_cas)
        ]
        assert not verified(tmp_path, {**files, CRL_NAME: b"".join(lists)}, old)
        authority.retire_cas(gateway.home.keys, VERIFIER)
    with home.open(tmp_path / "shop") as gateway:
        files = BrokerFiles(gateway, MosquittoSettings(port=1))()
        assert not verified(tmp_path, files, old)
        assert verified(tmp_path, files, new)


def key_of(folder: Path) -> Key:
    at = Home(folder / "link")
    return link_identity.make_key(at).key


def verified(folder: Path, files: Mapping[str, bytes], shown: x509.Certificate) -> bool:
    for name in (CA_NAME, CRL_NAME):
        (folder / name).write_bytes(files[name])
    (folder / "shown.pem").write_bytes(ca.pem(shown))
    words = (
        "-CAfile",
        str(folder / CA_NAME),
        "-CRLfile",
        str(folder / CRL_NAME),
        "-crl_check",
        "-purpose",
        "sslclient",
    )
    return openssl("verify", *words, str(folder / "shown.pem")).returncode == 0


def test_a_running_handheld_hears_of_another_ca_trusts_it_and_renews_its_certificate_under_it(tmp_path: Path) -> None:
    first = OpenDoor(tmp_path)
    enrolled = enrol(tmp_path / "hh", first.invite().code)
    at, pinned = Home(tmp_path / "hh"), enrolled.identity.authority
    before = link_identity.certificates(at)[0]
    first.close()
    rotated_ca(first.gateway.home.folder).close()
    second = OpenDoor(tmp_path, first.port)  # its door shows a certificate that the handheld has no CA for
    try:
        with pytest.raises(JobsealError):
            renewing._asked(at, Context(link_identity.ca(at), link_identity.latest_ms(at)), b"")
        assert trusting.look(at, pinned)
        assert renewing.due_in_ms(at) == 0
        assert renewing.renew(at)
        after = link_identity.certificates(at)[0]
        after.verify_directly_issued_by(second.gateway.keys.ca.certificate)
        assert after.serial_number != before.serial_number
        assert (renewing.due_in_ms(at) or 0) > 0
        assert not trusting.look(at, pinned)
        fresh = enrol(tmp_path / "other", second.invite("hh-2").code)
        assert fresh.identity.authority.ca is not None
    finally:
        second.close()


def test_a_ca_is_made_without_the_root_by_nobody(tmp_path: Path) -> None:
    authority.create(tmp_path / "keys", DAY_MS, VERIFIER)
    (tmp_path / "other.seed").write_bytes(bytes(32))
    with pytest.raises(AuthorityUnusable):
        authority.rotate_ca(tmp_path / "keys", tmp_path / "other.seed", DAY_MS, VERIFIER)
    assert authority.load(tmp_path / "keys", VERIFIER).earlier_cas == []


def test_an_older_word_of_the_gateway_is_not_taken_again(open_door: OpenDoor, tmp_path: Path) -> None:
    enrolled = enrol(tmp_path / "hh", open_door.invite().code)
    at, pinned = Home(tmp_path / "hh"), enrolled.identity.authority
    second = reopened(open_door, "second")
    kept_back = (second.authority, second.certifications, second.rotations)
    newest = reopened(open_door, "third")
    assert trusting.look(at, pinned)
    held = open_door.gateway.keys
    held.authority, held.certifications, held.rotations = kept_back
    assert not trusting.look(at, pinned)
    assert trusting.now(at, pinned).root.thumbprint == newest.authority.root.thumbprint


def test_the_operators_commands_show_and_rotate_with_a_root_that_is_kept_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, safe = tmp_path / "shop", tmp_path / "safe"
    safe.mkdir()

    def run(*words: str) -> Any:
        command.main(["--home", str(shop), "--json", *words])
        return json.loads(capsys.readouterr().out)

    run("init", "--organisation", "Test")
    before = run("keys", "show")
    with home.open(shop) as gateway:
        (gateway.home.keys / "root.seed").rename(safe / "first.seed")
    words = ("--new-root", str(safe / "second.seed"), "--out", str(safe / "rotations.cbor"))
    assert run("keys", "rotate-root", *words)["error"] == "authority_unusable", "the root is not here"
    told = run("keys", "rotate-root", "--root", str(safe / "first.seed"), *words)
    assert (told["rotations"], told["log"], told["office"]) == (1, before["log"], before["office"])
    assert told["root"] != before["root"] == Ed25519Signer((safe / "first.seed").read_bytes()).key.thumbprint.hex()
    assert run("keys", "show")["root"] == told["root"]
    line = root_line.line(cbor.decode((safe / "rotations.cbor").read_bytes(), 4096), VERIFIER)
    assert [each.thumbprint.hex() for each in line] == [before["root"], told["root"]]
    assert (safe / "second.seed").stat().st_mode & 0o077 == 0
