"""Scenarios: the shipped day is right, and every mistake in a written one is named at its place, all at once."""

import csv
from collections import Counter
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway.demo.scenario import Scenario, Step, parse
from jobseal_gateway.demo.scenario.verbs import BROKER, CORRECT, DEEDS, STRANGER
from jobseal_gateway.orders import parse_csv
from jobseal_gateway.pricing import parse_price_lists
from jobseal_gateway.problem import Problem

SHIPPED = files("jobseal_gateway.demo.scenario")
ORDERS = ("WO-1", "WO-2")
HEAD = """day 2026-03-05 Europe/Vienna pace 700
handheld HH-1 t-11
handheld HH-2 t-12
clone HH-9 of HH-1
visit small $part
  +0 accept
  +5 use $part 1 each
end
"""
FIRST_LINE = HEAD.count("\n") + 1


def parsed(text: str) -> Scenario:
    scenario, problems = parse(text.encode(), "day", ORDERS)
    assert scenario is not None, problems
    return scenario


def mistakes(text: str) -> list[Problem]:
    scenario, problems = parse(text.encode(), "day", ORDERS)
    assert scenario is None
    return problems


@pytest.fixture(scope="module")
def shipped() -> Scenario:
    orders, _ = parse_csv((SHIPPED / "orders.csv").read_bytes())
    scenario, problems = parse((SHIPPED / "day.scenario").read_bytes(), "day.scenario", [order.id for order in orders])
    assert problems == []
    assert scenario is not None
    return scenario


def test_the_shipped_day_has_three_handhelds_a_clone_forty_orders_and_six_hundred_events(shipped: Scenario) -> None:
    orders, wrong = parse_csv((SHIPPED / "orders.csv").read_bytes())
    prices, more = parse_price_lists((SHIPPED / "prices.csv").read_bytes())
    assert wrong == more == []
    assert len(shipped.handhelds) == 3
    assert list(shipped.clones) == ["HH-4"]
    assert len(orders) >= 40
    assert len(prices) == 1
    honest = [step for step in shipped.steps if step.actor in shipped.handhelds]
    assert sum(step.verb in DEEDS or step.verb == CORRECT for step in honest) >= 600


def test_the_shipped_day_has_all_that_a_day_is_meant_to_survive(shipped: Scenario) -> None:
    verbs = {(step.actor, step.verb) for step in shipped.steps}
    assert {verb for actor, verb in verbs if actor == STRANGER} == {"noise", "forgery", "unknown", "borrowed"}
    assert (BROKER, "killed") in verbs
    assert ("HH-3", "copied") in verbs
    everything = {verb for _, verb in verbs}
    assert {"offline", "online", "crash", "set-clock", CORRECT, "reopen", "cancel", "photo", "wait"} <= everything
    workers: dict[str | None, set[str]] = {}
    for step in shipped.steps:
        if step.verb == "complete" and step.actor in shipped.handhelds:
            workers.setdefault(step.job, set()).add(step.actor)
    assert max(len(actors) for actors in workers.values()) == 2
    assert max(Counter((step.job, step.verb) for step in shipped.steps).values()) > 1


def test_the_shipped_day_fits_its_minute(shipped: Scenario) -> None:
    length_s = (shipped.steps[-1].minute - shipped.steps[0].minute) * 60 / shipped.day.pace
    assert length_s <= 60  # what is left of ninety seconds is for starting, settling and counting


def test_every_technician_of_the_shipped_orders_carries_a_handheld(shipped: Scenario) -> None:
    rows = csv.DictReader((SHIPPED / "orders.csv").read_text("utf-8").splitlines())
    assert {person for row in rows for person in row["technicians"].split("|")} == set(shipped.handhelds.values())


def test_a_visit_is_written_out_with_its_job_and_values_at_its_minutes() -> None:
    scenario = parsed(HEAD + "08:10 HH-1 small WO-1 FLT-10\n")
    assert scenario.of("HH-1") == [
        Step(490, "HH-1", "accept", "WO-1", {}, 6),
        Step(495, "HH-1", "use", "WO-1", {"source": "van", "code": "FLT-10", "quantity": "1", "unit": "each"}, 9),
    ]


def test_steps_of_all_come_in_the_order_of_the_day_and_as_written_where_times_agree() -> None:
    scenario = parsed(HEAD + "08:12 HH-2 login\n08:10 HH-1 small WO-1 F\n08:12 HH-1 note WO-1 x\n08:10 broker killed\n")
    said = [(step.minute, step.actor, step.verb) for step in scenario.steps]
    assert said == [
        (490, "HH-1", "accept"),
        (490, "broker", "killed"),
        (492, "HH-2", "login"),
        (492, "HH-1", "note"),
        (495, "HH-1", "use"),
    ]


def test_a_text_in_quotes_is_one_word_and_a_remark_is_none() -> None:
    scenario = parsed(HEAD + '08:00 HH-1 note WO-1 "ring twice # at the gate" # not said\n')
    assert scenario.of("HH-1")[0].fields == {"note": "ring twice # at the gate"}


def test_a_correction_names_what_it_corrects_and_what_is_new() -> None:
    step = parsed(HEAD + "09:00 HH-1 correct WO-1 use FLT-10 quantity=2 reason=2\n").of("HH-1")[0]
    assert (step.verb, step.about) == (CORRECT, ("use", "FLT-10"))
    assert step.fields == {"quantity": "2", "reason": "2"}


MISTAKES = {
    "25:00 HH-1 login": (1, "bad_time"),
    "8:00 HH-1 login": (1, "bad_time"),
    "sometimes HH-1 login": (1, "unknown_word"),
    "08:00 HH-1": (1, "missing_argument"),
    "08:00 HH-7 login": (7, "unknown_actor"),
    "08:00 HH-1 sing WO-1": (12, "unknown_verb"),
    "08:00 broker sings": (14, "unknown_verb"),
    "08:00 HH-1 accept WO-3": (19, "unknown_order"),
    "08:00 HH-1 accept": (12, "missing_argument"),
    "08:00 HH-1 small WO-1": (12, "missing_argument"),
    "08:00 HH-1 start WO-1": (12, "missing_argument"),
    "08:00 HH-1 start WO-1 FIT now": (27, "extra_argument"),
    "08:00 HH-1 use WO-1 FLT-10 many each": (12, "bad_value"),
    "08:00 HH-1 wait WO-1 lunch": (12, "bad_value"),
    "08:00 HH-1 arrive WO-1 colour=red": (12, "unknown_field"),
    '08:00 HH-1 note WO-1 "no end': (22, "unterminated_quote"),
    "08:00 HH-1 correct WO-1 sing": (25, "unknown_verb"),
    "08:00 HH-1 correct WO-1 use FLT-10 colour=red": (25, "unknown_field"),
    "08:00 HH-1 set-clock much": (22, "bad_value"),
    "08:00 HH-1 set-clock": (12, "missing_argument"),
    "08:00 HH-2 copied HH-9": (19, "unknown_actor"),
    "08:00 stranger noise HH-9": (22, "unknown_actor"),
    "23:58 HH-1 small WO-1 F": (12, "bad_time"),
    "handheld HH-1 t-13": (10, "duplicate_name"),
    "handheld HH-3": (1, "bad_value"),
    "clone HH-8 of HH-7": (15, "unknown_actor"),
    "unplanned WO-1": (11, "duplicate_name"),
    "day 2026-03-06 Europe/Vienna pace 700": (1, "duplicate_name"),
    "visit accept": (7, "duplicate_name"),
    "visit large part": (13, "bad_value"),
}


@pytest.mark.parametrize(("line", "expected"), MISTAKES.items())
def test_a_mistake_is_named_at_its_line_and_column(line: str, expected: tuple[int, str]) -> None:
    text = HEAD + line + ("\nend\n" if line.startswith("visit") else "\n")
    assert [(each.line, each.column, each.code) for each in mistakes(text)] == [(FIRST_LINE, *expected)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("handheld HH-1 t-11\n", (None, None, "missing_day")),
        ("day 2026-02-30 Europe/Vienna pace 700\n", (1, 5, "bad_value")),
        ("day 2026-03-05 Europe/Wien pace 700\n", (1, 16, "unknown_time_zone")),
        ("day 2026-03-05 Europe/Vienna pace 0\n", (1, 35, "bad_value")),
        (HEAD + "visit open\n  +0 accept\n", (FIRST_LINE, 7, "unfinished_visit")),
        (HEAD + "visit v\n  +5 accept\n  +4 arrive\nend\n", (FIRST_LINE + 2, 3, "time_backwards")),
        (HEAD + "visit v\n  +5 login\nend\n", (FIRST_LINE + 1, 6, "unknown_verb")),
        (HEAD + "visit v\n  soon accept\nend\n", (FIRST_LINE + 1, 3, "bad_time")),
        (HEAD + "visit v $a\n  +5 note $b\nend\n", (FIRST_LINE + 1, 11, "unknown_name")),
        (HEAD + "08:00 HH-1 login\n07:59 HH-1 logout\n", (FIRST_LINE + 1, 1, "time_backwards")),
        (HEAD + "08:00 HH-1 small WO-1 F\n08:04 HH-1 small WO-2 F\n", (FIRST_LINE + 1, 12, "overlapping_visits")),
    ],
)
def test_a_mistake_in_the_whole_is_named_where_it_shows(text: str, expected: tuple[int | None, int, str]) -> None:
    assert [(each.line, each.column, each.code) for each in mistakes(text)] == [expected]


def test_all_mistakes_are_named_at_once_from_the_top_to_the_end() -> None:
    text = HEAD + "08:00 HH-7 login\n08:00 HH-1 accept WO-3\n07:00 HH-1 sing\n"
    found = [(each.line, each.code) for each in mistakes(text)]
    assert found == [
        (FIRST_LINE, "unknown_actor"),
        (FIRST_LINE + 1, "unknown_order"),
        (FIRST_LINE + 2, "time_backwards"),
        (FIRST_LINE + 2, "unknown_verb"),
    ]


def test_a_wrong_value_in_a_visit_is_wrong_where_the_visit_is_called() -> None:
    text = HEAD.replace("+5 use $part 1 each", "+5 use FLT-10 $part each") + "08:00 HH-1 small WO-1 many\n"
    assert [(each.line, each.column, each.code) for each in mistakes(text)] == [(FIRST_LINE, 12, "bad_value")]


WORDS = ["day", "visit", "end", "08:00", "+3", "HH-1", "broker", "use", "WO-1", "$a", '"', "x=1", "#", "\n", "correct"]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=40), st.booleans())
def test_whatever_is_written_ends_in_steps_or_in_problems_of_lines_that_are_there(said: list[str], begun: bool) -> None:
    text = (HEAD if begun else "") + " ".join(said)
    scenario, problems = parse(text.encode(), "day", ORDERS)
    assert (scenario is None) == bool(problems)
    lines = text.splitlines()
    for each in problems:
        if each.line is not None and each.column is not None:
            assert 1 <= each.column <= len(lines[each.line - 1])
