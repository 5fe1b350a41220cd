"""People: who may log in on which handheld reaches it as a signed roster, with a PIN that nobody keeps."""

import pytest
from sqlalchemy import text

from jobseal import roster
from jobseal.errors import JobsealError
from jobseal.host import pin
from jobseal.host.pin import Cost, lock_from_value
from jobseal.limits import DOCUMENT_MAX_BYTES, ROSTER_MAX
from jobseal.roster import SUPERVISOR, Person
from jobseal_gateway import people, rosters
from jobseal_gateway.ledger import assignments, orders
from jobseal_gateway.ledger import people as stored
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.people import HERE, Known
from jobseal_gateway.work import bind
from tests.gateway.bureaus import OPERATOR, Bureau

CHEAP = Cost(64, 1, 1)
PIN = "4821"


def add(bureau: Bureau, who: str, digits: str | None = PIN, role: str = "technician", badge: str | None = None) -> None:
    people.add(bureau.gateway, who, f"Name of {who}", OPERATOR, digits, role, badge, CHEAP)


def roster_of(bureau: Bureau, device: str) -> dict[str, Person]:
    """What the handheld may pull, as its newest signed assignment names it."""
    told = bureau.told(device)
    if told is None or told.roster is None:
        return {}
    with reading(bureau.engine) as connection:
        document = orders.pulled(connection, [told.roster])[told.roster]
    return {person.id: person for person in roster.decode(document)}


def opens(person: Person, digits: str) -> bool:
    return person.pin is not None and pin.try_pin(digits, lock_from_value(person.pin)) is not None


def test_a_new_person_reaches_the_handheld_that_they_carry_with_a_lock_that_their_pin_fits(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    assert roster_of(bureau, "hh-1") == {}
    add(bureau, "t-1", badge="B-1")
    [found] = roster_of(bureau, "hh-1").values()
    assert (found.id, found.name, found.role, found.badge) == ("t-1", "Name of t-1", "technician", "B-1")
    assert opens(found, PIN)
    assert not opens(found, "4822")


def test_the_pin_itself_is_nowhere_in_the_ledger(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    add(bureau, "t-1", "80417263")
    with reading(bureau.engine) as connection:
        names = ("people", "documents", "snapshots", "technicians")
        rows = [row for name in names for row in connection.execute(text(f"SELECT * FROM {name}"))]
    assert rows
    for value in (cell for row in rows for cell in row):
        assert "80417263" not in (value if isinstance(value, str) else repr(value))


def test_a_handheld_knows_its_own_people_and_the_supervisors_and_nobody_else(bureau: Bureau) -> None:
    for device, who in (("hh-1", "t-1"), ("hh-2", "t-2")):
        bureau.enrol(device, who)
        add(bureau, who)
    add(bureau, "s-1", role=SUPERVISOR)
    assert list(roster_of(bureau, "hh-1")) == ["t-1", "s-1"]
    assert list(roster_of(bureau, "hh-2")) == ["t-2", "s-1"]
    people.change(bureau.gateway, "s-1", OPERATOR, role="technician")
    assert [list(roster_of(bureau, device)) for device in ("hh-1", "hh-2")] == [["t-1"], ["t-2"]]


def test_a_handheld_without_people_still_opens_for_supervisors(bureau: Bureau) -> None:
    add(bureau, "s-1", role=SUPERVISOR)
    bureau.enrol("hh-1")
    assert list(roster_of(bureau, "hh-1")) == ["s-1"]


def test_carrying_another_handheld_moves_the_person_from_one_roster_to_the_other(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    bureau.enrol("hh-2")
    add(bureau, "t-1")
    assert set(bind(bureau.gateway, "t-1", "hh-2")) == {"hh-1", "hh-2"}
    assert (list(roster_of(bureau, "hh-1")), list(roster_of(bureau, "hh-2"))) == ([], ["t-1"])


def test_another_pin_replaces_the_one_before_and_says_nothing_twice(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    add(bureau, "t-1")
    assert people.set_pin(bureau.gateway, "t-1", "9035", OPERATOR, CHEAP) == ("hh-1",)
    found = roster_of(bureau, "hh-1")["t-1"]
    assert opens(found, "9035")
    assert not opens(found, PIN)
    assert people.tell_everybody(bureau.gateway) == ()


def test_who_has_left_is_on_no_roster_and_may_come_back(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1", "t-2")
    add(bureau, "t-1")
    add(bureau, "t-2")
    assert people.remove(bureau.gateway, "t-1", OPERATOR) == ("hh-1",)
    assert list(roster_of(bureau, "hh-1")) == ["t-2"]
    add(bureau, "t-1", "9035")
    assert opens(roster_of(bureau, "hh-1")["t-1"], "9035")


def test_somebody_who_was_only_ever_bound_is_there_without_a_pin(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1", "t-2")
    add(bureau, "t-1")
    assert roster_of(bureau, "hh-1")["t-2"].pin is None


@pytest.mark.parametrize(
    ("who", "digits", "badge", "code"),
    [
        ("t-1", PIN, None, "person_known"),
        ("t-2", "1111", None, "pin_unfit"),
        ("t-2", "3456", None, "pin_unfit"),
        ("t-2", "9876", None, "pin_unfit"),
        ("t-2", "123", None, "pin_unfit"),
        ("t-2", "48a1", None, "pin_unfit"),
        ("t-2", "\u0664\u0668\u0662\u0661", None, "pin_unfit"),
        ("t-2", PIN, "B-1", "badge_taken"),
        ("t-2", PIN, "t-1", "badge_taken"),
        ("", PIN, None, "bad_person"),
        ("t\n2", PIN, None, "bad_person"),
        ("t-2", PIN, "B\x1d2", "bad_person"),
    ],
)
def test_what_does_not_fit_is_refused_and_stored_nowhere(
    bureau: Bureau, who: str, digits: str, badge: str | None, code: str
) -> None:
    add(bureau, "t-1", badge="B-1")
    with pytest.raises(JobsealError) as refused:
        add(bureau, who, digits, badge=badge)
    assert (refused.value.code, refused.value.fault) == (code, "operator")
    with reading(bureau.engine) as connection:
        assert [known.technician for known in stored.everybody(connection)] == ["t-1"]


@pytest.mark.parametrize("act", ["change", "pin", "remove"])
def test_nobody_can_be_changed_who_is_not_there(bureau: Bureau, act: str) -> None:
    acts = {
        "change": lambda: people.change(bureau.gateway, "t-9", OPERATOR, name="X"),
        "pin": lambda: people.set_pin(bureau.gateway, "t-9", PIN, OPERATOR, CHEAP),
        "remove": lambda: people.remove(bureau.gateway, "t-9", OPERATOR),
    }
    with pytest.raises(JobsealError) as refused:
        acts[act]()
    assert refused.value.code == "person_unknown"


def test_a_badge_may_be_taken_off_and_given_to_somebody_else(bureau: Bureau) -> None:
    add(bureau, "t-1", badge="B-1")
    people.change(bureau.gateway, "t-1", OPERATOR, badge="")
    add(bureau, "t-2", badge="B-1")


def test_every_fact_names_who_said_it(bureau: Bureau) -> None:
    add(bureau, "t-1")
    people.set_pin(bureau.gateway, "t-1", "9035", "ms-huber", CHEAP)
    with reading(bureau.engine) as connection:
        said = connection.execute(text("SELECT person FROM people ORDER BY id")).scalars().all()
    assert said == [OPERATOR, "ms-huber"]


def test_a_roster_with_more_people_than_fit_keeps_those_who_carry_the_handheld(bureau: Bureau) -> None:
    bureau.enrol("hh-1", "t-1")
    add(bureau, "t-1")
    name = "\U0001f600" * 160
    with writing(bureau.engine) as connection:
        for number in range(ROSTER_MAX + 40):
            row = Known(f"s-{number:03}", name, SUPERVISOR, name[:64], None, HERE, 0, OPERATOR)
            stored.say(connection, row)
        document = rosters.document(connection, assignments.carriers(connection, "hh-1"))
        assert assignments.carriers(connection, "hh-1") == ["t-1"]
    assert document is not None
    assert len(document) <= DOCUMENT_MAX_BYTES
    assert [person.id for person in roster.decode(document)][:2] == ["t-1", "s-000"]


def test_a_pin_that_is_made_up_is_one_that_is_taken() -> None:
    for _ in range(200):
        made = people.new_pin()
        pin.check(made)
        assert len(made) == 6
