"""A copied handheld over the gateway's own closed broker: both copies sync, anybody can see that there are two, nothing
of what they signed since is billed before a person decides, and what came before the copy is.
"""

import io
import json
import shutil
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from jobseal.host import command as offline
from jobseal_device import command as device
from jobseal_gateway import command as gateway
from tests.gateway.test_end_to_end import VISIT, Shop
from tests.servers import eventually

MAINS = {"jobseal-device": device.main, "jobseal-gateway": gateway.main}
FORKED, WRONG, UNTRUSTED = 4, 1, 3


class Cloned(Shop):
    """``hh-1`` did WO-1 and was copied before it synced; then both went on with WO-2, each in its own way."""

    def clone(self) -> None:
        """Up to the point where both have synced."""
        self.enrol()
        self.sync("hh-1")
        self.visit("WO-1")
        shutil.copytree(self.folder / "hh-1", self.folder / "copy")
        for home in ("hh-1", "copy"):
            self.handheld("capture", "job.accepted", "--job", "WO-2", "--by", "t-1", home=home)
            self.sync(home)
        for kind, *fields in VISIT[1:]:
            self.handheld("capture", kind, *fields, "--job", "WO-2", "--by", "t-1")
        self.sync("hh-1")

    def _call(self, name: str, *words: str) -> Any:
        """As from a shell, without the time that each start of Python takes."""
        said = io.StringIO()
        with redirect_stdout(said):
            status = MAINS[name](list(words))
        assert status == 0, (words, said.getvalue())
        return json.loads(said.getvalue())

    def verify(self, bundle: Path, *more: str) -> int:
        with redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")):
            return offline.main(["verify", str(bundle), *more])

    def sync(self, home: str) -> None:
        """Send and hear all that there is."""
        assert self.handheld("sync", "--once", home=home)["done"]

    def job(self, name: str) -> dict[str, Any]:
        """How the office sees the job."""
        found: dict[str, Any] = {each["job"]: each for each in self.gateway("status")["list"]}[name]
        return found

    def device(self) -> dict[str, Any]:
        """How the office sees the handheld."""
        [found] = self.gateway("status")["devices"]
        return dict(found)

    def audited(self, act: str) -> dict[str, Any]:
        """The last entry of the audit log about this command."""
        entries = [each for each in self.gateway("audit")["entries"] if each["act"] == act]
        return dict(entries[-1])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Cloned]:
    made = Cloned(tmp_path)
    try:
        eventually(made.is_ready)
        made.clone()
        yield made
    finally:
        made.close()


def test_a_copied_handheld_is_proven_held_and_decided_on_by_a_person(shop: Cloned, tmp_path: Path) -> None:
    eventually(lambda: shop.job("WO-1")["standing"] == "released")
    eventually(lambda: shop.job("WO-2")["standing"] == "held")
    assert {each["code"] for each in shop.job("WO-2")["holding"]} == {"chain_fork"}
    assert shop.device()["status"] == "suspended"
    [fork] = shop.device()["forks"]
    assert fork["standing"] == "forked"

    proof = tmp_path / "fork"
    shop.gateway("fork-proof", "hh-1", "--out", str(proof))
    assert shop.verify(proof, "--trust", shop.fingerprint) == FORKED
    assert shop.verify(proof) == UNTRUSTED
    tampered = bytearray(proof.read_bytes())
    for place in range(0, len(tampered), 97):
        tampered[place] ^= 1
        (tmp_path / "tampered").write_bytes(tampered)
        assert shop.verify(tmp_path / "tampered", "--trust", shop.fingerprint) == WRONG, place
        tampered[place] ^= 1

    shop.gateway(
        "office", "reinstate", "hh-1", "--reason", "the copy is found and destroyed", "--operator", "Jo Keller"
    )
    eventually(lambda: shop.job("WO-2")["standing"] == "released")
    assert shop.device()["status"] == "active"
    assert shop.audited("office reinstate")["who"] == "Jo Keller"
    record = tmp_path / "WO-2"
    shop.gateway("evidence", "WO-2", "--out", str(record))
    assert shop.verify(record, "--trust", shop.fingerprint) == 0
    shop.gateway("fork-proof", "hh-1", "--out", str(proof))
    assert b"device.reinstated" in proof.read_bytes(), "the decision is in the log"
    assert shop.verify(proof, "--trust", shop.fingerprint) == FORKED

    # A copy that is not destroyed after all holds the handheld's work anew.
    shop.handheld("capture", "job.arrived", "--job", "WO-2", "--by", "t-1", home="copy")
    shop.sync("copy")
    eventually(lambda: "chain_fork" in {each["code"] for each in shop.job("WO-2")["holding"]})
    shop.gateway("office", "revoke", "hh-1", "--reason", "replaced", "--operator", "Jo Keller")
    assert shop.audited("office revoke")["outcome"] == "begun"
    eventually(lambda: shop.job("WO-1")["standing"] == "released")
