"""The feed over HTTP: every position once, in order, at once when there is news, and the data to the byte."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import httpx
import pytest
from sqlalchemy import Engine

from jobseal_gateway.ledger import feed
from jobseal_gateway.ledger.database import writing
from jobseal_gateway.ledger.feed import News
from jobseal_gateway.news import WEB, Bell
from tests.field import Office
from tests.gateway.api.billing import Billing

AT_MS = 1_790_000_000_123
MEDIA_TYPE = "application/cloudevents-batch+json"


def say(engine: Engine, *subjects: str, data: str = '{"n":1}') -> None:
    with writing(engine) as connection:
        feed.append(connection, [News("jobcard.changed", subject, data, AT_MS) for subject in subjects])


def subjects(answer: httpx.Response) -> list[str]:
    return [event["subject"] for event in answer.json()]


def in_background(ask: Callable[[], httpx.Response]) -> tuple[threading.Thread, list[tuple[httpx.Response, float]]]:
    """Ask in a thread; (the thread, a list that gets the answer and when it came)."""
    answers: list[tuple[httpx.Response, float]] = []
    thread = threading.Thread(target=lambda: answers.append((ask(), time.monotonic())))
    thread.start()
    return thread, answers


def test_an_entry_is_a_cloudevent_whose_data_is_what_was_written_to_the_byte(office: Office, billing: Billing) -> None:
    data = '{"b":1,  "a":"\\u00e9 \N{LATIN SMALL LETTER E WITH ACUTE}","total":"10.50"}'
    say(office.engine, 'WO "1" \N{SNOWMAN}', data=data)

    answer = billing.get("/v1/feed")

    assert answer.headers["content-type"] == MEDIA_TYPE
    assert f'"data":{data}'.encode() in answer.content
    [event] = answer.json()
    assert datetime.fromisoformat(event.pop("time")).timestamp() * 1000 == AT_MS
    assert event == {
        "specversion": "1.0",
        "id": "1",
        "source": f"urn:jobseal:log:{office.station.keys.log_id.hex()}",
        "type": "jobcard.changed",
        "subject": 'WO "1" \N{SNOWMAN}',
        "sequence": "00000000000000000001",
        "datacontenttype": "application/json",
        "data": json.loads(data),
    }


def test_a_consumer_that_follows_the_cursor_sees_everything_once_and_in_order(office: Office, billing: Billing) -> None:
    say(office.engine, *(f"WO-{number}" for number in range(47)))
    seen, after, pages = [], "0", 0
    while events := (answer := billing.get("/v1/feed", after=after)).json():
        seen += [int(event["id"]) for event in events]
        assert len(events) <= 20, "the settings' bound on a page holds by default"
        assert answer.headers["jobseal-feed-next"] == events[-1]["id"]
        assert answer.headers["link"] == f'</v1/feed?after={events[-1]["id"]}>; rel="next"'
        after = events[-1]["sequence"]  # works as well as the id
        pages += 1
    assert seen == list(range(1, 48))
    assert pages == 3
    assert answer.headers["jobseal-feed-next"] == "47", "where there is nothing new the cursor stays"


def test_a_page_holds_what_was_asked_for_up_to_the_settings_bound(office: Office, billing: Billing) -> None:
    say(office.engine, *map(str, range(25)))
    given = {limit: len(billing.get("/v1/feed", limit=limit).json()) for limit in (1, 3, 20, 21, 10_000)}
    assert given == {1: 1, 3: 3, 20: 20, 21: 20, 10_000: 20}


@pytest.fixture
def no_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API does not look by itself: it hears of news by being rung, or not at all."""
    monkeypatch.setattr("jobseal_gateway.api.watch.LOOK_EVERY_S", 3_600.0)


@pytest.mark.usefixtures("no_looks")
def test_who_waits_is_answered_the_moment_that_news_is_rung(office: Office, billing: Billing) -> None:
    thread, answers = in_background(lambda: billing.get("/v1/feed", wait=15))
    time.sleep(0.3)
    assert answers == []
    say(office.engine, "WO-1")
    committed_at = time.monotonic()
    with closing(Bell(office.folder / "data" / "run" / WEB)) as bell:
        bell.ring()
    thread.join()

    [(answer, answered_at)] = answers
    assert subjects(answer) == ["WO-1"]
    assert answered_at - committed_at < 3, "long before the end of the wait"


def test_who_waits_is_answered_even_if_the_ring_was_lost(office: Office, billing: Billing) -> None:
    thread, answers = in_background(lambda: billing.get("/v1/feed", wait=15))
    time.sleep(0.1)
    say(office.engine, "WO-1")
    asked_at = time.monotonic()
    thread.join()
    assert subjects(answers[0][0]) == ["WO-1"]
    assert answers[0][1] - asked_at < 3


@pytest.mark.usefixtures("no_looks")
def test_nothing_is_missed_while_news_comes_faster_than_it_is_read(office: Office, billing: Billing) -> None:
    def write() -> None:
        with closing(Bell(office.folder / "data" / "run" / WEB)) as bell:
            for number in range(60):
                say(office.engine, str(number))
                bell.ring()

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[int] = []
    while len(seen) < 60:
        answer = billing.get("/v1/feed", after=seen[-1] if seen else 0, wait=5)
        assert answer.json(), "the wait ended without news, although there was some"
        seen += [int(event["id"]) for event in answer.json()]
    writer.join()
    assert seen == list(range(1, 61))


def test_a_wait_without_news_ends_with_an_empty_batch(billing: Billing) -> None:
    asked_at = time.monotonic()
    answer = billing.get("/v1/feed", wait=0.3)
    assert answer.json() == []
    assert 0.3 <= time.monotonic() - asked_at < 2


def test_what_is_there_is_answered_without_waiting(office: Office, billing: Billing) -> None:
    say(office.engine, "WO-1")
    asked_at = time.monotonic()
    assert subjects(billing.get("/v1/feed", wait=20)) == ["WO-1"]
    assert time.monotonic() - asked_at < 2


def test_a_cursor_from_another_gateway_is_told_and_not_silently_followed(office: Office, billing: Billing) -> None:
    say(office.engine, "WO-1", "WO-2")
    answer = billing.get("/v1/feed", after=3, wait=5)
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["last"]) == ("cursor_ahead", 2)
    assert billing.get("/v1/feed", after=2).json() == []


NONSENSE: list[tuple[str, str | int | float]] = [
    ("after", -1),
    ("after", "x"),
    ("after", ""),
    ("after", 1.5),
    ("after", 2**63),
    ("limit", 0),
    ("wait", -1),
    ("wait", "nan"),
    ("wait", "inf"),
]


def test_a_question_that_makes_no_sense_is_named(billing: Billing) -> None:
    for name, value in NONSENSE:
        answer = billing.get("/v1/feed", **{name: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid"), (name, value)
        assert [mistake["place"] for mistake in answer.json()["mistakes"]] == [f"query.{name}"]


def test_a_job_that_is_done_shows_up_changed_and_then_released(billing: Billing, released: str) -> None:
    events = billing.get("/v1/feed").json()
    assert [event["type"] for event in events][-2:] == ["jobcard.changed", "record.released"]
    assert events[-1]["data"]["record"] == released
    assert billing.get(f"/v1/records/{released}").json()["digest"] == events[-1]["data"]["digest"]
