"""The day's events, synced: the gateway's job cards say what was keyed in at the screen."""

import json
from pathlib import Path

from jobseal_device.ui import demo
from jobseal_gateway.ledger.database import connect, migrate
from tests.device.ui.day import DAY, FILTERS, INSPECTION, REPAIR, play
from tests.device.ui.terminal import Terminal
from tests.device.ui.test_camera import at_the_camera, set_up
from tests.field import Office, Phone

JOBS = {
    FILTERS: ("FILTERS", ("signoff",)),
    INSPECTION: ("INSPECT", ("photo", "checklist", "signoff")),
    REPAIR: ("REPAIR", ()),
}

STATES = {FILTERS: "signed_off", INSPECTION: "signed_off", REPAIR: "waived"}


def test_the_job_cards_equal_what_was_keyed_in(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    office = Office(engine, tmp_path)
    orders = [
        office.order(id, ("t-11",), tasks=(task,), customer_name=f"Customer of {id}", required_evidence=evidence)
        for id, (task, evidence) in JOBS.items()
    ]
    phone = Phone(office, "HH-1", "t-11")
    phone.capture.close()
    snapshots = [order.snapshot() for order in orders]
    demo.assign(phone.home, office.station.keys.office, "HH-1", office.now_ms, snapshots, demo.CATALOGUE)
    with Terminal("--home", str(phone.home.folder)) as terminal:
        terminal.wait("Who are you?")
        terminal.scan("t-11")
        terminal.wait("Customer of")
        for step in DAY:
            play(terminal, step)
    phone.sync()
    office.project()
    cards = {id: json.loads(data[0]) for id, data in office.documents().items()}
    engine.dispose()
    for id, card in cards.items():
        said = [each["kind"] for each in card["events"]]
        assert said == [kind for step in DAY if step.job == id for kind in step.signs]
        assert not {"close_missing", "illegal_transition", "malformed_body"} & {
            each["code"] for each in card["exceptions"]
        }
        assert all(each["stored"] for each in card["attachments"])
    assert {id: card["state"] for id, card in cards.items()} == STATES
    parts = [each["body"] for each in cards[FILTERS]["events"] if each["kind"] == "part.used"]
    assert [(part["code"], part["quantity"], part["unit"]) for part in parts] == [
        ("FLT-10", "3", "pc"),
        ("NEW-9", "1", "pc"),
    ]
    spent = next(each["body"] for each in cards[REPAIR]["events"] if each["kind"] == "expense.added")
    assert (spent["code"], spent["amount"], spent["currency"]) == ("PARKING", "4.50", "EUR")
    read = next(each["body"] for each in cards[INSPECTION]["events"] if each["kind"] == "reading.taken")
    assert (read["code"], read["value"]) == ("TEMP", "21.5")


def test_a_photo_reaches_the_gateway_in_pieces(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    office = Office(engine, tmp_path)
    order = office.order(FILTERS, ("t-11",), customer_name="Rosner")
    phone = Phone(office, "HH-1", "t-11")
    phone.capture.close()
    demo.assign(phone.home, office.station.keys.office, "HH-1", office.now_ms, [order.snapshot()], demo.CATALOGUE)
    set_up(phone.home)
    with Terminal("--home", str(phone.home.folder)) as terminal:
        at_the_camera(terminal)
        terminal.press("1")
        terminal.wait("There it is.")
        terminal.press("F1")
        terminal.wait("Signed: photo.")
    phone.sync()
    office.project()
    card = json.loads(office.documents()[FILTERS][0])
    engine.dispose()
    assert [each["stored"] for each in card["attachments"]] == [True]
