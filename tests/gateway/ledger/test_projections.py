"""Projections say what changed, can be dropped without touching anything else, and are marked to be folded again."""

from sqlalchemy import Engine, func, select

from jobseal_gateway.ledger import dirty, exceptions, feed, leaves, projections, schema
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.exceptions import Found
from jobseal_gateway.ledger.feed import News
from jobseal_gateway.ledger.folded import CARDS, RATINGS, Folded
from tests.gateway.ledger.ledger_rows import NOW_MS, act, job


def test_a_card_is_news_only_when_it_differs_from_the_one_before(engine: Engine) -> None:
    with writing(engine) as connection:
        job_id = job(connection)
        versions = [("on_site", b"one"), ("on_site", b"one"), ("on_site", b"two"), ("complete", b"two")]
        news = [CARDS.put(connection, Folded(job_id, *version)) for version in versions]

    assert news == [True, False, True, True]
    with reading(engine) as connection:
        assert CARDS.of_job(connection, job_id) == Folded(job_id, "complete", b"two")
        assert RATINGS.of_job(connection, job_id) is None


def test_cards_are_listed_by_job_and_counted_by_state(engine: Engine) -> None:
    with writing(engine) as connection:
        cards = [
            Folded(job(connection, f"WO-{index}"), state, b"card %d" % index)
            for index, state in enumerate(["on_site", "complete", "on_site"])
        ]
        for card in reversed(cards):
            CARDS.put(connection, card)

    with reading(engine) as connection:
        assert CARDS.after(connection, 0, 9) == cards
        assert CARDS.after(connection, cards[0].job_id, 1) == cards[1:2]
        assert CARDS.counts(connection) == {"complete": 1, "on_site": 2}


def test_a_jobs_exceptions_are_replaced_as_a_whole_and_keep_their_order(engine: Engine) -> None:
    first = Found("missing_stop", 1, 7, "error", "technician", True, "no stop")
    second = Found("missing_po", None, None, "warning", "office", False, "no PO")
    with writing(engine) as connection:
        job_id, other = job(connection, "WO-1"), job(connection, "WO-2")
        exceptions.replace(connection, job_id, [first])
        exceptions.replace(connection, other, [second])
        exceptions.replace(connection, job_id, [second, first])

    with reading(engine) as connection:
        assert exceptions.of_job(connection, job_id) == [second, first]
        assert exceptions.counts(connection) == {"missing_po": 2, "missing_stop": 1}
    with writing(engine) as connection:
        exceptions.replace(connection, job_id, [])
        assert exceptions.of_job(connection, job_id) == []


def test_dropping_projections_leaves_evidence_and_decisions_and_marks_every_job(engine: Engine) -> None:
    with writing(engine) as connection:
        ours, theirs = job(connection, "WO-1"), job(connection, "WO-2")
        leaves.append(connection, [act(0, ours)])
        feed.append(connection, [News("jobcard.changed", "WO-1", "{}", NOW_MS)])
        CARDS.put(connection, Folded(ours, "on_site", b"card"))
        RATINGS.put(connection, Folded(ours, "held", b"rating"))
        exceptions.replace(connection, ours, [Found("missing_po", None, None, "error", "office", True, "")])
        dirty.mark(connection, [ours], 1)

    with writing(engine) as connection:
        projections.drop(connection, NOW_MS)

    with reading(engine) as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in schema.metadata.sorted_tables
            if table.info["kind"] == schema.PROJECTION
        }
        assert counts == {"cards": 0, "ratings": 0, "exceptions": 0, "proofs": 0, "dirty_jobs": 2}
        assert leaves.between(connection, 0, 9) == [act(0, ours)]
        assert feed.last(connection) == 1
    with writing(engine) as connection:
        assert sorted(dirty.take(connection, 9)) == [ours, theirs]
