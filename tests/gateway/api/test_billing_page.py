"""docs/billing-api.md says what the API does: its paths, its codes, its order of statuses, and its consumer runs."""

import re
from pathlib import Path
from typing import Any

import pytest

from jobseal_gateway import projector, restarts
from jobseal_gateway.acknowledge import NEXT
from jobseal_gateway.api.limit import BODY_MAX_BYTES
from jobseal_gateway.api.refusals import STATUSES
from tests.field import Office, Phone
from tests.gateway.api.billing import TOKEN, Billing

PAGE = (Path(__file__).parents[3] / "docs" / "billing-api.md").read_text()


def test_every_path_is_on_the_page_and_no_other(billing: Billing) -> None:
    told = set(re.findall(r"^\| `(GET|POST|DELETE) (/[\w/{}]+)(?:\?[^`]*)?` \|", PAGE, re.MULTILINE))
    served = {(method.upper(), path) for path, methods in billing.contract["paths"].items() for method in methods}
    assert told == served


def test_every_query_is_on_the_page(billing: Billing) -> None:
    for path, query in re.findall(r"^\| `GET (/[\w/]+)\?([^`]*)` \|", PAGE, re.MULTILINE):
        named = [parameter["name"] for parameter in billing.contract["paths"][path]["get"]["parameters"]]
        assert sorted(query.replace("=", "").split("&")) == sorted(named)


def test_every_code_is_on_the_page_with_its_status() -> None:
    told = {code: int(status) for code, status in re.findall(r"^\| `(\w+)` \| (\d{3}) \|", PAGE, re.MULTILINE)}
    assert told == STATUSES
    assert f"{BODY_MAX_BYTES // 1024} KiB" in PAGE


def test_the_order_of_statuses_is_the_codes() -> None:
    rows = PAGE.split("| a record that is |")[1].split("\n\n")[0]
    told = {
        present: tuple(re.findall(r"`(\w+)`", following))
        for present, following in re.findall(r"^\| `(\w+)` \|(.*)\|$", rows, re.MULTILINE)
    }
    assert told == NEXT


def test_every_type_of_the_feed_is_on_the_page() -> None:
    told = re.findall(r"^\| `(\w+\.\w+)` \|", PAGE, re.MULTILINE)
    of_records = [projector.RECORD_RELEASED, projector.RECORD_FLAGGED, projector.RECORD_CLEARED]
    assert told == [projector.CARD_CHANGED, *of_records, restarts.FEED_TYPE]


class Killed(Exception):
    """The consumer dies here."""


def test_the_consumer_on_the_page_bills_each_record_once_however_often_it_is_killed(
    office: Office, phone: Phone, billing: Billing
) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found
    for job in ("WO-1", "WO 2"):
        office.order(job, ("t-1",))
        phone.work(job)
    phone.sync()
    office.project()
    saved: dict[str, Any] = {"after": 0, "booked": {}, "seen": []}
    lives = 0

    def save(books: dict[str, Any]) -> None:
        nonlocal lives
        lives += 1
        if lives % 2 == 0:  # in its other lives it dies having booked and acknowledged, and not remembered it
            saved.update(after=books["after"], booked=dict(books["booked"]), seen=list(books["seen"]))
        raise Killed

    names: dict[str, Any] = {"GATEWAY": str(billing.http.base_url), "TOKEN": TOKEN, "save": save, "bill": print}
    exec(found[1], names)
    while len(saved["booked"]) < 2:
        with pytest.raises(Killed):
            names["follow"]({**saved, "booked": dict(saved["booked"]), "seen": list(saved["seen"])})

    assert lives > 4
    assert saved["booked"] == {"WO-1": "96.00", "WO 2": "96.00"}
    for record in ("WO-1~1", "WO%202~1"):
        assert billing.get(f"/v1/records/{record}").json()["status"] == "acknowledged"
