"""Targets of a service agreement: missed when the step came too late, by its claim or by what the log proves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobseal_gateway.ledger.database import connect
from jobseal_gateway.orders.columns import TARGETS
from tests.field import MINUTE_MS, Office, Phone
from tests.gateway.billed import PRICES, kept


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    engine = connect(sqlite_url)
    found = Office(engine, tmp_path)
    found.prices(PRICES)
    yield found
    found.close()
    engine.dispose()


def order(office: Office, **minutes: int) -> Phone:
    """WO-1 with these targets, so many minutes from now, and the handheld that has it."""
    office.order("WO-1", ("t-1",), **{name: office.now_ms + number * MINUTE_MS for name, number in minutes.items()})
    return Phone(office, "hh-1", "t-1")


def card(office: Office) -> dict[str, Any]:
    office.project()
    found: dict[str, Any] = json.loads(office.documents()["WO-1"][0])
    return found


def missed(office: Office) -> list[str]:
    return [each["detail"] for each in card(office)["exceptions"] if each["code"] == "sla_breached"]


def test_targets_that_are_met_are_on_the_card_with_what_met_them(office: Office) -> None:
    phone = order(office, respond_by=1, on_site_by=3, complete_by=36)  # each to the minute
    phone.work()
    phone.sync()
    levels = card(office)["service_levels"]
    kinds = {each["hash"]: each["kind"] for each in card(office)["events"]}
    assert [each["target"] for each in levels] == list(TARGETS)
    assert [kinds[each["event"]] for each in levels] == ["job.accepted", "job.arrived", "job.completed"]
    assert [(each["missed"], each["met"]) for each in levels] == [(False, each["limit"]) for each in levels]
    assert (missed(office), len(kept(office))) == ([], 1)


def test_a_step_that_is_a_minute_late_misses_its_target_and_holds_nothing(office: Office) -> None:
    phone = order(office, respond_by=0, on_site_by=2, complete_by=35)
    phone.clock.boot_id = b"\x02" * 8  # nothing ties what it claims to what the log proves of earlier
    phone.work()
    phone.sync()
    assert missed(office) == [f"{target} missed by 1 min (claimed)" for target in TARGETS]
    assert [each["blocks"] for each in card(office)["exceptions"]] == [False] * 3
    assert len(kept(office)) == 1


def test_a_handheld_whose_clock_is_slow_misses_its_targets_all_the_same(office: Office) -> None:
    phone = order(office, on_site_by=60)
    phone.sign("job.accepted")
    phone.sync()
    office.station.pass_ms(90 * MINUTE_MS)
    phone.sign("note.added", note="on my way")
    phone.sync()  # the checkpoint that comes with it proves what follows to be later
    phone.clock.wrong_ms = -120 * MINUTE_MS
    phone.sign("job.arrived")
    phone.sync()
    assert missed(office) == ["on_site_by missed by 32 min (proven)"]


def test_an_arrival_whose_time_was_corrected_is_judged_by_the_correction(office: Office) -> None:
    phone = order(office, on_site_by=10)
    phone.sign("job.accepted")
    office.station.pass_ms(20 * MINUTE_MS)
    arrived = phone.sign("job.arrived")
    phone.sync()
    assert missed(office) == ["on_site_by missed by 12 min (proven)"]
    phone.sign("event.corrected", "WO-1", arrived.hash, reason="4", at=str(office.now_ms - 15 * MINUTE_MS))
    phone.sync()
    assert missed(office) == []


def test_a_step_that_is_still_missing_is_missed_once_something_later_is_heard(office: Office) -> None:
    phone = order(office, on_site_by=5)
    phone.sign("job.accepted")
    phone.sync()
    assert missed(office) == []
    office.station.pass_ms(10 * MINUTE_MS)
    office.projector.rebuild()
    assert missed(office) == []  # no clock is read: folding again gives the same
    phone.sign("travel.started")
    phone.sync()
    assert missed(office) == ["on_site_by not met, and passed by 7 min (proven)"]


def test_work_without_a_signed_arrival_was_done_on_site(office: Office) -> None:
    phone = order(office, on_site_by=2)
    phone.sign("job.accepted")
    struck = phone.sign("job.arrived")
    phone.sign("labour.started", task="FIT")
    phone.sign("event.corrected", "WO-1", struck.hash, reason="1", strike="yes")
    phone.sync()
    assert missed(office) == ["on_site_by missed by 1 min (claimed)"]


def test_a_cancelled_job_owes_no_fix_and_a_reopened_one_owes_it_again(office: Office) -> None:
    phone = order(office, complete_by=2)
    phone.sign("job.accepted")
    office.station.pass_ms(10 * MINUTE_MS)
    phone.sign("job.cancelled", reason="customer")
    phone.sync()
    assert missed(office) == []

    office.order("WO-2", ("t-1",), complete_by=office.now_ms + 60 * MINUTE_MS)
    phone.sign("job.accepted", "WO-2")
    phone.sign("job.arrived", "WO-2")
    phone.sign("job.completed", "WO-2")
    phone.sign("job.reopened", "WO-2", reason="not finished")
    office.station.pass_ms(60 * MINUTE_MS)
    phone.sign("job.completed", "WO-2")
    phone.sync()
    office.project()
    second = json.loads(office.documents()["WO-2"][0])["exceptions"]
    assert [each["detail"] for each in second if each["code"] == "sla_breached"] == [
        "complete_by missed by 5 min (proven)"
    ]


def test_an_order_without_targets_has_none_on_its_card(office: Office) -> None:
    order(office).work()
    office.phones[0].sync()
    assert card(office)["service_levels"] == []
