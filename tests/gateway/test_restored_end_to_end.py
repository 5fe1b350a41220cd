"""A gateway burns down and comes back from its backup: installed commands, all processes apart, a real broker.

Work before the backup and after it, acknowledged and billed; then everything of the gateway is deleted but the backup
and the root key from the safe. The handheld needs nothing but the network.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobseal_device import turns
from jobseal_device.home import Home
from jobseal_gateway import home
from jobseal_gateway.ledger import leaves
from jobseal_gateway.ledger.database import reading
from tests.gateway.test_end_to_end import BIN, SOON_S, VISIT, Shop
from tests.servers import eventually


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    try:
        eventually(made.is_ready, SOON_S)
        yield made
    finally:
        made.close()


def sync(shop: Shop) -> None:
    """The handheld says everything that it has."""
    assert shop.handheld("sync", "--once")["done"]
    status = shop.handheld("status")
    assert (status["acknowledged"], status["attachments_waiting"]) == (status["signed"], 0)


def billed(shop: Shop, job: str) -> str:
    """The job is released; the bundle of its newest record, verified."""
    eventually(lambda: shop.billing.get(f"/v1/jobs/{job}").json().get("records"), SOON_S)
    bundle = shop.folder / f"{job}.cbor"
    answer = shop.billing.get(f"/v1/records/{job}~1/evidence")
    assert answer.status_code == 200, answer.text
    bundle.write_bytes(answer.content)
    assert shop.verify(bundle, "--trust", shop.fingerprint) == 0
    log: str = shop.billing.get(f"/v1/records/{job}~1").json()["log"]
    return log


def burn_down(shop: Shop) -> Path:
    """Nothing is left of the gateway but a copy of its root key."""
    safe = shop.folder / "safe" / "root.seed"
    safe.parent.mkdir()
    shutil.copy(shop.folder / "shop" / "data" / "keys" / "root.seed", safe)
    shop.serving.kill()
    shop.serving.wait()
    shutil.rmtree(shop.folder / "shop")
    return safe


def bring_back(shop: Shop) -> dict[str, Any]:
    """It burns down, and serves again from its backup; what ``restore`` said."""
    safe = burn_down(shop)
    words = [str(shop.folder / "backup"), "--root", str(safe), "--reason", "fire", "--operator", "Huber"]
    restored: dict[str, Any] = shop.gateway("restore", *words)
    shop.serving = subprocess.Popen([BIN / "jobseal-gateway", "--home", shop.folder / "shop", "serve"])
    eventually(shop.is_ready, SOON_S)
    return restored


def logged(shop: Shop) -> list[bytes]:
    with home.open(shop.folder / "shop") as gateway, reading(gateway.engine) as connection:
        return [leaf.hash for leaf in leaves.between(connection, 0, 1 << 40) if leaf.type == leaves.EVENT]


def test_a_gateway_that_burned_down_has_everything_again_once_its_handhelds_are_back(shop: Shop) -> None:
    shop.enrol()
    sync(shop)
    shop.visit("WO-1")
    sync(shop)
    before = billed(shop, "WO-1")
    made = shop.gateway("backup", str(shop.folder / "backup"))  # while it serves
    shop.visit("WO-2")
    sync(shop)
    assert billed(shop, "WO-2") == before
    cursor = shop.billing.get("/v1/feed", params={"limit": 20}).json()[-1]["id"]
    evidence = (shop.folder / "WO-2.cbor").read_bytes()

    restored = bring_back(shop)
    assert restored["size"] == made["size"]
    assert restored["earlier_log"] == made["log"] == before

    sync(shop)
    assert [alarm["code"] for alarm in shop.handheld("status")["alarms"]] == ["gateway_restored"]
    assert billed(shop, "WO-1") == before, "it was released before the backup"
    assert billed(shop, "WO-2") == restored["log"], "it was released again"
    (shop.folder / "old.cbor").write_bytes(evidence)
    assert shop.verify(shop.folder / "old.cbor", "--trust", shop.fingerprint) == 0, "what billing kept still holds"
    [told] = shop.billing.get("/v1/feed", params={"after": cursor, "limit": 1}).json()
    assert told["type"] == "log.restarted"
    assert len(logged(shop)) == len(set(logged(shop))) == 2 * len(VISIT)


@pytest.mark.parametrize("rotated_first", [False, True], ids=["backup before the rotation", "backup behind it"])
def test_what_an_earlier_key_had_sent_is_asked_for_again_too(shop: Shop, rotated_first: bool) -> None:
    """Nothing new is signed afterwards: nobody has to do anything for it."""
    shop.enrol()
    sync(shop)
    shop.visit("WO-1")
    if rotated_first:
        shop.visit("WO-2")
        shop.handheld("rotate-key", "--by", "t-1")
    sync(shop)
    shop.gateway("backup", str(shop.folder / "backup"))
    if not rotated_first:
        shop.visit("WO-2")
        shop.handheld("rotate-key", "--by", "t-1")
        sync(shop)
    else:
        shop.handheld("capture", "session.opened", "--by", "t-1")
        sync(shop)
    before = logged(shop)
    bring_back(shop)
    assert not rotated_first or len(logged(shop)) < len(before)

    def is_back() -> bool:
        words = ("--home", shop.folder / "hh-1", "sync", "--once", "--timeout", "8")
        done = subprocess.run([BIN / "jobseal-device", *words], capture_output=True, timeout=60, check=False)
        return done.returncode == 0 and sorted(logged(shop)) == sorted(before)

    eventually(is_back, 60)
    alarms = [alarm["code"] for alarm in shop.handheld("status")["alarms"]]
    assert set(alarms) == {"gateway_restored"}
    behind = [turn for turn in turns.every(Home(shop.folder / "hh-1")) if turns.is_behind(turn)]
    assert behind == []
