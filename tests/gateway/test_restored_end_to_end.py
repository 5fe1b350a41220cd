"""A gateway burns down and comes back from its backup: installed commands, all processes apart, a real broker.

Work before the backup and after it, acknowledged and billed; then everything of the gateway is deleted but the backup
and the root key from the safe. The handheld needs nothing but the network.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

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

    safe = burn_down(shop)
    words = [str(shop.folder / "backup"), "--root", str(safe), "--reason", "fire", "--operator", "Huber"]
    restored = shop.gateway("restore", *words)
    assert restored["size"] == made["size"]
    assert restored["earlier_log"] == made["log"] == before
    shop.serving = subprocess.Popen([BIN / "jobseal-gateway", "--home", shop.folder / "shop", "serve"])
    eventually(shop.is_ready, SOON_S)

    sync(shop)
    assert [alarm["code"] for alarm in shop.handheld("status")["alarms"]] == ["gateway_restored"]
    assert billed(shop, "WO-1") == before, "it was released before the backup"
    assert billed(shop, "WO-2") == restored["log"], "it was released again"
    (shop.folder / "old.cbor").write_bytes(evidence)
    assert shop.verify(shop.folder / "old.cbor", "--trust", shop.fingerprint) == 0, "what billing kept still holds"
    [told] = shop.billing.get("/v1/feed", params={"after": cursor, "limit": 1}).json()
    assert told["type"] == "log.restarted"
    with home.open(shop.folder / "shop") as gateway, reading(gateway.engine) as connection:
        logged = [leaf.hash for leaf in leaves.between(connection, 0, 1 << 40) if leaf.type == leaves.EVENT]
    assert len(logged) == len(set(logged)) == 2 * len(VISIT)
