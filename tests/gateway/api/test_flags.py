"""Billing hears that a released record has come into doubt, and when it has come out of it again."""

from typing import Any

from jobseal_gateway.office import open_office
from tests.field import Office, Phone
from tests.gateway.api.billing import Billing, gateway_of

FLAGS = ("record.flagged", "record.cleared")


def flagged(billing: Billing) -> list[tuple[str, str]]:
    """What the feed says of flags: (type, record)."""
    events: list[dict[str, Any]] = billing.get("/v1/feed").json()
    return [(each["type"], each["data"]["record"]) for each in events if each["type"] in FLAGS]


def test_a_key_that_turns_out_to_be_compromised_flags_what_was_released_by_its_later_events(
    office: Office, phone: Phone, billing: Billing, released: str
) -> None:
    boss = open_office(gateway_of(office))
    before = billing.get(f"/v1/records/{released}").json()
    assert before["flags"] == []
    boss.revoke(phone.name, "compromised", "boss", last_trusted_seq=2)
    office.project()
    record = billing.get(f"/v1/records/{released}").json()
    [flag] = record["flags"]
    assert flag["code"] == "key_revoked"
    cited = {event for line in record["lines"] for event in line["events"]}
    assert cited & set(flag["events"])
    assert record["digest"] == before["digest"], "what was signed does not change"
    [row] = [each for each in billing.get("/v1/jobs").json()["jobs"] if each["id"] == "WO-1"]
    assert row["flagged"] == [released]
    assert flagged(billing) == [("record.flagged", released)]
    with_flag = [each for each in billing.get("/v1/feed").json() if each["type"] == "record.flagged"]
    assert with_flag[0]["data"]["digest"] == record["digest"]
    assert with_flag[0]["data"]["events"] == flag["events"]

    office.project()
    assert flagged(billing) == [("record.flagged", released)], "it is said once"
    office.projector.rebuild()
    assert billing.get(f"/v1/records/{released}").json()["flags"] == [flag]

    boss.override("WO-1", "key_revoked", "the customer confirmed every hour", "boss")
    office.project()
    assert billing.get(f"/v1/records/{released}").json()["flags"] == []
    assert flagged(billing) == [("record.flagged", released), ("record.cleared", released)]


def test_what_was_released_by_events_that_are_trusted_is_not_flagged(
    office: Office, phone: Phone, billing: Billing, released: str
) -> None:
    open_office(gateway_of(office)).revoke(phone.name, "compromised", "boss", last_trusted_seq=1_000)
    office.project()
    assert billing.get(f"/v1/records/{released}").json()["flags"] == []
    assert flagged(billing) == []
