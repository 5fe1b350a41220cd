"""The gateway's keys on disk: made once, never again, and checked against each other whenever they are loaded."""

import stat
from pathlib import Path

import pytest

from jobseal.host.crypto import Verifier
from jobseal_gateway import authority, durable
from jobseal_gateway.authority import AuthorityUnusable, GatewayKeys
from tests.devices import DAY_MS, trust

VERIFIER = Verifier()


def made(folder: Path) -> GatewayKeys:
    return authority.create(folder, DAY_MS, VERIFIER)


def identity(keys: GatewayKeys) -> tuple[str, bytes, list[bytes], bytes]:
    return keys.fingerprint, keys.log_id, keys.certifications, keys.log.key.thumbprint


def test_keys_are_made_once_and_stay_what_they_are(tmp_path: Path) -> None:
    first = made(tmp_path / "keys")
    assert identity(made(tmp_path / "keys")) == identity(first)
    assert identity(authority.load(tmp_path / "keys", VERIFIER)) == identity(first)


def test_only_the_owner_may_read_the_secrets(tmp_path: Path) -> None:
    made(tmp_path / "keys")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_two_gateways_have_nothing_in_common(tmp_path: Path) -> None:
    one, other = made(tmp_path / "one"), made(tmp_path / "other")
    assert one.fingerprint != other.fingerprint
    assert one.log_id != other.log_id


def test_a_device_takes_the_same_keys_from_what_it_is_given(tmp_path: Path) -> None:
    keys = made(tmp_path)
    trusted = trust(keys.public(), VERIFIER)
    assert trusted.root.thumbprint.hex() == keys.fingerprint
    assert trusted.log.thumbprint == keys.log.key.thumbprint
    assert trusted.office.thumbprint == keys.office.key.thumbprint


@pytest.mark.parametrize("left", [["root.seed"], ["root.seed", "log.seed"], ["root.seed", "log.seed", "office.seed"]])
def test_a_creation_cut_short_is_finished_with_the_keys_that_it_made(tmp_path: Path, left: list[str]) -> None:
    made(tmp_path / "whole")
    folder = tmp_path / "cut"
    folder.mkdir()
    for name in left:
        (folder / name).write_bytes((tmp_path / "whole" / name).read_bytes())
    (folder / "log.seed.new").write_bytes(b"torn")
    assert made(folder).fingerprint == authority.load(tmp_path / "whole", VERIFIER).fingerprint


def test_the_gateway_runs_without_the_root_which_is_needed_for_its_own_acts_only(tmp_path: Path) -> None:
    keys = made(tmp_path)
    assert authority.root_signer(tmp_path, keys).key.thumbprint == keys.authority.root.thumbprint
    (tmp_path / "root.seed").unlink()
    assert identity(authority.load(tmp_path, VERIFIER)) == identity(keys)
    with pytest.raises(AuthorityUnusable, match=r"root\.seed"):
        authority.root_signer(tmp_path, keys)


@pytest.mark.parametrize("name", ["log.seed", "office.seed", "authority.cbor"])
@pytest.mark.parametrize("content", [None, b"", b"short", bytes(32)])
def test_keys_that_are_missing_or_do_not_belong_together_stop_the_gateway(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    made(tmp_path)
    path = tmp_path / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(AuthorityUnusable, match=name.replace(".", r"\.")):
        authority.load(tmp_path, VERIFIER)


def test_certifications_by_another_root_are_refused(tmp_path: Path) -> None:
    made(tmp_path / "one")
    made(tmp_path / "other")
    swapped = (tmp_path / "other" / "authority.cbor").read_bytes()
    (tmp_path / "one" / "authority.cbor").write_bytes(swapped)
    with pytest.raises(AuthorityUnusable):
        authority.load(tmp_path / "one", VERIFIER)


def test_a_file_that_is_there_is_never_made_again(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    durable.create(path, b"first")
    with pytest.raises(FileExistsError):
        durable.create(path, b"second")
    assert path.read_bytes() == b"first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_a_replaced_file_has_all_of_its_new_contents(tmp_path: Path) -> None:
    path = tmp_path / "token"
    durable.replace(path, b"first" * 100)
    durable.replace(path, b"2")
    assert path.read_bytes() == b"2"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
