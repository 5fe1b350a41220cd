"""Alive and ready are two questions; each reason why the gateway is not ready is named, and goes away by itself."""

import dataclasses
import socket
import time
from contextlib import closing
from pathlib import Path

import pytest

from jobseal_gateway.api.readiness import reasons
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger.database import connect, writing
from jobseal_gateway.listening import listening
from jobseal_gateway.news import WEB, Bell
from jobseal_gateway.pulse import SILENT_AFTER_S, Pulse, Reason, decode
from tests.field import FieldClock, Office
from tests.gateway.api.billing import Billing, gateway_of, settings_of
from tests.servers import eventually

WELL = Pulse("ingest", ())
SPACE_LOW = Reason("space_low", "No space.", "operator")


def codes(gateway: Gateway, *pulses: Pulse) -> list[str]:
    return [reason.code for reason in reasons(gateway, pulses)]


def test_a_gateway_where_all_is_well_is_ready(gateway: Gateway) -> None:
    assert codes(gateway, WELL) == []


def test_a_pulse_survives_its_travel() -> None:
    pulse = Pulse("ingest", (SPACE_LOW, Reason("a", "b \N{SNOWMAN}", "ours")))
    assert decode(pulse.encode()) == pulse


def test_an_ingest_process_that_says_nothing_makes_it_unready(gateway: Gateway) -> None:
    assert codes(gateway) == ["ingest_silent"]


def test_what_ingest_says_is_in_its_way_is_named_once_each(gateway: Gateway) -> None:
    broker = Reason("broker_unreachable", "No broker.", "peer")
    assert codes(gateway, Pulse("ingest", (SPACE_LOW, broker)), Pulse("other", (broker,))) == [
        "space_low",
        "broker_unreachable",
    ]


def test_too_little_space_makes_it_unready(gateway: Gateway, office: Office) -> None:
    text = b'organisation = "Test"\n[limits]\nfree_space_low_water_bytes = 1099511627776\n'
    assert codes(dataclasses.replace(gateway, settings=settings_of(office.folder, text)), WELL) == ["space_low"]


def test_a_data_folder_that_is_gone_makes_it_unready(gateway: Gateway, tmp_path: Path) -> None:
    gone = dataclasses.replace(gateway.home, data=tmp_path / "gone")
    assert codes(dataclasses.replace(gateway, home=gone), WELL) == ["space_unknown"]


def test_a_clock_that_is_not_set_makes_it_unready(gateway: Gateway) -> None:
    assert isinstance(gateway.clock, FieldClock)
    gateway.clock.wrong_ms = None
    assert codes(gateway, WELL) == ["clock_unsynchronised"]


def test_a_database_that_cannot_be_written_makes_it_unready(sqlite_url: str, office: Office) -> None:
    engine = connect(sqlite_url)
    gateway = dataclasses.replace(gateway_of(office), engine=engine)
    assert codes(gateway, WELL) == []
    engine.dispose()
    Path(sqlite_url.removeprefix("sqlite:///")).unlink()
    Path(sqlite_url.removeprefix("sqlite:///")).mkdir()
    assert codes(gateway, WELL) == ["ledger_unavailable"]
    engine.dispose()


def test_every_reason_is_named_over_http_and_a_pulse_makes_ready_again(office: Office, billing: Billing) -> None:
    assert billing.get("/healthz").json() == {"status": "alive"}
    silent = billing.get("/readyz")
    assert silent.status_code == 503
    assert silent.json()["code"] == "not_ready"
    assert [reason["code"] for reason in silent.json()["reasons"]] == ["ingest_silent"]

    with closing(Bell(office.folder / "data" / "run" / WEB)) as bell:
        bell.note(b"not a pulse")
        bell.note(Pulse("ingest", (SPACE_LOW,)).encode())
        eventually(lambda: billing.get("/readyz").json()["reasons"][0] == dataclasses.asdict(SPACE_LOW))
        bell.note(WELL.encode())
        eventually(lambda: billing.get("/readyz").status_code == 200)
    assert billing.get("/readyz").json() == {"status": "ready"}


def test_answers_do_not_wait_for_the_callers_acknowledgement() -> None:
    with (
        listening("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_the_operators_to_solve() -> None:
    with listening("127.0.0.1", 0) as taken, pytest.raises(GatewayError) as refused:
        listening("127.0.0.1", taken.getsockname()[1])
    assert (refused.value.code, refused.value.fault) == ("http_port_taken", "operator")


def test_a_pulse_that_stops_is_noticed(office: Office, billing: Billing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobseal_gateway.api.watch.SILENT_AFTER_S", 0.2)
    assert SILENT_AFTER_S > 0.2
    with closing(Bell(office.folder / "data" / "run" / WEB)) as bell:
        bell.note(WELL.encode())
        eventually(lambda: billing.get("/readyz").status_code == 200)
    time.sleep(0.25)
    assert billing.get("/readyz").json()["reasons"][0]["code"] == "ingest_silent"


def test_readiness_writes_nothing(office: Office, gateway: Gateway) -> None:
    with writing(office.engine) as connection:
        before = connection.exec_driver_sql("SELECT position FROM feed_head").scalar_one()
    assert codes(gateway, WELL) == []
    with writing(office.engine) as connection:
        assert connection.exec_driver_sql("SELECT position FROM feed_head").scalar_one() == before
